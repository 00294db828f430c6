"""What a program has the journal remember for it: by key, once it is written, within bounds, through deaths."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.core import MAX_USER_DATA_BYTES, restore, undurable
from actors.agent_session.core.entries import FactRecorded, TurnClosed, UserDataRecorded
from actors.agent_session.core.facts import MAX_FACT_BYTES, MAX_FACTS, MAX_FACTS_BYTES, MAX_KEY_BYTES
from actors.agent_session.core.inputs import ProgramFailed, UserDataChanged
from actors.agent_session.core.memory import ITEMS_OF_SPEECH, Memory, Round, Spoken, Turn, TurnSource
from actors.agent_session.core.replay import COMMANDS_KEPT, remember
from protocols import (
    CancelResponse,
    CommandAccepted,
    FunctionCall,
    GenerateReply,
    Say,
    SessionError,
    SpeechOutcome,
)
from support.session_world import CHECKED, SPOKEN, World


def told(world: World, key: str, value: str | None) -> Any:
    request = world.tell_fact(key, value)
    world.commit_all()
    return world.answers[request]


def recorded(world: World) -> list[FactRecorded]:
    return [entry for entry in world.entries if isinstance(entry, FactRecorded)]


def test_a_fact_is_answered_once_it_is_written_and_outlives_the_process() -> None:
    world = World(CHECKED)
    world.commit_all()
    request = world.tell_fact("sms", "1")
    assert request not in world.answers
    world.commit_all()
    assert world.answers[request] == CommandAccepted(command_id="sms", durable=True)
    world.kill()
    assert world.state.memory.facts == {"sms": "1"}


def test_the_newest_value_stands_none_forgets_it_and_the_same_again_is_not_written_again() -> None:
    world = World(CHECKED)
    for value in ("1", "1", "2", None, None):
        assert told(world, "sms", value) == CommandAccepted(command_id="sms")
    assert [entry.value_json for entry in recorded(world)] == ["1", "2", None]
    assert restore(world.entries).memory.facts == {}


@pytest.mark.parametrize(
    ("before", "key", "value", "error"),
    [
        ({}, "", "1", "UsageError"),
        ({}, "é" * (MAX_KEY_BYTES // 2 + 1), "1", "UsageError"),
        ({}, "long", "x" * (MAX_FACT_BYTES + 1), "MessageTooLargeError"),
        ({str(number): "1" for number in range(MAX_FACTS)}, "more", "1", "CapacityError"),
        ({str(number): "x" * MAX_FACT_BYTES for number in range(MAX_FACTS_BYTES // MAX_FACT_BYTES)}, "more", "1", "CapacityError"),
    ],
    ids=["no key", "long key", "long value", "too many", "too much"],
)
def test_beyond_a_bound_it_is_refused_and_nothing_is_written(before: dict[str, str], key: str, value: str, error: str) -> None:
    world = World(CHECKED)
    kept = {name: text[: MAX_FACT_BYTES - len(name)] for name, text in before.items()}
    for name, text in kept.items():
        assert told(world, name, text) == CommandAccepted(command_id=name)
    refusal = told(world, key, value)
    assert (refusal.error, refusal.retryable) == (error, False)
    assert refusal.text
    assert world.state.memory.facts == kept
    for name, text in list(kept.items())[:1]:
        assert told(world, name, text) == CommandAccepted(command_id=name), "what is kept may be told again"
        assert told(world, name, None) == CommandAccepted(command_id=name)
        assert told(world, key, value) == CommandAccepted(command_id=key), "and forgetting makes room"


def test_without_a_journal_it_says_so() -> None:
    world = World(CHECKED)
    request = world.tell_fact("sms", "1")
    (write,) = list(world.writes)[-1:]
    (answer,) = [effect for effect in map(undurable, write.then) if getattr(effect, "request", 0) == request]
    assert answer.message == CommandAccepted(command_id="sms", durable=False)  # type: ignore[union-attr]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.text(max_size=5)), min_size=1, max_size=12), st.integers(0, 40))
def test_killed_anywhere_what_was_answered_is_remembered(facts: list[tuple[str, str | None]], fuse: int) -> None:
    world = World(CHECKED, fuse=fuse)
    meant: dict[str, str | None] = {}
    for key, value in facts:
        request = world.tell_fact(key, value)
        world.commit_all()
        if world.dead:
            break
        assert request in world.answers
        meant[key] = value
    sure = {key: value for key, value in meant.items() if value is not None}
    if not world.dead:
        world.kill()
        assert world.state.memory.facts == sure
        return
    world.fuse = None
    world.kill()
    assert world.state.memory.facts in (sure, {name: text for name, text in {**meant, key: value}.items() if text is not None})


def test_the_calls_data_is_kept_where_no_tool_has_changed_it() -> None:
    world = World(CHECKED)
    for _ in range(2):
        world.feed(UserDataChanged(user_data_json='{"n": 1}'))
    world.commit_all()
    assert [entry for entry in world.entries if isinstance(entry, UserDataRecorded)] == [UserDataRecorded(user_data_json='{"n": 1}')]
    world.kill()
    assert world.state.memory.user_data_json == '{"n": 1}'


def test_data_that_is_too_large_is_not_kept_and_that_is_told_once() -> None:
    world = World(CHECKED)
    world.subscribe()
    for more in range(2):
        world.feed(UserDataChanged(user_data_json=json.dumps("x" * (MAX_USER_DATA_BYTES + more))))
    world.feed(UserDataChanged(user_data_json="[]"))
    world.feed(UserDataChanged(user_data_json=json.dumps("x" * MAX_USER_DATA_BYTES)))
    world.commit_all()
    errors = [pushed.event for pushed in world.events if isinstance(pushed.event, SessionError)]
    assert [(error.source, error.retryable) for error in errors] == [("program", False)] * 2
    assert world.state.memory.user_data_json == "[]"


def spoken(world: World) -> list[tuple[str, SpeechOutcome, tuple[str, ...]]]:
    return [(one.command_id, one.outcome, one.items) for one in world.state.memory.spoken]


def test_what_became_of_each_command_is_known_in_the_next_life() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.send("use look", "text")
    world.settle()
    world.command(Say(command_id="say", text="One. Two."))
    world.commit_all()
    world.play()
    world.command(GenerateReply(command_id="waits"))
    world.command(CancelResponse(command_id="cancel", speech_id=world.state.memory.inbox[-1].speech_id))
    world.command(CancelResponse(command_id="stop"))
    world.settle()
    world.kill()
    assert spoken(world) == [
        ("text", SpeechOutcome.COMPLETED, ("turn-1.user", "turn-1.reply-1", "call-1", "call-1.output", "turn-1.reply-2")),
        ("waits", SpeechOutcome.INTERRUPTED, ()),
        ("say", SpeechOutcome.INTERRUPTED, ("turn-2.reply-1",)),
    ]
    assert {"text", "say", "waits"} <= set(world.state.memory.seen)
    assert {one.speech_id for one in world.state.memory.spoken} >= {"speech-2", "speech-3"}


def test_what_the_session_says_by_itself_is_nobodys_command() -> None:
    world = World(CHECKED)
    turn = Turn(turn_id="t", source=TurnSource.GREETING, text="", speech_id="s")
    assert remember(Memory(turn=turn), TurnClosed(sentences=0, tail="")).spoken == ()
    assert world.state.memory.spoken == ()


def test_of_old_commands_and_of_many_items_only_the_newest_are_known() -> None:
    memory = Memory(spoken=tuple(Spoken(command_id=str(number), speech_id=str(number)) for number in range(COMMANDS_KEPT)))
    calls = tuple(FunctionCall(call_id=f"call-{number}", name="x", arguments="") for number in range(ITEMS_OF_SPEECH))
    turn = Turn(turn_id="t", source=TurnSource.SAY, text="", speech_id="s", command_id="c", rounds=(Round(calls=calls, ended=True),))
    after = remember(Memory(spoken=memory.spoken, turn=turn), TurnClosed(sentences=0, tail=""))
    assert len(after.spoken) == COMMANDS_KEPT
    assert after.spoken[-1].items[-1] == f"call-{ITEMS_OF_SPEECH - 1}.output"
    assert len(after.spoken[-1].items) == ITEMS_OF_SPEECH


def test_a_failure_of_the_program_is_told_and_the_call_goes_on() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.feed(ProgramFailed(text="ValueError: no number"))
    world.commit_all()
    (error,) = [pushed.event for pushed in world.events if isinstance(pushed.event, SessionError)]
    assert error == SessionError(source="program", text="ValueError: no number", retryable=False)
    assert told(world, "sms", "1") == CommandAccepted(command_id="sms")
