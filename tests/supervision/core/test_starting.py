import pytest

from protocols import RestartChild, StartChild, StopSupervisor, TerminateChild
from supervision.core import Restart, Strategy
from supervision.core import effects as do
from supervision.core import events as on
from support.machines import CRASH, KILLED, SHUTDOWN, Bench, dynamic, spec, static


def fail(bench: Bench, why: str = "init_failed") -> list[do.Effect]:
    return bench.feed(on.ChildStartFailed(bench.starting, why))


def test_one_after_the_other_each_awaited() -> None:
    bench = static("a", "b")
    assert bench.feed(on.Boot()) == [do.SpawnChild("s.1", "a", spec("a"), 1), do.ArmTimer(on.StartTimer("s.1"), 30_000)]
    wanted = bench.feed(on.ChildStarted("s.1"))
    assert wanted[:3] == [do.CancelTimer(on.StartTimer("s.1")), do.ChildUp("a", "s.1", spec("a")), do.SpawnChild("s.2", "b", spec("b"), 1)]
    assert bench.feed(on.ChildStarted("s.2"))[-1] == do.Ready()
    assert bench.running == ["a#1", "b#1"]


def test_a_supervisor_may_take_its_time() -> None:
    nested = spec("a", type="supervisor")
    bench = static(nested)
    assert bench.feed(on.Boot()) == [do.SpawnChild("s.1", "a", nested, 1)]
    assert bench.feed(on.ChildStarted("s.1")) == [do.ChildUp("a", "s.1", nested), do.Ready()]


def test_a_failed_start_fails_the_boot() -> None:
    bench = static("a", "b", "c")
    bench.feed(on.Boot(), on.ChildStarted("s.1"))
    bench.effects.clear()
    fail(bench)
    assert bench.steps == ["-a#1"]
    assert bench.end("a", SHUTDOWN)[-1] == do.FailStart("shutdown:failed_to_start_child:b:init_failed")
    assert bench.machine.state.ended == "shutdown:failed_to_start_child:b:init_failed"


def test_an_ignored_child_fails_nothing() -> None:
    bench = static("a", spec("b", restart=Restart.TEMPORARY), "c")
    bench.feed(on.Boot(), on.ChildIgnored("s.1"), on.ChildIgnored("s.2"))
    assert bench.statuses == {"a": "down", "c": "down"}
    assert bench.start_all().running == ["c#1"]


@pytest.mark.parametrize("strategy", Strategy)
def test_a_failed_restart_is_tried_again_behind_the_mailbox(strategy: Strategy) -> None:
    bench = static("a", "b", strategy=strategy).boot()
    bench.end("b")
    while bench.stopping:
        bench.end("a", SHUTDOWN)
    if strategy is Strategy.ONE_FOR_ALL:
        bench.feed(on.ChildStarted(bench.starting))
    assert fail(bench)[-1] == do.SendSelf(on.Retry("b"))
    assert bench.statuses["b"] == "restarting"
    bench.feed(on.Retry("b"))
    bench.run()
    assert len(bench.running) == 2
    assert len(bench.machine.state.intensity.restarts) == 2


def test_a_new_child_that_fails_is_not_kept() -> None:
    for bench in (static().boot(), dynamic().boot()):
        bench.call(StartChild(spec=spec("a").to_wire()))
        fail(bench)
        assert bench.answers() == [do.Outcome("error:init_failed")]
        assert bench.statuses == {}
        assert [forgotten.key for forgotten in bench.wanted(do.ForgetChild)] == ["a"]


def test_each_start_knows_what_ended_the_one_before() -> None:
    bench = static("a").boot()
    bench.end("a", KILLED)
    fail(bench, "error:no disk")
    bench.feed(on.Retry("a"), on.ChildStarted("s.3"), on.ChildExited("s.3", SHUTDOWN))
    assert [spawn.last_exit for spawn in bench.wanted(do.SpawnChild)] == ["", "killed", "error:no disk", "shutdown"]


def test_a_known_child_that_fails_stays_down() -> None:
    bench = static("a").boot()
    bench.call(TerminateChild(child_id="a"), "stop")
    bench.end("a", SHUTDOWN)
    bench.call(RestartChild(child_id="a"))
    fail(bench, "error:raise")
    assert bench.answers() == [do.Outcome("error:error:raise")]
    assert bench.statuses == {"a": "down"}
    assert bench.machine.state.intensity.restarts == ()


def test_a_start_that_takes_too_long_is_killed_and_has_failed() -> None:
    bench = static("a").boot()
    bench.end("a")
    uid = bench.starting
    assert bench.feed(on.TimerFired(on.StartTimer(uid))) == [do.KillChild(uid)]
    fail(bench, "killed")
    assert bench.statuses == {"a": "restarting"}
    bench = static(spec("a", start_timeout_ms=10))
    bench.feed(on.Boot(), on.TimerFired(on.StartTimer("s.1")))
    assert fail(bench, "killed")[-1] == do.FailStart("shutdown:failed_to_start_child:a:timeout")


def test_a_child_that_came_up_at_the_last_moment_is_killed_first() -> None:
    bench = static("a")
    bench.feed(on.Boot(), on.TimerFired(on.StartTimer("s.1")))
    assert bench.feed(on.ChildStarted("s.1")) == [do.KillChild("s.1")]
    assert bench.feed(on.ChildExited("s.1", KILLED))[-1] == do.FailStart("shutdown:failed_to_start_child:a:timeout")


def test_a_child_that_is_ignored_at_the_last_moment_is_ignored() -> None:
    bench = static("a")
    bench.feed(on.Boot(), on.TimerFired(on.StartTimer("s.1")), on.ChildIgnored("s.1"))
    assert bench.statuses == {"a": "down"}


def test_a_start_that_ends_without_an_answer_has_failed() -> None:
    bench = static("a")
    bench.feed(on.Boot())
    assert bench.feed(on.ChildExited("s.1", CRASH))[-1] == do.FailStart("shutdown:failed_to_start_child:a:error:boom")


def test_answers_that_nobody_waits_for() -> None:
    bench = static("a", "b").boot()
    before = bench.machine
    assert bench.feed(on.ChildIgnored("x"), on.ChildStartFailed("x", "late"), on.TimerFired(on.StartTimer("x"))) == []
    assert bench.machine == before
    assert bench.feed(on.ChildStarted("x")) == [do.KillChild("x")]
    bench.end("a")
    assert bench.feed(on.ChildIgnored("x"), on.ChildStartFailed("x", "late"), on.TimerFired(on.StartTimer("x"))) == []
    assert bench.feed(on.ChildStarted("x")) == [do.KillChild("x")]


def test_a_stop_waits_for_the_start() -> None:
    bench = static("a", "b").boot()
    bench.end("b")
    bench.call(StopSupervisor())
    assert bench.stopping == set()
    bench.run()
    assert bench.steps[-3:] == ["+b#2", "-b#2", "-a#1"]
