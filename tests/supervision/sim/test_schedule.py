"""The order of a simulation: every interleaving of pairs is possible, no pair is ever out of order."""

from collections import defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.sim.schedule import Arrival, Lane, Schedule, Turn

A: Lane = ("x", "a")
B: Lane = ("y", "a")


def first(_candidates: int) -> int:
    return 0


def last(candidates: int) -> int:
    return candidates - 1


def drain(schedule: Schedule[str, str], now: float, pick: Callable[[int], int] = first) -> list[str]:
    items = []
    while step := schedule.step(now, pick):
        items.append(step.item)
    return items


def test_an_empty_schedule_does_nothing() -> None:
    schedule: Schedule[str, str] = Schedule()
    assert schedule.step(0, first) is None
    assert schedule.next_at(0) is None


def test_the_choice_among_lanes_and_mailboxes_is_the_caller_s() -> None:
    schedule: Schedule[str, str] = Schedule()
    schedule.send(A, "a", at=0)
    schedule.send(B, "b", at=0)
    schedule.deposit("m", "c")
    candidates = []

    def pick(count: int) -> int:
        candidates.append(count)
        return 1 if count == 3 else last(count)

    assert schedule.step(0, pick) == Arrival("y", "a", "b")
    assert schedule.step(0, pick) == Turn("m", "c")
    assert schedule.step(0, pick) == Arrival("x", "a", "a")
    assert candidates == [3, 2, 1]


def test_time_leaps_to_what_is_due_first() -> None:
    schedule: Schedule[str, str] = Schedule()
    schedule.send(A, "late", at=5)
    schedule.send(B, "soon", at=2)
    assert schedule.next_at(1) == 2
    assert schedule.step(1, first) is None
    assert schedule.next_at(7) == 7, "what is overdue is due now"
    assert drain(schedule, 2) == ["soon"]
    schedule.deposit("m", "now")
    assert schedule.next_at(2) == 2


def test_a_slow_item_holds_up_what_follows_on_its_lane_only() -> None:
    schedule: Schedule[str, str] = Schedule()
    schedule.send(A, "slow", at=3)
    schedule.send(A, "behind", at=0)
    schedule.send(B, "aside", at=0)
    assert drain(schedule, 2) == ["aside"]
    assert drain(schedule, 3) == ["slow", "behind"]


def test_out_of_order_items_overtake_what_is_ready_later() -> None:
    schedule: Schedule[str, str] = Schedule()
    schedule.send(A, "slow", at=3)
    schedule.send(A, "kill", at=0, in_order=False)
    schedule.send(A, "after", at=0)
    assert drain(schedule, 0) == ["kill"]
    assert drain(schedule, 3) == ["slow", "after"]


def test_what_is_ready_together_keeps_its_order() -> None:
    schedule: Schedule[str, str] = Schedule()
    for item in "abc":
        schedule.send(A, item, at=1, in_order=False)
    assert drain(schedule, 1) == ["a", "b", "c"]


def test_an_item_is_cancelled_until_it_has_left() -> None:
    schedule: Schedule[str, str] = Schedule()
    ticket = schedule.send(A, "a", at=1)
    other = schedule.send(A, "b", at=1)
    schedule.cancel(A, ticket)
    schedule.cancel(A, ticket)
    assert drain(schedule, 1) == ["b"]
    schedule.cancel(A, other)
    assert schedule.next_at(1) is None


def test_a_held_mailbox_fills_and_waits_for_every_reason() -> None:
    schedule: Schedule[str, str] = Schedule()
    schedule.hold("m", "starting")
    schedule.hold("m", "suspended")
    schedule.deposit("m", "a")
    schedule.deposit("m", "b")
    assert schedule.next_at(0) is None
    schedule.release("m", "starting")
    assert schedule.is_held("m", "suspended")
    assert not schedule.is_held("m", "starting")
    assert drain(schedule, 0) == []
    schedule.release("m", "suspended")
    schedule.release("m", "suspended")
    assert drain(schedule, 0) == ["a", "b"]


def test_forgetting_a_mailbox_takes_its_timers_with_it_and_no_message_on_its_way() -> None:
    schedule: Schedule[str, str] = Schedule()
    schedule.send(("m", "m"), "timer", at=9)
    schedule.send(("m", "n"), "message", at=0)
    schedule.deposit("m", "turn")
    schedule.hold("m", "suspended")
    schedule.forget("m")
    schedule.forget("m")
    assert not schedule.is_held("m", "suspended")
    assert drain(schedule, 9) == ["message"]


SENDS = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("ab"), st.integers(0, 3)), max_size=30)


@given(SENDS, st.randoms(use_true_random=False))
def test_each_item_arrives_once_at_its_time_and_no_pair_is_out_of_order(sends: list[tuple[str, str, int]], random: object) -> None:
    schedule: Schedule[int, int] = Schedule()
    for number, (source, target, at) in enumerate(sends):
        schedule.send((source, target), number, at=at)
    now = 0.0
    arrived = []
    while (due := schedule.next_at(now)) is not None:
        now = due
        step = schedule.step(now, random.randrange)  # type: ignore[attr-defined]
        assert isinstance(step, Arrival)
        assert now >= sends[step.item][2]
        arrived.append(step.item)
    assert sorted(arrived) == list(range(len(sends)))
    pairs = defaultdict(list)
    for number in arrived:
        pairs[sends[number][:2]].append(number)
    assert all(numbers == sorted(numbers) for numbers in pairs.values())


@pytest.mark.parametrize(("pick", "expected"), [(first, "ab"), (last, "ba")])
def test_mailboxes_are_chosen_too(pick: Callable[[int], int], expected: str) -> None:
    schedule: Schedule[str, str] = Schedule()
    schedule.deposit("m", "a")
    schedule.deposit("n", "b")
    assert "".join(drain(schedule, 0, pick)) == expected
