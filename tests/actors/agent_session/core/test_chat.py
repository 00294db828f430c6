"""The chat context holds what was heard, within its bounds."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.core import Memory
from actors.agent_session.core.chat import (
    GIVEN_UP,
    MAX_HISTORY_BYTES,
    MAX_HISTORY_MESSAGES,
    appended,
    context,
    heard_text,
    settled,
)
from actors.agent_session.core.memory import SPEAKING, Heard, Outcome, Round, Turn, TurnSource
from protocols import ChatMessage, FunctionCall, Role

CALL = FunctionCall(call_id="call-1", name="look", arguments="{}")
TURN = Turn(
    turn_id="turn-1",
    source=TurnSource.TEXT,
    text="hello",
    rounds=(Round(sentences=("One moment.",), calls=(CALL,), ended=True), Round(sentences=("Here.", "Anything else?"))),
    outcomes=(Outcome(call_id="call-1", result="found"),),
)


def user(text: str) -> ChatMessage:
    return ChatMessage(role=Role.USER, content=text)


def test_the_model_is_asked_with_instructions_history_and_the_open_turn_without_the_round_it_is_at() -> None:
    asked = context("Be brief.", Memory(history=(user("before"),), turn=TURN))
    assert [(message.role, message.content) for message in asked] == [
        (Role.SYSTEM, "Be brief."),
        (Role.USER, "before"),
        (Role.USER, "hello"),
        (Role.ASSISTANT, "One moment."),
        (Role.TOOL, "found"),
    ]
    assert asked[3].calls == (CALL,)
    assert asked[4].call_id == "call-1"


def test_without_instructions_and_turn_only_the_history_is_told() -> None:
    assert context("", Memory(history=(user("before"),))) == (user("before"),)


def test_history_keeps_the_sentences_that_were_heard_and_the_beginning_of_the_next() -> None:
    assert [message.content for message in settled(TURN, Heard(sentences=2, tail="Anything"))] == [
        "hello",
        "One moment.",
        "found",
        "Here. Anything",
    ]
    assert [message.content for message in settled(TURN, Heard(tail="One"))] == ["hello", "One", "found"]
    assert [message.content for message in settled(TURN, Heard())] == ["hello", "", "found"]


def test_a_turn_of_the_agent_has_no_message_of_the_caller() -> None:
    greeting = Turn(turn_id="turn-1", source=TurnSource.GREETING, text="", rounds=(Round(sentences=("Welcome.",), ended=True),))
    assert settled(greeting, Heard(sentences=1)) == (ChatMessage(role=Role.ASSISTANT, content="Welcome."),)


def test_of_a_turn_that_was_given_up_the_model_is_told_nothing_that_the_session_may_have_died_of() -> None:
    calls = tuple(replace(CALL, call_id=f"call-{number}") for number in (1, 2, 3))
    rounds = (Round(sentences=("One moment.",), calls=calls, ended=True),)
    failed = replace(TURN, rounds=rounds, begun_calls=("call-1", "call-2"), deaths=(SPEAKING, SPEAKING))
    history = settled(failed, Heard(sentences=1))
    assert [(message.role, message.content) for message in history] == [(Role.FAILED, "hello"), (Role.ASSISTANT, "One moment.")]
    told = context("", Memory(history=history))
    assert told[0] == ChatMessage(
        role=Role.SYSTEM, content=GIVEN_UP + " For it these tools may have run, or not: look. Do not claim either."
    )
    assert told[1:] == history[1:]
    assert context("", Memory(history=settled(replace(failed, begun_calls=()), Heard()))) == (
        ChatMessage(role=Role.SYSTEM, content=GIVEN_UP),
    )
    assert not settled(replace(TURN, source=TurnSource.GREETING, text="", rounds=(), deaths=(SPEAKING, SPEAKING)), Heard())


def test_what_was_heard_is_told_as_one_text() -> None:
    assert heard_text(TURN, Heard(sentences=2, tail="Anything")) == "One moment. Here. Anything"
    assert heard_text(TURN, Heard()) == ""


def test_the_oldest_turns_are_forgotten_whole_beyond_the_number_of_messages() -> None:
    turn = settled(replace(TURN, rounds=TURN.rounds[:1]), Heard(sentences=1))
    history: tuple[ChatMessage, ...] = ()
    for _ in range(MAX_HISTORY_MESSAGES):
        history = appended(history, turn)
    assert MAX_HISTORY_MESSAGES - len(turn) < len(history) <= MAX_HISTORY_MESSAGES
    assert history[0].role is Role.USER


@given(st.lists(st.integers(1, 90_000), max_size=12))
def test_the_history_holds_its_bytes(sizes: list[int]) -> None:
    history: tuple[ChatMessage, ...] = ()
    for size in sizes:
        history = appended(history, (user("é" * size), ChatMessage(role=Role.ASSISTANT, content="yes")))
    assert sum(len(message.content.encode()) for message in history) <= MAX_HISTORY_BYTES
    assert not sizes or len(history) >= 2
