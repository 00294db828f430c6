import pytest

from protocols import CountChildren, DeleteChild, RestartChild, StartChild, StopSupervisor, TerminateChild, abnormal
from supervision.core import AutoShutdown, Backoff, Restart
from supervision.core import effects as do
from supervision.core import events as on
from support.machines import CRASH, KILLED, NORMAL, SHUTDOWN, dynamic, spec, static

BACKOFF = Backoff(initial_ms=100, max_ms=1_000, jitter_percent=10)


def test_a_permanent_child_comes_back_whatever_it_ended_with() -> None:
    bench = static("a").boot()
    bench.end("a", NORMAL)
    assert bench.start_all().running == ["a#2"]


def test_a_transient_child_that_is_done_stays_down_and_keeps_its_place() -> None:
    bench = static(spec("a", restart=Restart.TRANSIENT), "b").boot()
    bench.end("a", NORMAL)
    assert bench.statuses == {"a": "down", "b": "running"}
    assert bench.wanted(do.ChildDown)[-1].final


def test_a_temporary_child_is_forgotten() -> None:
    bench = static(spec("a", restart=Restart.TEMPORARY), "b").boot()
    bench.end("a")
    assert bench.statuses == {"b": "running"}


def test_an_end_that_concerns_nobody_does_nothing() -> None:
    bench = static("a").boot()
    before = bench.machine
    assert bench.feed(on.ChildExited("x", CRASH)) == []
    assert bench.machine == before


def test_over_the_limit_the_others_are_stopped_and_it_ends() -> None:
    bench = static("a", "b", max_restarts=1).boot()
    bench.end("a")
    bench.start_all()
    bench.end("a")
    assert bench.stopping == {"b#1"}
    ended = bench.end("b", SHUTDOWN)
    why = f"more than 1 restarts within 5 s, the last because a ended: {CRASH}"
    assert ended[-1] == do.Exit(SHUTDOWN, "reached_max_restart_intensity", why, "s.3")
    assert [down.final for down in bench.wanted(do.ChildDown)] == [False, True, True]


def test_a_retry_over_the_limit_ends_it_and_the_last_life_is_final() -> None:
    bench = static("a", max_restarts=1).boot()
    bench.end("a")
    bench.feed(on.ChildStartFailed(bench.starting, "no"))
    why = "more than 1 restarts within 5 s, the last because a ended: error:no"
    assert bench.feed(on.Retry("a"))[-1] == do.Exit(SHUTDOWN, "reached_max_restart_intensity", why, "s.1")
    assert [(down.uid, down.reason, down.final) for down in bench.wanted(do.ChildDown)] == [
        ("s.1", CRASH, False),
        ("s.1", abnormal("no"), True),
    ]


def test_calls_come_between_the_attempts() -> None:
    bench = static("a", "b").boot()
    bench.end("a")
    bench.call(TerminateChild(child_id="a"))
    bench.feed(on.ChildStartFailed(bench.starting, "no"))
    assert bench.answers() == [do.Outcome("ok")]
    assert bench.feed(on.Retry("a")) == []
    assert bench.statuses == {"a": "down", "b": "running"}


@pytest.mark.parametrize("retry", [on.Retry("gone"), on.Retry("a")])
def test_a_retry_that_was_overtaken_does_nothing(retry: on.Retry) -> None:
    bench = static("a").boot()
    assert bench.feed(retry) == []


def test_while_restarting() -> None:
    bench = static("a").boot()
    bench.end("a")
    bench.feed(on.ChildStartFailed(bench.starting, "no"))
    for request in (RestartChild(child_id="a"), DeleteChild(child_id="a"), StartChild(spec=spec("a").to_wire())):
        bench.call(request)
    assert bench.answers() == [do.Outcome(word) for word in ("error:restarting", "error:restarting", "error:already_present")]
    bench.call(CountChildren(), "count")
    assert str(bench.answers("count")[0]) == "ChildCounts(specs=1, active=0, supervisors=0, workers=1)"


def test_a_restart_waits_for_its_backoff() -> None:
    bench = static("a", backoff=BACKOFF, max_restarts=9).boot()
    assert bench.end("a")[-1] == do.ArmTimer(on.BackoffTimer("a", 1), 100, 10)
    assert bench.statuses == {"a": "restarting"}
    assert isinstance(bench.feed(on.TimerFired(on.BackoffTimer("a", 1)))[0], do.SpawnChild)
    bench.feed(on.ChildStartFailed(bench.starting, "no"))
    assert bench.feed(on.Retry("a")) == [do.ArmTimer(on.BackoffTimer("a", 2), 200, 10)]
    bench.feed(on.TimerFired(on.BackoffTimer("a", 2)))
    bench.start_all()
    assert bench.end("a")[-1] == do.ArmTimer(on.BackoffTimer("a", 3), 400, 10)


def test_a_child_that_stayed_up_begins_its_backoff_anew() -> None:
    bench = static("a", backoff=BACKOFF, max_restarts=9).boot()
    bench.end("a")
    bench.feed(on.TimerFired(on.BackoffTimer("a", 1)))
    bench.start_all()
    bench.now += 1.1
    assert bench.end("a")[-1] == do.ArmTimer(on.BackoffTimer("a", 2), 100, 10)


def test_a_backoff_that_was_overtaken_does_nothing() -> None:
    bench = static("a", "b", backoff=BACKOFF).boot()
    bench.end("a")
    bench.call(TerminateChild(child_id="a"))
    assert bench.feed(on.TimerFired(on.BackoffTimer("a", 1))) == []
    bench.call(RestartChild(child_id="a"))
    bench.start_all()
    bench.end("a")
    assert bench.feed(on.TimerFired(on.BackoffTimer("a", 1))) == []
    assert bench.feed(on.TimerFired(on.BackoffTimer("gone", 1))) == []
    assert bench.statuses == {"a": "restarting", "b": "running"}


def test_a_backoff_waits_its_turn() -> None:
    bench = static("a", "b", backoff=BACKOFF).boot()
    bench.end("a")
    bench.call(TerminateChild(child_id="b"))
    assert bench.feed(on.TimerFired(on.BackoffTimer("a", 1))) == []
    bench.end("b", SHUTDOWN)
    assert bench.start_all().running == ["a#2"]


def test_the_parent_ends_it_with_its_own_reason() -> None:
    bench = static("a", "b").boot()
    bench.feed(on.ParentExited(KILLED))
    bench.run()
    assert bench.effects[-1] == do.Exit(KILLED, "parent")
    assert bench.steps[-2:] == ["-b#1", "-a#1"]


def test_the_significant_end_of_a_child_ends_it() -> None:
    significant = spec("a", restart=Restart.TRANSIENT, significant=True)
    bench = static(significant, "b", auto_shutdown=AutoShutdown.ANY_SIGNIFICANT).boot()
    bench.end("a", NORMAL)
    bench.run()
    assert bench.effects[-1] == do.Exit(SHUTDOWN, "auto_shutdown")


def test_a_stop_is_answered_when_all_are_down() -> None:
    bench = static("a").boot()
    bench.call(StopSupervisor(reason="shutdown:term"))
    assert bench.answers() == []
    bench.end("a", SHUTDOWN)
    assert bench.answers() == [do.Outcome("ok")]
    assert str(bench.wanted(do.Exit)[0].reason) == "shutdown:term"


def test_a_stop_for_an_unknown_reason_is_an_error() -> None:
    bench = static().boot()
    bench.call(StopSupervisor(reason="bored"))
    assert str(bench.wanted(do.Exit)[0].reason) == "error:bored"


def test_new_children_get_keys_of_their_own() -> None:
    bench = dynamic().boot()
    for number in range(3):
        bench.call(StartChild(spec=spec("a").to_wire()), str(number))
        bench.start_all()
    keys = [child.key for child in bench.machine.running]
    assert keys[0] == "a"
    assert len(set(keys)) == 3
    assert all(key.startswith("a/") for key in keys[1:])


def test_a_deleted_child_is_forgotten() -> None:
    bench = static(spec("a", restart=Restart.TRANSIENT)).boot()
    bench.end("a", NORMAL)
    bench.call(DeleteChild(child_id="a"))
    assert bench.answers() == [do.Outcome("ok")]
    assert [forgotten.key for forgotten in bench.wanted(do.ForgetChild)] == ["a"]


def test_an_end_before_the_end_of_a_start_that_was_acknowledged_is_a_failed_start() -> None:
    bench = static("a", "b").boot()
    bench.end("a")
    bench.feed(on.ChildAcknowledged(bench.starting))
    bench.feed(on.ChildExited("s.3", CRASH))
    assert bench.statuses == {"a": "restarting", "b": "running"}
    assert bench.effects[-1] == do.SendSelf(on.Retry("a"))
