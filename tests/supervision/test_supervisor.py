from supervision import SimRuntime, Supervisor
from supervision.core import supervisor_machine_from_wire
from support.supervised import supervisor, worker


def test_it_runs_the_static_machine() -> None:
    args = supervisor("root", worker("a")).args
    assert Supervisor.make_machine(args, "uid") == supervisor_machine_from_wire(args, uid="uid")


def test_children_start_in_order_and_stop_in_reverse() -> None:
    with SimRuntime(seed=1) as sim:
        tree = supervisor("root", worker("a"), worker("b"), supervisor("s", worker("c")))
        sim.start(tree.actor, tree.args, actor_id="root")
    started = [text for text in sim.trace.texts() if text.startswith("started")]
    ended = [text.split()[1] for text in sim.trace.texts() if text.startswith("exit")]
    assert started == ["started a#1", "started b#1", "started c#1", "started s#1", "started root#1"]
    assert ended == ["c#1", "s#1", "b#1", "a#1", "root#1"]
