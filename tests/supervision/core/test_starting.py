import pytest

from protocols import RestartChild, StartChild, StopSupervisor, TerminateChild, WhichChildren
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


def acknowledge(bench: Bench) -> str:
    uid = bench.starting
    assert bench.feed(on.ChildAcknowledged(uid))[:1] != [do.KillChild(uid)]
    return uid


def test_a_start_that_is_acknowledged_holds_up_no_other() -> None:
    bench = dynamic().boot()
    bench.call(StartChild(spec=spec("slow").to_wire()), "slow")
    slow = acknowledge(bench)
    bench.call(StartChild(spec=spec("quick").to_wire()), "quick")
    quick = bench.starting
    bench.feed(on.ChildStarted(quick))
    assert (bench.answers("quick"), bench.answers("slow")) == ([do.Outcome("ok", quick)], [])
    bench.call(WhichChildren(), "which")
    assert [(row.id, row.state, row.uid) for row in bench.answers("which")[0].rows] == [  # type: ignore[union-attr]
        ("quick", "running", quick),
        ("slow", "starting", slow),
    ]
    bench.effects.clear()
    bench.feed(on.ChildStarted(slow))
    assert bench.answers("slow") == [do.Outcome("ok", slow)]
    assert bench.wanted(do.CancelTimer) == [do.CancelTimer(on.StartTimer(slow))]
    assert [up.uid for up in bench.wanted(do.ChildUp)] == [slow]


def test_a_boot_is_acknowledged_when_nobody_has_to_wait_and_over_when_all_are_up() -> None:
    bench = static("a", "b", "c")
    bench.feed(on.Boot(), on.ChildStarted("s.1"))
    acknowledge(bench)
    assert bench.wanted(do.Acknowledge) == []
    bench.feed(on.ChildStarted("s.3"))
    assert (bench.wanted(do.Acknowledge), bench.wanted(do.Ready)) == ([do.Acknowledge()], [])
    bench.feed(on.ChildStarted("s.2"))
    assert bench.wanted(do.Ready) == [do.Ready()]
    assert bench.running == ["a#1", "b#1", "c#1"]


@pytest.mark.parametrize("start_timeout_ms", [10, None])
def test_an_acknowledged_start_that_fails_fails_the_boot(start_timeout_ms: int | None) -> None:
    child = spec("b", type="supervisor", start_timeout_ms=start_timeout_ms)
    bench = static("a", child)
    bench.feed(on.Boot(), on.ChildStarted("s.1"))
    uid = acknowledge(bench)
    bench.feed(on.ChildStartFailed(uid, "error:no disk"))
    assert bench.end("a", SHUTDOWN)[-1] == do.FailStart("shutdown:failed_to_start_child:b:error:no disk")
    assert bench.wanted(do.ChildDown)[-1].key == "a"


def test_so_does_one_that_was_begun_anew_since() -> None:
    bench = static("a", "b", strategy=Strategy.REST_FOR_ONE)
    bench.feed(on.Boot(), on.ChildStarted("s.1"))
    uid = acknowledge(bench)
    bench.end("a")
    bench.feed(on.ChildExited(uid, SHUTDOWN), on.ChildStarted("s.3"))
    assert bench.wanted(do.Ready) == []
    uid = acknowledge(bench)
    bench.feed(on.ChildStartFailed(uid, "error:no disk"))
    assert bench.end("a", SHUTDOWN)[-1] == do.FailStart("shutdown:failed_to_start_child:b:error:no disk")


def test_an_acknowledged_start_that_fails_is_told_to_whoever_asked_for_it() -> None:
    bench = dynamic().boot()
    bench.call(StartChild(spec=spec("a").to_wire()))
    bench.feed(on.ChildStartFailed(acknowledge(bench), "error:no disk"))
    assert (bench.answers(), bench.statuses) == ([do.Outcome("error:error:no disk")], {})
    bench = static("a").boot()
    bench.call(TerminateChild(child_id="a"), "stop")
    bench.end("a", SHUTDOWN)
    bench.effects.clear()
    bench.call(RestartChild(child_id="a"))
    uid = acknowledge(bench)
    assert bench.call(StartChild(spec=spec("a").to_wire()), "again")[-1] == do.Reply("again", do.Outcome("error:already_started", uid))
    bench.feed(on.ChildStartFailed(uid, "error:no disk"))
    assert (bench.answers(), bench.statuses) == ([do.Outcome("error:error:no disk")], {"a": "down"})
    assert bench.wanted(do.ChildDown) == []


def test_an_acknowledged_restart_that_fails_is_tried_again() -> None:
    bench = static("a").boot()
    bench.end("a")
    uid = acknowledge(bench)
    assert bench.feed(on.ChildStartFailed(uid, "error:no disk"))[-1] == do.SendSelf(on.Retry("a"))
    assert (bench.statuses, bench.uid("a")) == ({"a": "restarting"}, uid)
    assert bench.feed(on.Retry("a"))[0] == do.SpawnChild("s.3", "a", spec("a"), 3, "error:no disk")


def test_an_acknowledged_start_that_takes_too_long_is_killed_and_has_failed() -> None:
    bench = static(spec("a", start_timeout_ms=10))
    bench.feed(on.Boot())
    uid = acknowledge(bench)
    assert bench.feed(on.TimerFired(on.StartTimer(uid))) == [do.KillChild(uid)]
    assert bench.feed(on.ChildStarted(uid)) == []
    assert bench.feed(on.ChildExited(uid, KILLED))[-1] == do.FailStart("shutdown:failed_to_start_child:a:timeout")


def test_who_is_stopped_in_an_acknowledged_start_is_told_of_and_so_is_who_asked_for_it() -> None:
    bench = dynamic().boot()
    bench.call(StartChild(spec=spec("a").to_wire()), "start")
    uid = acknowledge(bench)
    assert bench.call(TerminateChild(child_id="", uid=uid), "stop")[0] == do.ShutDownChild(uid)
    bench.feed(on.ChildStartFailed(uid, "shutdown"))
    assert bench.answers("start") == [do.Outcome("error:shutdown")]
    assert bench.answers("stop") == [do.Outcome("ok")]
    assert bench.statuses == {}


def test_an_acknowledgement_that_nobody_waits_for() -> None:
    bench = static(spec("a", start_timeout_ms=10))
    bench.feed(on.Boot(), on.TimerFired(on.StartTimer("s.1")))
    before = bench.machine
    assert bench.feed(on.ChildAcknowledged("s.1"), on.ChildAcknowledged("x")) == []
    assert bench.machine == before


def test_a_hang_in_a_start_is_ended_acknowledged_or_not() -> None:
    bench = static("a", "b")
    bench.feed(on.Boot())
    uid = bench.starting
    assert bench.feed(on.ChildHung(uid)) == [do.EndHungChild(uid)]
    acknowledge(bench)
    assert bench.feed(on.ChildHung(uid)) == [do.EndHungChild(uid)]
