import pytest

from protocols import CountChildren, StartChild, StopSupervisor, TerminateChild, WhichChildren
from supervision.core import Backoff, machine
from supervision.core import effects as do
from supervision.core import events as on
from support.machines import CRASH, KILLED, SHUTDOWN, dynamic, spec, static


def test_a_machine_is_a_value() -> None:
    before = static("a")
    after, effects = before.machine.handle(on.Boot(), 0.0)
    assert before.machine == static("a").machine
    assert (after, effects) == before.machine.handle(on.Boot(), 0.0)
    assert after != before.machine


def test_who_runs_oldest_first() -> None:
    assert static("a", "b").boot().running == ["a#1", "b#1"]


def test_strangers_are_not_heeded() -> None:
    bench = static("a").boot()
    before = bench.machine
    assert bench.feed(on.StrangerSignalled(CRASH)) == []
    assert bench.machine == before


def test_everything_waits_while_it_works_and_is_read_in_order() -> None:
    bench = static("a", "b", "c").boot()
    bench.call(TerminateChild(child_id="c"), "first")
    bench.call(TerminateChild(child_id="b"), "second")
    bench.end("a")
    bench.call(CountChildren(), "third")
    assert bench.wanted(do.Reply) == []
    bench.run()
    assert [reply.call for reply in bench.wanted(do.Reply)] == ["first", "second", "third"]
    assert bench.running == ["a#2"]


def test_an_ignored_start_is_told_in_the_words_of_the_kind() -> None:
    for bench, word in ((static().boot(), "ok:undefined"), (dynamic().boot(), "ignore")):
        bench.call(StartChild(spec=spec("a").to_wire()))
        bench.feed(on.ChildIgnored(bench.starting))
        assert bench.answers() == [do.Outcome(word)]
    bench = static().boot()
    bench.call(StartChild(spec=spec("a", restart="temporary").to_wire()))
    bench.feed(on.ChildIgnored(bench.starting))
    assert bench.answers() == [do.Outcome("ok:undefined")]


def test_what_it_waits_for_is_taken_at_once() -> None:
    bench = static("a", "b", backoff=Backoff(initial_ms=5, max_ms=5)).boot()
    bench.end("a")
    bench.call(TerminateChild(child_id="b"))
    assert bench.feed(on.TimerFired(on.BackoffTimer("a", 1))) == []  # a message among others
    assert bench.feed(on.ChildHung("s.1"), on.TimerFired(on.StartTimer("s.1"))) == []
    assert bench.feed(on.TimerFired(on.StopTimer("s.2"))) == [do.KillChild("s.2")]
    bench.end("b", KILLED)
    assert bench.starting == "s.3"
    bench.feed(on.ChildExited("s.3", CRASH))
    assert bench.statuses == {"a": "restarting", "b": "down"}


def test_calls_that_are_still_waiting_hear_of_the_end() -> None:
    bench = static("a").boot()
    bench.call(StopSupervisor(), "first")
    bench.call(StopSupervisor(), "second")
    bench.feed(on.ChildExited("x", CRASH))
    bench.call(WhichChildren(), "third")
    bench.run()
    bench.call(CountChildren(), "late")
    assert bench.answers("first") == [do.Outcome("ok")]
    for name in ("second", "third", "late"):
        assert bench.answers(name) == [do.Outcome("exit:normal")]
    assert bench.effects[-2] == do.Exit(bench.wanted(do.Exit)[0].reason, "call")


def test_calls_during_a_failing_boot_hear_of_it() -> None:
    bench = static("a")
    bench.feed(on.Boot())
    bench.call(CountChildren())
    bench.feed(on.ChildStartFailed(bench.starting, "no"))
    assert bench.answers() == [do.Outcome("exit:shutdown:failed_to_start_child:a:no")]


def test_after_the_end_nothing_happens() -> None:
    bench = static("a").boot()
    bench.feed(on.ParentExited(SHUTDOWN))
    bench.run()
    before = bench.machine
    assert bench.feed(on.Boot(), on.ParentExited(CRASH), on.ChildExited("s.1", CRASH)) == []
    assert bench.machine == before


def test_a_full_mailbox_refuses_calls_but_no_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = static("a", "b").boot()
    bench.call(TerminateChild(child_id="b"), "stop")
    monkeypatch.setattr(machine, "MAX_WAITING", 1)
    bench.call(CountChildren(), "waits")
    bench.call(CountChildren(), "refused")
    assert bench.answers("refused") == [do.Outcome("error:overloaded")]
    assert bench.answers("waits") == []
    bench.end("a")
    bench.run()
    assert bench.running == ["a#2"]
    assert len(bench.answers("waits")) == 1


def test_a_start_that_was_acknowledged_is_waited_for_by_nobody_and_may_fail_later() -> None:
    bench = static("a", "b")
    bench.feed(on.Boot())
    bench.feed(on.ChildAcknowledged("s.1"), on.ChildAcknowledged("s.2"))
    assert bench.wanted(do.Acknowledge) == [do.Acknowledge()]
    bench.feed(on.ChildStarted("s.1"), on.ChildStarted("s.2"))
    assert bench.wanted(do.Ready) == [do.Ready()]
    bench.call(StartChild(spec=spec("c").to_wire()), "at once")
    bench.feed(on.ChildStarted(bench.starting))
    assert bench.answers("at once") == [do.Outcome("ok", "s.3")]
    bench.call(StartChild(spec=spec("d").to_wire()), "later")
    bench.feed(on.ChildAcknowledged(bench.starting))
    assert bench.answers("later") == []
    bench.feed(on.ChildStartFailed("s.4", "error:no"))
    assert bench.answers("later") == [do.Outcome("error:error:no")]
