from typing import Any

import pytest

from protocols import ChildCounts, CountChildren, DeleteChild, InvalidSpecError, RestartChild, StartChild, TerminateChild, WhichChildren
from supervision.core import (
    AutoShutdown,
    Backoff,
    ChildType,
    Restart,
    Strategy,
    SupervisorFlags,
    supervisor_args,
    supervisor_machine,
    supervisor_machine_from_wire,
)
from supervision.core import effects as do
from supervision.core import events as on
from supervision.core.effects import ChildRow, Listing, Outcome
from support.machines import CRASH, NORMAL, SHUTDOWN, Bench, spec, static

DONE = spec("done", restart=Restart.TRANSIENT)


def significant(child_id: str, restart: Restart = Restart.TRANSIENT) -> Any:
    return spec(child_id, restart=restart, significant=True)


def test_it_travels_as_the_arguments_of_its_own_specification() -> None:
    flags = SupervisorFlags(strategy=Strategy.REST_FOR_ONE, backoff=Backoff(initial_ms=1, max_ms=2))
    specs = [spec("a"), spec("b", restart=Restart.TEMPORARY)]
    made = supervisor_machine_from_wire(spec("s", args=supervisor_args(flags, specs)).args, uid="s")
    assert made == supervisor_machine(flags, specs, uid="s")
    assert made.rules.backoff == flags.backoff


def test_the_least_arguments() -> None:
    assert supervisor_machine_from_wire({}, uid="s") == supervisor_machine(SupervisorFlags(), [], uid="s")


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (None, "supervisor_data:invalid_args:None"),
        ({"colour": 1}, "supervisor_data:invalid_args:colour"),
        ({"flags": {"max_restarts": -1}}, "supervisor_data:invalid_intensity:-1"),
        ({"children": 5}, "start_spec:invalid_children:5"),
        ({"children": [{"id": "a"}]}, "start_spec:missing_actor"),
        ({"children": [spec("a").to_wire(), spec("a").to_wire(), "junk"]}, "start_spec:duplicate_child_name:a"),
        ({"children": [significant("a").to_wire()]}, "start_spec:bad_combination:auto_shutdown=never,significant=true"),
    ],
)
def test_what_describes_no_supervisor(args: Any, reason: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        supervisor_machine_from_wire(args, uid="s")
    assert caught.value.reason == reason


def test_children_that_may_not_live_together_are_refused_where_they_are_named() -> None:
    with pytest.raises(InvalidSpecError):
        supervisor_args(SupervisorFlags(), [spec("a"), spec("a")])
    with pytest.raises(InvalidSpecError):
        supervisor_machine(SupervisorFlags(), [significant("a")], uid="s")


def test_start_child() -> None:
    bench = static("a", DONE).boot()
    bench.end("done", NORMAL)
    bench.call(StartChild(spec=spec("b").to_wire()), "new")
    bench.start_all()
    bench.call(StartChild(spec=spec("a").to_wire()), "running")
    bench.call(StartChild(spec=DONE.to_wire()), "present")
    bench.call(StartChild(spec=spec("c").to_wire() | {"shutdown": -5}), "wrong")
    assert bench.answers("new") == [Outcome("ok", bench.uid("b"))]
    assert bench.answers("running") == [Outcome("error:already_started", bench.uid("a"))]
    assert bench.answers("present") == [Outcome("error:already_present")]
    assert bench.answers("wrong") == [Outcome("error:invalid_shutdown:-5")]
    assert list(bench.statuses) == ["a", "done", "b"]


@pytest.mark.parametrize(("restart", "left"), [(Restart.TRANSIENT, {"b": "down"}), (Restart.TEMPORARY, {})])
def test_an_ignored_child_is_kept_unless_temporary(restart: Restart, left: dict[str, str]) -> None:
    bench = static().boot()
    bench.call(StartChild(spec=spec("b", restart=restart).to_wire()))
    bench.feed(on.ChildIgnored(bench.starting))
    assert bench.answers() == [Outcome("ok:undefined")]
    assert bench.statuses == left


def test_terminate_restart_and_delete_child() -> None:
    bench = static("a", "b").boot()
    results: list[Any] = []

    def call(request: Any) -> None:
        bench.call(request, str(len(results)))
        bench.run()
        results.append(bench.answers(str(len(results)))[0])

    call(RestartChild(child_id="a"))
    call(DeleteChild(child_id="a"))
    call(TerminateChild(child_id="a"))
    call(TerminateChild(child_id="a"))
    call(RestartChild(child_id="a"))
    call(TerminateChild(child_id="a"))
    call(DeleteChild(child_id="a"))
    call(RestartChild(child_id="a"))
    call(DeleteChild(child_id="a"))
    call(TerminateChild(child_id="a"))
    words = ["error:running", "error:running", "ok", "ok", "ok", "ok", "ok", "error:not_found", "error:not_found", "error:not_found"]
    assert [outcome.result for outcome in results] == words
    assert bench.running == ["b#1"]


def test_which_and_count_children() -> None:
    bench = static("a", spec("s", type=ChildType.SUPERVISOR, title="t"), DONE).boot()
    bench.end("done", NORMAL)
    bench.call(WhichChildren(), "which")
    bench.call(CountChildren(), "count")
    assert bench.answers("which") == [
        Listing(
            (
                ChildRow("done", "undefined", ChildType.WORKER, ""),
                ChildRow("s", "running", ChildType.SUPERVISOR, "t", bench.uid("s")),
                ChildRow("a", "running", ChildType.WORKER, "", bench.uid("a")),
            )
        )
    ]
    assert bench.answers("count") == [ChildCounts(specs=3, active=2, supervisors=1, workers=2)]


def test_a_death_that_was_not_looked_at_yet_is_not_counted_as_active() -> None:
    bench = static("a", "b").boot()
    bench.call(TerminateChild(child_id="b"), "stop")
    bench.call(CountChildren())
    bench.end("a")
    bench.end("b", SHUTDOWN)
    assert bench.answers() == [ChildCounts(specs=2, active=0, supervisors=0, workers=2)]


@pytest.mark.parametrize(
    ("auto_shutdown", "ends", "over"),
    [
        (AutoShutdown.NEVER, [], False),
        (AutoShutdown.ANY_SIGNIFICANT, ["x"], False),
        (AutoShutdown.ANY_SIGNIFICANT, ["a"], True),
        (AutoShutdown.ALL_SIGNIFICANT, ["a"], False),
        (AutoShutdown.ALL_SIGNIFICANT, ["a", "b"], True),
        (AutoShutdown.ALL_SIGNIFICANT, ["b", "a"], True),
    ],
)
def test_auto_shutdown(auto_shutdown: AutoShutdown, ends: list[str], over: bool) -> None:
    family = [] if auto_shutdown is AutoShutdown.NEVER else [significant("a"), significant("b", Restart.TEMPORARY)]
    bench = static(*family, spec("x", restart=Restart.TEMPORARY), auto_shutdown=auto_shutdown).boot()
    for child_id in ends:
        bench.end(child_id, NORMAL)
    bench.run()
    assert bool(bench.machine.state.ended) is over


def test_a_significant_child_that_is_restarting_is_not_gone() -> None:
    bench = static(significant("a"), significant("b"), auto_shutdown=AutoShutdown.ALL_SIGNIFICANT).boot()
    bench.end("a", CRASH)
    bench.feed(on.ChildStartFailed(bench.starting, "no"))
    bench.end("b", NORMAL)
    assert bench.statuses == {"a": "restarting", "b": "down"}
    bench.call(TerminateChild(child_id="a"))
    assert bench.machine.state.ended == ""


def test_without_auto_shutdown_no_end_is_significant() -> None:
    bench = static().boot()
    rules = supervisor_machine(SupervisorFlags(), [], uid="s").rules
    child = Bench(supervisor_machine(SupervisorFlags(auto_shutdown=AutoShutdown.ANY_SIGNIFICANT), [significant("a")], uid="t")).boot()
    assert not rules.ends_with(child.machine.state.children["a"], bench.machine.state.children)


def test_a_crash_that_is_restarted_triggers_nothing() -> None:
    bench = static(significant("a"), auto_shutdown=AutoShutdown.ANY_SIGNIFICANT).boot()
    bench.end("a", CRASH)
    assert bench.start_all().running == ["a#2"]


def test_what_it_may_not_start_is_refused() -> None:
    bench = static("a").boot()
    bench.call(StartChild(spec={**spec("b").to_wire(), "actor": "os:system"}))
    assert bench.answers() == [do.Outcome("error:not_allowed:os:system")]
