from protocols import ChildResult, CountChildren, SendText, StartChild, TerminateChild
from supervision import DynamicSupervisor, SimRuntime
from supervision.core import DynamicFlags, dynamic_machine_from_wire
from support.supervised import dynamic_supervisor, worker


def test_it_runs_the_dynamic_machine() -> None:
    args = dynamic_supervisor("jobs", DynamicFlags(max_children=3)).args
    assert DynamicSupervisor.make_machine(args, "uid") == dynamic_machine_from_wire(args, uid="uid")


def test_children_come_and_go_by_calls() -> None:
    with SimRuntime(seed=1) as sim:
        tree = dynamic_supervisor("jobs", DynamicFlags(max_children=2))
        jobs = sim.start(tree.actor, tree.args, actor_id="jobs")
        start = StartChild(spec=worker("job").to_wire())
        first = sim.ask(jobs, start)
        second = sim.ask(jobs, start)
        assert isinstance(first, ChildResult)
        assert isinstance(second, ChildResult)
        assert first.ref
        assert second.ref
        assert sim.ask(jobs, start) == ChildResult(result="error:max_children")
        sim.send(first.ref, SendText(command_id="1", text="error:boom"))
        sim.run_until(lambda: first.ref is not None and not sim.is_alive(first.ref))
        sim.settle()
        assert sim.ask(jobs, TerminateChild(child_id="", uid=second.ref.uid)) == ChildResult(result="ok")
        assert sim.ask(jobs, TerminateChild(child_id="", uid=second.ref.uid)) == ChildResult(result="error:not_found")
        assert str(sim.ask(jobs, CountChildren())) == "ChildCounts(specs=1, active=1, supervisors=0, workers=1)"
