"""The chat context holds what was heard, within its bounds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.core import Memory
from actors.agent_session.core.chat import (
    GIVEN_UP,
    MAX_HISTORY_BYTES,
    MAX_HISTORY_ITEMS,
    appended,
    context,
    conversation,
    heard_text,
    inserted,
    item_bytes,
    settled,
    tells_the_same,
)
from actors.agent_session.core.memory import LONG_AGO, SPEAKING, Heard, Outcome, Round, Sentence, Turn, TurnHandoff, TurnSource
from protocols import (
    AgentHandoff,
    ChatContext,
    ChatItem,
    ChatMessage,
    FailedTurn,
    FunctionCall,
    FunctionCallOutput,
    ImageContent,
    Role,
    Summary,
)
from support.chat import said, texts

CALL = FunctionCall(call_id="call-1", name="look", arguments="{}")
TURN = Turn(
    turn_id="turn-1",
    source=TurnSource.TEXT,
    text="hello",
    asked_wall_s=100.0,
    rounds=(
        Round(sentences=(Sentence("One moment."),), calls=(CALL,), ended=True, ended_wall_s=101.0),
        Round(sentences=tuple(map(Sentence, ("Here.", "Anything else?")))),
    ),
    outcomes=(Outcome(call_id="call-1", result="found", wall_s=102.0),),
)


def user(text: str) -> ChatMessage:
    return ChatMessage.of(Role.USER, text, created_at=1.0)


def test_the_model_is_asked_with_instructions_history_and_the_open_turn_without_the_round_it_is_at() -> None:
    asked = context("Be brief.", Memory(history=ChatContext((user("before"),)), turn=TURN))
    assert said(asked) == [
        ("system", "Be brief."),
        ("user", "before"),
        ("user", "hello"),
        ("assistant", "One moment."),
        ("tool", "found"),
    ]
    assert asked.items[4] == replace(CALL, id="call-1", created_at=101.0)
    assert asked.items[5] == FunctionCallOutput(id="call-1.output", created_at=102.0, call_id="call-1", name="look", output="found")


def test_without_instructions_and_turn_only_the_history_is_told() -> None:
    history = ChatContext((user("before"),))
    assert context("", Memory(history=history)) == history


def test_history_keeps_the_sentences_that_were_heard_and_the_beginning_of_the_next() -> None:
    assert texts(settled(TURN, Heard(sentences=2, tail="Anything"))) == ["hello", "One moment.", "found", "Here. Anything"]
    assert texts(settled(TURN, Heard(tail="One"))) == ["hello", "One", "found"]
    assert texts(settled(TURN, Heard())) == ["hello", "found"]


def test_a_message_of_which_not_all_was_heard_is_marked_as_interrupted() -> None:
    whole = replace(TURN, rounds=(TURN.rounds[0], replace(TURN.rounds[1], ended=True)))

    def marks(turn: Turn, heard: Heard) -> list[bool]:
        return [item.interrupted for item in settled(turn, heard) if isinstance(item, ChatMessage) and item.role is Role.ASSISTANT]

    assert marks(whole, Heard(sentences=3)) == [False, False]
    assert marks(whole, Heard(sentences=2, tail="Anything")) == [False, True]
    assert marks(whole, Heard(sentences=2)) == [False, True]
    assert marks(whole, Heard(tail="One")) == [True]
    assert marks(TURN, Heard(sentences=3)) == [False, True], "the model was stopped in this round"


def test_the_times_of_items_are_those_of_the_journal_and_never_go_back() -> None:
    history = appended(ChatContext((replace(user("later"), created_at=101.5),)), settled(TURN, Heard(sentences=1)))
    assert [item.created_at for item in history] == [101.5, 101.5, 101.5, 101.5, 102.0]
    old = replace(TURN, asked_wall_s=0.0, rounds=(Round(sentences=(Sentence("Hi."),), ended=True),), outcomes=())
    assert [item.created_at for item in settled(old, Heard(sentences=1))] == [LONG_AGO, LONG_AGO]


def test_what_the_model_had_not_ended_is_as_late_as_what_it_follows() -> None:
    cut_off = replace(TURN, rounds=(*TURN.rounds[:1], Round(sentences=(Sentence("It is"),))))
    handed_on = replace(cut_off, handoffs=(TurnHandoff(rounds=1, new_agent="billing", wall_s=104.0),))
    for turn, last in [(cut_off, 102.0), (handed_on, 104.0)]:
        kept = settled(turn, Heard(sentences=2))
        times = [item.created_at for item in kept]
        assert times == sorted(times)
        assert times[-1] == last
        replies = tuple(item.id for item in kept if isinstance(item, ChatMessage) and item.role is Role.ASSISTANT)
        assert conversation(Memory(turn=replace(turn, told=replies))) == ChatContext(kept)


def test_a_turn_that_goes_on_shows_no_words_and_no_calls_before_they_were_told() -> None:
    waits = replace(TURN, outcomes=(), rounds=TURN.rounds[:1])
    assert [item.id for item in conversation(Memory(turn=waits))] == ["turn-1.user"]
    told = replace(waits, told=("turn-1.reply-1",))
    assert [item.id for item in conversation(Memory(turn=told))] == ["turn-1.user", "turn-1.reply-1"]
    suspended = replace(told, heard=Heard(sentences=1))
    assert [item.id for item in conversation(Memory(suspended=(suspended,)))] == ["turn-1.user", "turn-1.reply-1"]
    reported = replace(told, outcomes=TURN.outcomes, reported=1)
    assert [item.id for item in conversation(Memory(turn=reported))] == ["turn-1.user", "turn-1.reply-1", "call-1", "call-1.output"]


def test_a_reply_that_was_heard_ends_with_the_white_space_that_the_model_wrote() -> None:
    turn = replace(TURN, rounds=(replace(TURN.rounds[0], space="\n"), *TURN.rounds[1:]))
    whole = next(item for item in settled(turn, Heard(sentences=3)) if item.id == "turn-1.reply-1")
    assert isinstance(whole, ChatMessage)
    assert whole.text == "One moment.\n"


def test_every_incarnation_makes_the_same_items_with_ids_that_no_other_item_has() -> None:
    once, again = (appended(ChatContext(), settled(TURN, Heard(sentences=3))) for _ in range(2))
    assert once == again
    assert [item.id for item in once] == ["turn-1.user", "turn-1.reply-1", "call-1", "call-1.output", "turn-1.reply-2"]
    foreign = ChatContext((ChatMessage.of(Role.USER, "of a program", id="turn-1.user", created_at=1.0),))
    assert [item.id for item in appended(foreign, settled(TURN, Heard()))] == ["turn-1.user", "turn-1.user'", "call-1", "call-1.output"]
    asked = context("Be brief.", Memory(history=ChatContext((ChatMessage.of(Role.USER, "x", id="instructions"),))))
    assert len({item.id for item in asked}) == 2


def test_a_call_that_has_no_outcome_is_told_as_one_that_failed() -> None:
    output = settled(replace(TURN, outcomes=()), Heard())[-1]
    assert output == FunctionCallOutput(id="call-1.output", created_at=101.0, call_id="call-1", name="look", output="", is_error=True)


def test_a_turn_of_the_agent_has_no_message_of_the_caller() -> None:
    greeting = Turn(turn_id="turn-1", source=TurnSource.GREETING, text="", rounds=(Round(sentences=(Sentence("Welcome."),), ended=True),))
    assert said(settled(greeting, Heard(sentences=1))) == [("assistant", "Welcome.")]


def test_of_a_turn_that_was_given_up_the_model_is_told_nothing_that_the_session_may_have_died_of() -> None:
    calls = tuple(replace(CALL, call_id=f"call-{number}") for number in (1, 2, 3))
    rounds = (Round(sentences=(Sentence("One moment."),), calls=calls, ended=True),)
    failed = replace(TURN, rounds=rounds, begun_calls=("call-1", "call-2"), deaths=(SPEAKING, SPEAKING))
    history = ChatContext(settled(failed, Heard(sentences=1)))
    assert said(history) == [("failed", "hello"), ("assistant", "One moment.")]
    assert history.items[0] == FailedTurn(id="turn-1.failed", created_at=100.0, text="hello", tools=("look",))
    told = said(context("", Memory(history=history)))
    assert told == [
        ("system", GIVEN_UP + " For it these tools may have run, or not: look. Do not claim either."),
        ("assistant", "One moment."),
    ]
    given_up = ChatContext(settled(replace(failed, begun_calls=()), Heard()))
    assert said(context("", Memory(history=given_up))) == [("system", GIVEN_UP)]
    assert not settled(replace(TURN, source=TurnSource.GREETING, text="", rounds=(), deaths=(SPEAKING, SPEAKING)), Heard())


def test_what_was_heard_is_told_as_one_text() -> None:
    assert heard_text(TURN, Heard(sentences=2, tail="Anything")) == "One moment. Here. Anything"
    assert heard_text(TURN, Heard()) == ""


def test_the_oldest_turns_are_forgotten_whole_beyond_the_number_of_items() -> None:
    history = ChatContext()
    for number in range(MAX_HISTORY_ITEMS):
        turn = replace(TURN, turn_id=f"turn-{number}", rounds=TURN.rounds[:1])
        history = appended(history, settled(turn, Heard(sentences=1)))
    assert MAX_HISTORY_ITEMS - 4 <= len(history) <= MAX_HISTORY_ITEMS
    assert isinstance(history.items[0], ChatMessage)
    assert history.items[0].role is Role.USER
    assert history == history.copy(), "no half of a pair"


def test_a_summary_at_the_beginning_stays() -> None:
    summary = Summary(id="s", created_at=1.0, text="They spoke of pizza.")
    history = ChatContext((summary,))
    for number in range(MAX_HISTORY_ITEMS):
        history = appended(history, (replace(user("é"), id=str(number)), ChatMessage.of(Role.ASSISTANT, "yes", id=f"{number} yes")))
    assert len(history) == MAX_HISTORY_ITEMS - 1
    assert history.items[0] == summary


@given(st.lists(st.integers(1, 90_000), max_size=12))
def test_the_history_holds_its_bytes(sizes: list[int]) -> None:
    history = ChatContext()
    for size in sizes:
        history = appended(history, (user("é" * size), ChatMessage.of(Role.ASSISTANT, "yes")))
    assert sum(len(text.encode()) for text in texts(history)) <= MAX_HISTORY_BYTES
    assert not sizes or len(history) >= 2


def test_every_item_has_its_size() -> None:
    items: list[tuple[ChatItem, int]] = [
        (user("é"), 2),
        (ChatMessage.of(Role.USER, "a", ImageContent(data=b"123", mime_type="image/png"), ImageContent(url="https://a")), 13),
        (CALL, 6),
        (FunctionCallOutput(call_id="c", output="found"), 5),
        (Summary(text="short"), 5),
        (FailedTurn(text="x"), 1),
        (AgentHandoff(new_agent="billing"), 0),
    ]
    assert [item_bytes(item) for item, _ in items] == [size for _, size in items]


def test_the_same_is_told_whatever_the_ids_and_times() -> None:
    one, other = (
        ChatContext((ChatMessage.of(Role.USER, "hello", id=item_id, created_at=at), CALL)) for item_id, at in (("a", 1.0), ("b", 2.0))
    )
    assert tells_the_same(one, other)
    assert not tells_the_same(one, ChatContext((user("hello"),)))
    assert not tells_the_same(one, ChatContext((user("hello?"), CALL)))


@pytest.mark.parametrize("context_of", ["hook", "history"])
def test_what_an_agent_was_given_of_a_turn_that_goes_on_is_told_once(context_of: str) -> None:
    """A program may have given it what was said so far: a task the history of the agent whose tool awaits it, which it merges back."""
    asked_for = next(item for item in settled(TURN, Heard()) if isinstance(item, ChatMessage) and item.role is Role.USER)
    known = ChatContext((user("before"), asked_for, user("since")))
    turn = replace(TURN, context=known, hooked_wall_s=50.0) if context_of == "hook" else TURN
    told = [item for item in context("", Memory(turn=turn, known=known)) if isinstance(item, ChatMessage) and item.text == asked_for.text]
    assert [item.id for item in told] == [asked_for.id]
    kept = inserted(known, TURN, settled(TURN, Heard(sentences=3)))
    assert [item.id for item in kept if isinstance(item, ChatMessage) and item.text == asked_for.text] == [asked_for.id]


def test_a_call_in_progress_stands_before_what_an_agent_knows_or_among_it() -> None:
    waiting = replace(TURN, outcomes=(), rounds=TURN.rounds[:1], begun_calls=(CALL.call_id,), heard=Heard(sentences=1))
    older = ChatMessage.of(Role.USER, "older", id="older", created_at=1.0)
    newer = ChatMessage.of(Role.USER, "newer", id="newer", created_at=500.0)

    def kinds(*known: ChatMessage) -> list[str]:
        memory = Memory(suspended=(waiting,), agents=("", ""), known=ChatContext(known))
        return [type(item).__name__ for item in context("Be brief.", memory)]

    running = ["FunctionCall", "FunctionCallOutput"]
    assert kinds() == [*running, "ChatMessage"]
    assert kinds(newer) == [*running, "ChatMessage", "ChatMessage"]
    assert kinds(older, newer) == ["ChatMessage", "ChatMessage", *running, "ChatMessage"]
