import pytest

from protocols import StartChild, StopSupervisor, TerminateChild
from supervision.core import ChildType, Restart, Shutdown, Strategy
from supervision.core import effects as do
from supervision.core import events as on
from support.machines import CRASH, KILLED, SHUTDOWN, dynamic, spec, static


def stop(name: str) -> TerminateChild:
    return TerminateChild(child_id=name)


def test_a_child_is_asked_given_its_time_and_killed() -> None:
    bench = static(spec("a", shutdown=200)).boot()
    uid = bench.uid("a")
    assert bench.call(stop("a")) == [do.ShutDownChild(uid), do.ArmTimer(on.StopTimer(uid), 200)]
    assert bench.feed(on.TimerFired(on.StopTimer(uid))) == [do.KillChild(uid)]
    ended = bench.feed(on.ChildExited(uid, KILLED))
    assert ended[0] == do.CancelTimer(on.StopTimer(uid))
    assert ended[-1] == do.Reply("call", do.Outcome("ok"))


def test_infinity_needs_no_timer_and_a_brutal_kill_asks_nothing() -> None:
    bench = static(spec("a", shutdown=Shutdown.INFINITY), spec("b", shutdown=Shutdown.BRUTAL_KILL)).boot()
    a, b = bench.uid("a"), bench.uid("b")
    assert bench.call(stop("a")) == [do.ShutDownChild(a)]
    bench.feed(on.ChildExited(a, SHUTDOWN))
    assert bench.call(stop("b")) == [do.KillChild(b)]


def test_a_timer_that_fires_too_late_does_nothing() -> None:
    bench = static("a", "b").boot()
    assert bench.feed(on.TimerFired(on.StopTimer(bench.uid("a")))) == []
    bench.call(stop("b"))
    assert bench.feed(on.TimerFired(on.StopTimer(bench.uid("a")))) == []


def test_why_a_stopped_child_ended_disturbs_nothing() -> None:
    bench = static("a", max_restarts=0).boot()
    bench.call(stop("a"))
    bench.end("a", CRASH)
    assert bench.answers() == [do.Outcome("ok")]
    assert bench.statuses == {"a": "down"}
    assert bench.machine.state.intensity.restarts == ()


def test_the_static_supervisor_stops_one_at_a_time_youngest_first() -> None:
    bench = static("a", "b", "c").boot()
    bench.effects.clear()
    bench.call(StopSupervisor())
    assert bench.stopping == {"c#1"}
    bench.run()
    assert bench.steps == ["-c#1", "-b#1", "-a#1"]


def test_the_dynamic_supervisor_stops_all_at_once_each_in_its_time() -> None:
    bench = dynamic().boot()
    for child in (spec("a", shutdown=100), spec("b", shutdown=Shutdown.BRUTAL_KILL), spec("c", shutdown=900)):
        bench.call(StartChild(spec=child.to_wire()))
        bench.start_all()
    bench.effects.clear()
    bench.call(StopSupervisor())
    assert bench.stopping == {"a#1", "b#1", "c#1"}
    bench.end("b", KILLED)
    bench.feed(on.TimerFired(on.StopTimer(bench.uid("a"))))
    assert bench.steps == ["-a#1", "!b#1", "-c#1", "!a#1"]
    assert bench.run().machine.state.ended == "normal"


def test_an_end_that_waits_in_the_mailbox_is_absorbed() -> None:
    bench = static("a", "b", "c", strategy=Strategy.ONE_FOR_ALL).boot()
    bench.call(stop("c"))
    bench.end("a")
    bench.end("b")
    bench.effects.clear()
    bench.end("c", SHUTDOWN)  # now the end of a is read: the group restarts, and b is dead already
    assert bench.steps == ["+a#2"]
    assert bench.start_all().running == ["a#2", "b#2", "c#2"]
    assert len(bench.machine.state.intensity.restarts) == 1
    downs = [(down.uid, down.reason) for down in bench.wanted(do.ChildDown)]
    assert downs[1:] == [("s.1", CRASH), ("s.2", CRASH)]


def test_the_end_of_an_outsider_waits() -> None:
    bench = static("a", "b", "c", strategy=Strategy.REST_FOR_ONE).boot()
    bench.end("b")
    assert bench.stopping == {"c#1"}
    bench.end("a")
    bench.run()
    assert bench.running == ["a#2", "b#3", "c#3"]
    assert len(bench.machine.state.intensity.restarts) == 2


def test_a_child_of_the_group_comes_back_and_a_temporary_one_does_not() -> None:
    bench = static("a", spec("b", restart=Restart.TEMPORARY), "c", strategy=Strategy.ONE_FOR_ALL).boot()
    bench.end("a")
    bench.run()
    assert bench.running == ["a#2", "c#2"]
    assert [(down.key, down.final) for down in bench.wanted(do.ChildDown)] == [("a", False), ("c", False), ("b", True)]
    assert [forgotten.key for forgotten in bench.wanted(do.ForgetChild)] == ["b"]


def test_a_hang_is_a_death_that_needs_help() -> None:
    bench = static("a").boot()
    uid = bench.uid("a")
    assert bench.feed(on.ChildHung(uid)) == [do.EndHungChild(uid)]
    bench.end("a", KILLED)
    assert bench.start_all().running == ["a#2"]
    assert bench.feed(on.ChildHung(uid)) == []


def test_the_dead_need_no_help() -> None:
    bench = static("a", "b").boot()
    bench.call(stop("b"))
    bench.end("a")
    assert bench.feed(on.ChildHung(bench.uid("a"))) == []


@pytest.mark.parametrize("shutdown", [200, Shutdown.INFINITY])
@pytest.mark.parametrize("kind", ChildType)
def test_who_hangs_while_it_is_being_stopped_is_ended_whatever_time_it_has(kind: ChildType, shutdown: int | Shutdown) -> None:
    bench = static(spec("a", type=kind, shutdown=shutdown)).boot()
    bench.call(stop("a"))
    assert bench.feed(on.ChildHung(bench.uid("a"))) == [do.EndHungChild(bench.uid("a"))]
    bench.end("a", KILLED)
    assert bench.answers() == [do.Outcome("ok")]


def test_a_hang_is_ended_while_the_supervisor_waits() -> None:
    bench = static("a", "b").boot()
    bench.call(stop("b"))
    assert bench.feed(on.ChildHung(bench.uid("a"))) == [do.EndHungChild(bench.uid("a"))]
