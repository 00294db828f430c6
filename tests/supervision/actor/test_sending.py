"""What an actor says: to whom, in which trace, as which request, and what of an answer reaches whoever waits."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from protocols import (
    Envelope,
    Figures,
    Found,
    GetFigures,
    Lookup,
    Message,
    MessageTooLargeError,
    Ref,
    SendText,
)
from supervision.actor import MAX_OPEN_REQUESTS
from supervision.actor.sending import LOOKUP_TIMEOUT_S, Sending, is_answer
from support.fake_runtime import FakeRuntime

ME = Ref(id="me", uid="me-1", address="here")
PEER = Ref(id="peer", uid="peer-1", address="elsewhere")
REGISTRY = Ref(id="registry", uid="registry-1", address="names")
FIGURES = Figures(role="x", figures={"n": 1})
REQUEST = Envelope(message=GetFigures(), message_id="q-1", to_id=ME.id, to_uid=ME.uid, sender=PEER, trace_id="t-1")
COPY = replace(REQUEST, message_id="ask-repeated-1")
TOO_LARGE = SendText(command_id="c", text="x" * 2_000_000)


class Speaker(Sending):
    """Says what the test says, while it handles ``now``, to what its runtime notes."""

    def __init__(self, *, now: Envelope | None = None, registry: Ref | None = None) -> None:
        self.runtime = FakeRuntime()
        self.now = now
        super().__init__(ME, self.runtime, self.runtime.schedule, lambda: self.now, lambda: registry)

    @property
    def sent(self) -> list[tuple[Ref, Envelope]]:
        return self.runtime.sent

    @property
    def last(self) -> Envelope:
        return self.sent[-1][1]

    def hear(self, message: Message, of: Envelope, sender: Ref | None = PEER) -> bool:
        answer = Envelope(message=message, message_id="a-1", to_id=ME.id, to_uid=ME.uid, sender=sender, correlation_id=of.message_id)
        assert is_answer(answer)
        return self.answered(answer)


# Messages and answers.


def test_send_carries_who_sends_to_whom_and_until_when() -> None:
    speaker = Speaker()
    speaker.send(PEER, GetFigures(), deadline_s=1.5)
    speaker.send(PEER, GetFigures())
    (to, first), (_, second) = speaker.sent
    assert to == PEER
    assert (first.message, first.to_id, first.to_uid, first.sender) == (GetFigures(), PEER.id, PEER.uid, ME)
    assert (first.remaining_ms, second.remaining_ms) == (1500, None)
    assert first.trace_id == first.message_id != second.message_id
    with pytest.raises(MessageTooLargeError):
        speaker.send(PEER, TOO_LARGE)


def test_a_reply_names_its_request_and_goes_on_with_its_trace() -> None:
    speaker = Speaker(now=REQUEST)
    speaker.reply(FIGURES)
    assert (speaker.sent[0][0], speaker.last.message) == (PEER, FIGURES)
    assert (speaker.last.correlation_id, speaker.last.trace_id) == ("q-1", "t-1")


def test_what_is_said_while_a_message_is_handled_goes_on_with_its_trace() -> None:
    speaker = Speaker(now=REQUEST)
    speaker.send(PEER, FIGURES)
    speaker.ask(PEER, GetFigures(), timeout_s=1, then=lambda _answer: None)
    assert [(envelope.correlation_id, envelope.trace_id) for _, envelope in speaker.sent] == [("", "t-1")] * 2


def test_a_replier_answers_later() -> None:
    speaker = Speaker(now=REQUEST)
    answer = speaker.replier()
    speaker.now = None
    assert speaker.sent == []
    answer(FIGURES)
    assert [(to, envelope.correlation_id, envelope.trace_id) for to, envelope in speaker.sent] == [(PEER, "q-1", "t-1")]


@pytest.mark.parametrize("now", [None, replace(REQUEST, sender=None)], ids=["without a message", "to a message of nobody"])
def test_there_is_nobody_to_reply_to(now: Envelope | None) -> None:
    speaker = Speaker(now=now)
    speaker.reply(FIGURES)
    assert speaker.sent == []


# Requests.


def test_the_answer_of_a_request_is_told_once_and_stops_the_timeout() -> None:
    speaker = Speaker()
    answers: list[Message | None] = []
    speaker.ask(PEER, GetFigures(), timeout_s=2, then=answers.append)
    assert speaker.last.remaining_ms == 2000
    assert not speaker.hear(FIGURES, speaker.last, sender=REGISTRY)
    assert speaker.hear(FIGURES, speaker.last)
    assert not speaker.hear(FIGURES, speaker.last)
    speaker.runtime.pass_time(3)
    assert answers == [FIGURES]


def test_a_reply_to_what_was_only_sent_is_no_answer() -> None:
    speaker = Speaker()
    speaker.send(PEER, GetFigures())
    assert not is_answer(replace(REQUEST, correlation_id=speaker.last.message_id))


def test_open_requests_are_bounded_and_the_oldest_is_given_up_in_a_turn_of_its_own() -> None:
    speaker = Speaker()
    answers: dict[int, Message | None] = {}
    for number in range(MAX_OPEN_REQUESTS + 1):
        speaker.ask(PEER, GetFigures(), timeout_s=60, then=lambda answer, number=number: answers.setdefault(number, answer))
    assert answers == {}, "callbacks never run inside each other"
    speaker.runtime.pass_time(0)
    assert answers == {0: None}
    speaker.hear(FIGURES, speaker.sent[0][1])
    speaker.hear(FIGURES, speaker.sent[1][1])
    speaker.runtime.pass_time(60)
    assert answers == {0: None, 1: FIGURES} | dict.fromkeys(range(2, MAX_OPEN_REQUESTS + 1))


def test_a_request_that_cannot_be_sent_is_not_open() -> None:
    speaker = Speaker()
    with pytest.raises(MessageTooLargeError):
        speaker.ask(PEER, TOO_LARGE, timeout_s=1, then=lambda _answer: None)
    assert speaker.runtime.timers == []


def test_a_request_that_is_repeated_goes_out_again_as_the_same() -> None:
    speaker = Speaker()
    answers: list[Message | None] = []
    speaker.ask_repeatedly(PEER, GetFigures(), timeout_s=2, then=answers.append)
    speaker.runtime.pass_time(0.5)
    (_, first), (_, second) = speaker.sent
    assert (second.message_id, second.trace_id, second.message) == (first.message_id, first.trace_id, first.message)
    assert (first.remaining_ms, second.remaining_ms) == (2000, 1500)
    assert speaker.hear(FIGURES, second)
    give_up = speaker.ask_repeatedly(PEER, GetFigures(), timeout_s=2, then=answers.append)
    give_up()
    speaker.runtime.pass_time(3)
    assert (answers, len(speaker.sent)) == ([FIGURES], 3)


# Copies of a request.


@pytest.mark.parametrize(
    ("other", "first"),
    [
        ({"message_id": "ask-repeated-2"}, True),
        ({"sender": replace(PEER, uid="peer-2")}, True),
        ({"message_id": "ask-1"}, True),
        ({"sender": None}, True),
        ({}, False),
    ],
    ids=["another request", "another life asks", "asked once", "from nobody", "a copy"],
)
def test_what_is_a_copy(other: dict[str, Any], first: bool) -> None:
    speaker = Speaker()
    assert speaker.is_first(COPY)
    assert speaker.is_first(replace(COPY, **other)) == first


def test_a_copy_is_answered_as_the_first_was_once_that_is() -> None:
    speaker = Speaker(now=COPY)
    assert speaker.is_first(COPY)
    answer: Callable[[Message], None] = speaker.replier()
    assert not speaker.is_first(COPY)
    assert speaker.sent == []
    answer(FIGURES)
    assert not speaker.is_first(COPY)
    assert speaker.sent == [(PEER, speaker.last)] * 2
    assert (speaker.last.message, speaker.last.correlation_id) == (FIGURES, COPY.message_id)


# Names.


def test_a_name_is_looked_up_and_its_holder_asked() -> None:
    speaker = Speaker(registry=REGISTRY)
    answers: list[Message | None] = []
    speaker.ask_name("peer", GetFigures(), timeout_s=1, then=answers.append)
    assert (speaker.sent[0][0], speaker.last.message, speaker.last.remaining_ms) == (
        REGISTRY,
        Lookup(name="peer"),
        LOOKUP_TIMEOUT_S * 1000,
    )
    speaker.hear(Found(name="peer", ref=PEER), speaker.last, REGISTRY)
    assert speaker.sent[1][0] == PEER
    speaker.hear(FIGURES, speaker.last)
    assert answers == [FIGURES]


def test_a_name_that_nobody_has_answers_none() -> None:
    speaker = Speaker(registry=REGISTRY)
    answers: list[Message | None] = []
    for _ in range(2):
        speaker.ask_name("peer", GetFigures(), timeout_s=1, then=answers.append)
    speaker.hear(Found(name="peer", ref=None), speaker.sent[0][1], REGISTRY)
    speaker.hear(FIGURES, speaker.sent[1][1], REGISTRY)
    assert answers == [None, None]


def test_a_registry_that_does_not_answer_counts_as_nobody() -> None:
    speaker = Speaker(registry=REGISTRY)
    answers: list[Message | None] = []
    speaker.ask_name("peer", GetFigures(), timeout_s=1, then=answers.append)
    speaker.runtime.pass_time(LOOKUP_TIMEOUT_S)
    assert answers == [None]


def test_without_a_registry_nobody_has_a_name_and_the_answer_is_a_turn_of_its_own() -> None:
    speaker = Speaker()
    answers: list[Message | None] = []
    speaker.ask_name("peer", GetFigures(), timeout_s=1, then=answers.append)
    speaker.send_name("peer", GetFigures())
    assert answers == []
    speaker.runtime.pass_time(0)
    assert answers == [None]
    assert speaker.sent == []


def test_a_message_to_a_name_goes_to_its_holder_or_nowhere() -> None:
    speaker = Speaker(registry=REGISTRY)
    speaker.send_name("peer", GetFigures())
    speaker.send_name("nobody", GetFigures())
    (_, first), (_, second) = speaker.sent
    speaker.hear(Found(name="peer", ref=PEER), first, REGISTRY)
    speaker.hear(Found(name="nobody", ref=None), second, REGISTRY)
    assert [(to, envelope.message) for to, envelope in speaker.sent[2:]] == [(PEER, GetFigures())]
