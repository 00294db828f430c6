"""The fold from entries to memory."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from actors.agent_session.core import Entry, Memory
from actors.agent_session.core.entries import (
    CallerBegan,
    CallerDropped,
    Checkpoint,
    CommandTaken,
    Happened,
    IncarnationBegan,
    IncarnationEnded,
    RoundEnded,
    SentenceBegun,
    SentenceWritten,
    ToolBegun,
    ToolEnded,
    TurnClosed,
    TurnOpened,
)
from actors.agent_session.core.memory import RECOGNISING, SPEAKING, Turn, TurnSource
from actors.agent_session.core.replay import COMMANDS_KEPT, EVENTS_KEPT, UNKNOWN_BYTES_KEPT, remember, restore
from actors.journal import UnknownRecord
from protocols import CallStarted, FunctionCall, SendText
from support.chat import said
from support.session_world import CHECKED, SPOKEN, World

OPENED = TurnOpened(turn_id="turn-1", source=TurnSource.TEXT, text="hello", command_id="", asked_wall_s=1.0, heard_until=0)


def test_no_entries_are_a_call_that_has_not_begun() -> None:
    past = restore(())
    assert (past.memory, past.log, past.entries) == (Memory(), (), 0)


def test_a_death_counts_for_the_open_turn_and_a_clean_end_does_not() -> None:
    memory = restore((IncarnationBegan(incarnation=1), OPENED, CallerBegan(start=5))).memory
    after = remember(memory, IncarnationBegan(incarnation=2))
    assert after.turn is not None
    assert after.caller is not None
    assert (after.turn.deaths, after.caller.deaths) == (("round 1 of the model",), 1)
    ended = remember(memory, IncarnationEnded(reason="shutdown", clean=True))
    assert (ended.last_end, ended.ended_cleanly) == ("shutdown", True)
    again = remember(ended, IncarnationBegan(incarnation=2))
    assert again.turn is not None
    assert (again.turn.deaths, again.last_end) == ((), "")


def test_the_first_life_has_no_death_before_it() -> None:
    assert remember(Memory(turn=restore((OPENED,)).memory.turn), IncarnationBegan(incarnation=1)).turn == restore((OPENED,)).memory.turn


def test_what_is_said_of_a_turn_that_is_not_open_changes_nothing() -> None:
    for entry in (SentenceWritten(text="lost"), TurnClosed(sentences=1, tail="")):
        assert remember(Memory(), entry) == Memory()


def test_a_wish_of_a_tool_to_end_the_call_is_remembered_and_the_first_reason_counts() -> None:
    ended = ToolEnded(call_id="call-1", result="", user_data_json="{}", end_call="done")
    memory = restore((OPENED, ended)).memory
    assert memory.ending == "done"
    assert remember(memory, ToolEnded(call_id="call-2", result="", user_data_json="{}", end_call="other")).ending == "done"


def test_a_message_from_audio_settles_it_and_a_text_does_not() -> None:
    speaking = restore((CallerBegan(start=5), OPENED)).memory
    assert speaking.caller is not None
    heard = TurnOpened(turn_id="turn-1", source=TurnSource.AUDIO, text="hello", command_id="", asked_wall_s=1.0, heard_until=90)
    settled = restore((CallerBegan(start=5), heard)).memory
    assert (settled.caller, settled.heard_until) == (None, 90)
    assert remember(speaking, CallerDropped(until=70)).heard_until == 70


def test_the_deaths_in_the_callers_speech_count_for_the_turn_that_answers_it() -> None:
    heard = TurnOpened(turn_id="turn-1", source=TurnSource.AUDIO, text="hello", command_id="", asked_wall_s=1.0, heard_until=90)
    lives = (IncarnationBegan(incarnation=1), CallerBegan(start=5), IncarnationBegan(incarnation=2))
    turn = restore((*lives, heard)).memory.turn
    assert turn is not None
    assert (turn.deaths, turn.failed) == ((RECOGNISING,), False)
    turn = restore((*lives, heard, IncarnationBegan(incarnation=3))).memory.turn
    assert turn is not None
    assert (turn.deaths, turn.failed) == ((RECOGNISING, "round 1 of the model"), False)
    turn = restore((*lives, heard, IncarnationBegan(incarnation=3), IncarnationBegan(incarnation=4))).memory.turn
    assert turn is not None
    assert turn.failure == "the session died 2 times in the same step: round 1 of the model"
    other = restore((*lives, OPENED)).memory.turn  # while he speaks a text is answered: another turn
    assert other is not None
    assert other.deaths == ()


CALLS = tuple(FunctionCall(call_id=f"call-{number}", name=name, arguments="{}") for number, name in enumerate(("look", "order"), 1))
WANTS = RoundEnded(calls=CALLS)
WROTE = (SentenceWritten(text="Hello."), RoundEnded(calls=()))


def ended(call_id: str) -> tuple[ToolBegun, ToolEnded]:
    return ToolBegun(call_id=call_id), ToolEnded(call_id=call_id, result="done", user_data_json="{}", end_call="")


@pytest.mark.parametrize(
    ("entries", "step"),
    [
        ((), "round 1 of the model"),
        (WROTE[:1], "round 1 of the model"),
        ((WANTS,), "the tool look"),
        ((WANTS, *ended("call-1")[:1]), "the tool look"),
        ((WANTS, *ended("call-1")), "the tool order"),
        ((WANTS, *ended("call-1"), *ended("call-2")), "round 2 of the model"),
        (WROTE, SPEAKING),
        ((*WROTE, SentenceBegun(position=0)), SPEAKING),
    ],
)
def test_a_death_counts_for_the_step_in_which_the_turn_was(entries: tuple[Entry, ...], step: str) -> None:
    memory = restore((IncarnationBegan(incarnation=1), OPENED, *entries)).memory
    for times in (1, 2):
        memory = remember(memory, IncarnationBegan(incarnation=1 + times))
        assert memory.turn is not None
        assert (memory.turn.deaths, memory.turn.failed) == ((step,) * times, times == 2)


def died(deaths: Sequence[str]) -> Turn:
    return Turn(turn_id="turn-1", source=TurnSource.TEXT, text="hello", deaths=tuple(deaths))


@pytest.mark.parametrize(
    ("deaths", "failure"),
    [
        ("", ""),
        ("abcd", ""),
        ("aa", "2 times in the same step: a"),
        ("aba", "2 times in the same step: a"),
        ("abcb", "2 times in the same step: b"),
        ("abcde", "5 times in it"),
    ],
)
def test_poison_is_what_dies_twice_in_one_step_or_five_times_in_all(deaths: str, failure: str) -> None:
    assert died(deaths).failure == (failure and f"the session died {failure}")


def test_a_tool_is_the_same_step_in_whatever_round_it_is_called() -> None:
    again = RoundEnded(calls=(replace(CALLS[0], call_id="call-3", arguments='{"other": 1}'),))
    before = (IncarnationBegan(incarnation=1), OPENED, WANTS, IncarnationBegan(incarnation=2), *ended("call-1"), *ended("call-2"))
    turn = restore((*before, again, IncarnationBegan(incarnation=3))).memory.turn
    assert turn is not None
    assert turn.failure == "the session died 2 times in the same step: the tool look"


def test_deaths_while_nobody_has_the_turn_never_count() -> None:
    idle = restore([IncarnationBegan(incarnation=number) for number in range(1, 9)]).memory
    turn = remember(idle, OPENED).turn
    assert turn is not None
    assert turn.deaths == ()


FUTURE = UnknownRecord(b"\x93\xa6future\xc2\x80")


def test_what_is_not_known_is_kept_through_checkpoints_within_a_bound() -> None:
    memory = remember(Memory(turns=3), FUTURE)
    assert memory == Memory(turns=3, unknown=(FUTURE,))
    assert restore((IncarnationBegan(incarnation=1), Checkpoint(memory=memory))).memory == memory
    large = UnknownRecord(bytes(UNKNOWN_BYTES_KEPT))
    assert remember(remember(memory, large), FUTURE).unknown == (FUTURE,)
    assert remember(memory, large).unknown == (large,)


def test_what_was_unknown_to_the_version_that_made_a_checkpoint_is_acted_on_by_one_that_knows_it() -> None:
    held = Memory(incarnation=2, unknown=(FUTURE, IncarnationEnded(reason="shutdown", clean=True)))
    memory = restore((Checkpoint(memory=held),)).memory
    assert memory == Memory(incarnation=2, unknown=(FUTURE,), last_end="shutdown", ended_cleanly=True)


def test_a_message_that_is_answered_late_fails_with_the_turn_that_answers_it() -> None:
    unanswered = replace(OPENED, turn_id="turn-2", source=TurnSource.UNANSWERED)
    entries = (IncarnationBegan(incarnation=1), OPENED, TurnClosed(sentences=0, tail=""), unanswered)
    memory = restore((*entries, IncarnationBegan(incarnation=2), IncarnationBegan(incarnation=3), TurnClosed(sentences=0, tail=""))).memory
    assert said(memory.history) == [("failed", "hello")]
    assert not memory.unanswered
    assert said(restore((*entries, TurnClosed(sentences=0, tail=""))).memory.history) == [("user", "hello")]


def test_only_the_newest_commands_are_known() -> None:
    memory = Memory()
    for number in range(COMMANDS_KEPT + 5):
        memory = remember(memory, CommandTaken(command=SendText(command_id=str(number), text="x"), position=0))
    assert len(memory.seen) == COMMANDS_KEPT
    assert memory.seen[-1] == str(COMMANDS_KEPT + 4)


def test_only_the_newest_events_are_kept() -> None:
    events = [Happened(number=number, incarnation=1, wall_s=0.0, event=CallStarted(call_id="c")) for number in range(1, EVENTS_KEPT + 6)]
    past = restore(events)
    assert (len(past.log), past.log[0].number, past.memory.next_event) == (EVENTS_KEPT, 6, EVENTS_KEPT + 6)


def test_a_checkpoint_is_all_that_is_needed_of_what_stands_before_it() -> None:
    world = World(SPOKEN)
    world.subscribe()
    for number in range(60):
        world.send(f"message {number}")
        world.settle()
    entries = world.entries
    places = [at for at, entry in enumerate(entries) if isinstance(entry, Checkpoint)]
    assert len(places) > 2
    whole, kept = (
        restore(entries),
        restore([entry for entry in entries[: places[-1]] if isinstance(entry, Happened)] + entries[places[-1] :]),
    )
    assert whole == kept
    assert whole.memory == world.state.memory
    assert whole.entries == world.state.entries


def test_a_checkpoint_without_a_voice_too() -> None:
    world = World(CHECKED)
    for number in range(60):
        world.send(f"message {number}")
        world.settle()
    assert any(isinstance(entry, Checkpoint) for entry in world.entries)
    assert restore(world.entries).memory == world.state.memory
