"""Both ends of a request that may be lost: how it is repeated, and how the copies are taken for one."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import Figures, Message, Ref
from supervision.actor import requests
from supervision.actor.requests import FIRST_PAUSE_S, MAX_ANSWER_BYTES, MAX_PAUSE_S, Copies, OpenRequests
from supervision.sim.clock import VirtualClock

FIGURES = Figures(role="x", figures={})
ASKED = Ref(id="asked", uid="u1", address="there")


class Timers:
    """Timers of a virtual clock."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.due: list[tuple[float, Callable[[], None]]] = []

    def after(self, delay_s: float, callback: Callable[[], None]) -> Callable[[], None]:
        entry = (self.clock.monotonic() + delay_s, callback)
        self.due.append(entry)
        return lambda: self.due.remove(entry) if entry in self.due else None

    def run_to(self, when: float) -> None:
        while (next_due := min(self.due, key=lambda entry: entry[0], default=None)) and next_due[0] <= when:
            self.due.remove(next_due)
            self.clock.move_to(next_due[0])
            next_due[1]()
        self.clock.move_to(when)


@pytest.fixture
def timers() -> Timers:
    return Timers()


@pytest.fixture
def open_requests(timers: Timers) -> OpenRequests:
    return OpenRequests(timers.clock, timers.after)


def test_it_is_repeated_with_growing_pauses_until_its_time_is_over(timers: Timers, open_requests: OpenRequests) -> None:
    began = timers.clock.monotonic()
    sent: list[float] = []
    answers: list[Message | None] = []
    open_requests.begin("a", ASKED, 20.0, answers.append, sent.append, repeat=True)
    timers.run_to(began + 30.0)
    assert sent == [20.0, 19.5, 18.5, 16.5, 12.5, 8.5, 4.5, 0.5]
    assert (FIRST_PAUSE_S, MAX_PAUSE_S) == (0.5, 4.0)
    assert (answers, timers.due) == ([None], [])


@pytest.mark.parametrize("end", ["answer", "forget"])
def test_who_is_answered_or_gives_up_sends_no_more(timers: Timers, open_requests: OpenRequests, end: str) -> None:
    sent: list[float] = []
    answers: list[Message | None] = []
    open_requests.begin("a", ASKED, 20.0, answers.append, sent.append, repeat=True)
    timers.run_to(timers.clock.monotonic() + 0.6)
    if end == "answer":
        assert open_requests.answer("a", ASKED, FIGURES)
    else:
        open_requests.forget("a")
        open_requests.forget("a")
    assert not open_requests.answer("a", ASKED, FIGURES)
    assert (len(sent), timers.due, answers) == (2, [], [FIGURES] if end == "answer" else [])


@pytest.mark.parametrize("sender", [None, Ref(id="another", uid="u1", address="there"), Ref(id="asked", uid="u1", address="elsewhere")])
def test_only_who_was_asked_answers(timers: Timers, open_requests: OpenRequests, sender: Ref | None) -> None:
    answers: list[Message | None] = []
    open_requests.begin("a", ASKED, 20.0, answers.append, lambda _s: None, repeat=False)
    assert not open_requests.answer("a", sender, FIGURES)
    assert answers == []
    assert open_requests.answer("a", Ref(id="asked", uid="of its next life", address="there"), FIGURES)
    assert answers == [FIGURES]


def test_one_that_is_not_to_be_repeated_is_sent_once(timers: Timers, open_requests: OpenRequests) -> None:
    sent: list[float] = []
    answers: list[Message | None] = []
    open_requests.begin("a", ASKED, 20.0, answers.append, sent.append, repeat=False)
    timers.run_to(timers.clock.monotonic() + 30.0)
    assert (sent, answers) == ([20.0], [None])


def test_the_oldest_is_given_up_at_the_bound(timers: Timers, open_requests: OpenRequests, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MAX_OPEN_REQUESTS", 1)
    first: list[Message | None] = []
    second: list[Message | None] = []
    open_requests.begin("a", ASKED, 20.0, first.append, lambda _s: None, repeat=True)
    open_requests.begin("b", ASKED, 20.0, second.append, lambda _s: None, repeat=True)
    assert first == [], "callbacks never run inside each other"
    timers.run_to(timers.clock.monotonic())
    assert (first, second) == ([None], [])


def test_one_that_had_to_go_at_the_bound_and_is_forgotten_then_is_not_answered(
    timers: Timers, open_requests: OpenRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MAX_OPEN_REQUESTS", 1)
    first: list[Message | None] = []
    open_requests.begin("a", ASKED, 20.0, first.append, lambda _s: None, repeat=True)
    open_requests.begin("b", ASKED, 20.0, lambda _answer: None, lambda _s: None, repeat=True)
    open_requests.forget("a")
    timers.run_to(timers.clock.monotonic())
    assert first == []


KEY, OTHER = ("peer", "1"), ("peer", "2")


def test_of_all_copies_the_first_is_handled_and_the_others_have_its_answer() -> None:
    copies = Copies()
    assert copies.is_first(KEY)
    assert (copies.is_first(KEY), copies.answer(KEY)) == (False, None)
    assert copies.is_first(OTHER), "another request"
    copies.answered(KEY, b"no")
    assert (copies.is_first(KEY), copies.answer(KEY)) == (False, b"no")


def test_what_was_answered_at_length_is_handled_again() -> None:
    copies = Copies()
    copies.is_first(KEY)
    copies.answered(KEY, bytes(MAX_ANSWER_BYTES + 1))
    assert copies.answer(KEY) is None
    assert copies.is_first(KEY)


def test_what_is_remembered_is_bounded_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MAX_UNDER_WAY", 1)
    monkeypatch.setattr(requests, "MAX_ANSWERS", 1)
    copies = Copies()
    assert [copies.is_first(KEY), copies.is_first(OTHER), copies.is_first(OTHER), copies.is_first(KEY)] == [True, True, False, True]
    copies.answered(KEY, b"1")
    copies.answered(OTHER, b"2")
    assert (copies.answer(KEY), copies.answer(OTHER)) == (None, b"2")


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_however_copies_and_answers_mix_it_is_handled_once_until_it_is_answered(answer_between: list[bool]) -> None:
    copies, handled = Copies(), 0
    for answered in answer_between:
        handled += copies.is_first(KEY)
        if answered:
            copies.answered(KEY, b"refused")
    assert handled == 1
