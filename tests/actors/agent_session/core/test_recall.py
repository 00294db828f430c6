"""The fold from entries to memory."""

from dataclasses import replace

from actors.agent_session.core import Memory
from actors.agent_session.core.entries import (
    CallerBegan,
    CallerDropped,
    Checkpoint,
    CommandTaken,
    Happened,
    LifeBegan,
    LifeEnded,
    SentenceWritten,
    ToolEnded,
    TurnClosed,
    TurnOpened,
)
from actors.agent_session.core.memory import TurnSource
from actors.agent_session.core.recall import COMMANDS_KEPT, EVENTS_KEPT, remember, restore
from protocols import CallStarted, ChatMessage, Role, SendText
from support.session_world import CHECKED, SPOKEN, World

OPENED = TurnOpened(turn_id="turn-1", source=TurnSource.TEXT, text="hello", command_id="", asked_s=1.0, heard_until=0)


def test_no_entries_are_a_call_that_has_not_begun() -> None:
    past = restore(())
    assert (past.memory, past.log, past.entries) == (Memory(), (), 0)


def test_a_death_counts_for_the_open_turn_and_a_clean_end_does_not() -> None:
    memory = restore((LifeBegan(incarnation=1), OPENED, CallerBegan(start=5))).memory
    died = remember(memory, LifeBegan(incarnation=2))
    assert died.turn is not None
    assert died.caller is not None
    assert (died.turn.deaths, died.caller.deaths) == (1, 1)
    ended = remember(memory, LifeEnded(reason="shutdown", clean=True))
    assert (ended.last_end, ended.ended_cleanly) == ("shutdown", True)
    again = remember(ended, LifeBegan(incarnation=2))
    assert again.turn is not None
    assert (again.turn.deaths, again.last_end) == (0, "")


def test_the_first_life_has_no_death_before_it() -> None:
    assert remember(Memory(turn=restore((OPENED,)).memory.turn), LifeBegan(incarnation=1)).turn == restore((OPENED,)).memory.turn


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
    heard = TurnOpened(turn_id="turn-1", source=TurnSource.AUDIO, text="hello", command_id="", asked_s=1.0, heard_until=90)
    settled = restore((CallerBegan(start=5), heard)).memory
    assert (settled.caller, settled.heard_until) == (None, 90)
    assert remember(speaking, CallerDropped(until=70)).heard_until == 70


def test_the_callers_speech_and_the_answer_to_it_are_one_turn_that_dies_twice() -> None:
    heard = TurnOpened(turn_id="turn-1", source=TurnSource.AUDIO, text="hello", command_id="", asked_s=1.0, heard_until=90)
    lives = (LifeBegan(incarnation=1), CallerBegan(start=5), LifeBegan(incarnation=2))
    turn = restore((*lives, heard)).memory.turn
    assert turn is not None
    assert (turn.deaths, turn.failed) == (1, False)
    turn = restore((*lives, heard, LifeBegan(incarnation=3))).memory.turn
    assert turn is not None
    assert (turn.deaths, turn.failed) == (2, True)
    other = restore((*lives, OPENED)).memory.turn  # while he speaks a text is answered: another turn
    assert other is not None
    assert other.deaths == 0


def test_a_message_that_is_answered_late_fails_with_the_turn_that_answers_it() -> None:
    unanswered = replace(OPENED, turn_id="turn-2", source=TurnSource.UNANSWERED)
    entries = (LifeBegan(incarnation=1), OPENED, TurnClosed(sentences=0, tail=""), unanswered)
    memory = restore((*entries, LifeBegan(incarnation=2), LifeBegan(incarnation=3), TurnClosed(sentences=0, tail=""))).memory
    assert memory.history == (ChatMessage(role=Role.FAILED, content="hello"),)
    assert not memory.unanswered
    assert restore((*entries, TurnClosed(sentences=0, tail=""))).memory.history == (ChatMessage(role=Role.USER, content="hello"),)


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
