from dataclasses import replace

import pytest

from protocols import SHUTDOWN, StartChild
from supervision.core import Restart, Status
from supervision.core import effects as do
from supervision.core import events as on
from supervision.core.effects import Exit
from supervision.core.task import AnswerStop, ShutDown
from supervision.core.turn import State, Turn
from support.machines import CRASH, NORMAL, dynamic, spec, static


def turn_of(bench: object) -> Turn:
    machine = bench.machine  # type: ignore[attr-defined]
    return Turn(machine.rules, machine.uid, machine.state, now=1.0)


def test_an_untouched_turn_closes_as_it_was_opened() -> None:
    bench = static("a", "b").boot()
    assert turn_of(bench).close() == bench.machine.state


def test_effects_and_answers_keep_their_order() -> None:
    turn = turn_of(static())
    turn.emit(do.Ready(), do.KillChild("u"))
    turn.answer("call", "ok")
    assert turn.effects == [do.Ready(), do.KillChild("u"), do.Reply("call", do.Outcome("ok"))]


def test_numbers_are_new() -> None:
    turn = turn_of(static())
    assert turn.next_serial() < turn.next_serial()
    assert isinstance(turn.close(), State)


def test_putting_changes_one_child() -> None:
    turn = turn_of(static("a").boot())
    turn.put(turn.children["a"], status=Status.DOWN)
    assert turn.children["a"].status is Status.DOWN


def test_a_running_child_that_settles_is_withdrawn() -> None:
    turn = turn_of(static("a").boot())
    child = replace(turn.children["a"], reason=CRASH)
    turn.settle(child, final=False)
    assert turn.effects == [do.ChildDown("a", "s.1", child.spec, CRASH, False)]
    assert [str(member.status) for member in turn.children] == ["stopped"]
    turn.settle(turn.children["a"], final=False)
    assert len(turn.effects) == 1
    turn.settle(turn.children["a"], final=True)
    assert turn.effects[1] == do.ChildDown("a", "s.1", child.spec, CRASH, True)
    assert [str(member.status) for member in turn.children] == ["down"]
    turn.settle(turn.children["a"], final=True)
    assert len(turn.effects) == 2


def test_who_is_not_kept_is_forgotten() -> None:
    temporary = turn_of(static(spec("a", restart=Restart.TEMPORARY)).boot())
    temporary.settle(temporary.children["a"], final=True)
    assert temporary.effects[-1] == do.ForgetChild("a", spec("a", restart=Restart.TEMPORARY))
    assert len(temporary.children) == 0


def test_unread_ends_are_those_of_the_mailbox() -> None:
    turn = turn_of(static("a").boot())
    turn.mailbox = (on.ChildExited("s.1", CRASH), on.Retry("a"), on.ChildExited("s.2", NORMAL))
    assert turn.unread_ends() == {"s.1": CRASH, "s.2": NORMAL}


def test_stopping_all_goes_in_the_waves_of_the_kind() -> None:
    turn = turn_of(static("a", "b"))
    turn.stop_all(AnswerStop("call"))
    assert turn.task is not None
    assert turn.task.stop == (("b",), ("a",))
    turn.shut_down(Exit(SHUTDOWN, "parent"))
    assert turn.task.goal == ShutDown(Exit(SHUTDOWN, "parent"))
    other = turn_of(dynamic())
    other.shut_down(Exit(SHUTDOWN, "call"), "c")
    assert other.task is not None
    assert other.task.stop == ((),)


@pytest.mark.parametrize("start_timeout_ms", [10, None])
def test_whoever_waits_for_a_start_that_was_acknowledged_hears_that_it_failed(start_timeout_ms: int | None) -> None:
    bench = static().boot()
    bench.call(StartChild(spec=spec("a", type="supervisor", start_timeout_ms=start_timeout_ms).to_wire()), "start")
    bench.feed(on.ChildAcknowledged(bench.starting))
    turn = turn_of(bench)
    turn.settle(replace(turn.children["a"], reason=CRASH), final=True)
    answer = do.Reply("start", do.Outcome(f"error:{CRASH}"))
    cancelled = [do.CancelTimer(on.StartTimer("s.1"))] if start_timeout_ms else []
    assert turn.effects[: 1 + len(cancelled)] == [answer, *cancelled]
    assert (turn.children["a"].status, turn.children["a"].goal) == (Status.DOWN, None)


def test_of_a_restart_that_was_acknowledged_nobody_hears() -> None:
    bench = static("a").boot()
    bench.end("a")
    bench.feed(on.ChildAcknowledged(bench.starting))
    turn = turn_of(bench)
    turn.settle(replace(turn.children["a"], reason=CRASH), final=True)
    assert not [effect for effect in turn.effects if isinstance(effect, do.Reply)]
