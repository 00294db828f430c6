"""What is judged to block a program loop: what is user code's own of a block, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.program_loop.blocking import (
    BLOCKED_S,
    MAX_PLACES,
    Blocked,
    BlockEnded,
    Collected,
    Frame,
    MustEnd,
    Place,
    Sample,
    Verdict,
    Watch,
    place_of,
    step,
    words,
)

TICK_S = 0.1
LIMIT_S = 3.0
SLACK_S = 0.25
"""What a look every `TICK_S` may miss of a block's beginning and end."""
LOCKED = frozenset({"lock", "collection", "stopped", "unserved"})
"""In which nothing of the process but what runs gets on."""
OWN = frozenset({"sleep", "compute", "lock"})


@dataclass(frozen=True)
class Stretch:
    """What the loop's thread does for a time."""

    kind: str
    length_s: float


@dataclass(frozen=True)
class Truth:
    """One block, as it was."""

    elapsed_s: float
    own_s: float
    collected_s: float
    stops: int


def looks(stretches: Sequence[Stretch]) -> list[Sample]:
    """The samples of a monitor that looks every `TICK_S`, but cannot while the lock is held or the process does not run."""
    ends = list(accumulate(stretch.length_s for stretch in stretches))

    def total(kinds: frozenset[str], until: float) -> float:
        begins = [0.0, *ends]
        return sum(
            max(0.0, min(until, begin + stretch.length_s) - begin)
            for begin, stretch in zip(begins, stretches, strict=False)
            if stretch.kind in kinds
        )

    def at(time: float) -> int:
        return next((index for index, end in enumerate(ends) if time < end), len(ends) - 1)

    samples: list[Sample] = []
    asked, given = TICK_S, None
    while asked < ends[-1]:
        index, now = at(asked), asked
        while index < len(ends) and stretches[index].kind in LOCKED:
            now = ends[index]
            index += 1
        seen = index - 1 if now > asked else index
        while stretches[seen].kind == "stopped":  # where it was before
            seen -= 1
        running = stretches[seen]
        if given is not None and any(stretches[i].kind == "idle" and ends[i] > given for i in range(at(given), at(now - 1e-9) + 1)):
            given = None
        samples.append(
            Sample(
                at=now,
                late_s=now - asked,
                due_since=given,
                place=None if running.kind == "idle" else Place("shop.py", 1, running.kind),
                collected_s=total(frozenset({"collection"}), now),
                starved_s=total(frozenset({"unserved"}), now),
                process_s=total(frozenset({"compute", "lock", "collection"}), now),
            )
        )
        if given is None:
            given = now if at(now) != len(ends) and stretches[at(now)].kind != "idle" else None
        asked = now + TICK_S
    return samples


def judge(samples: Sequence[Sample], limit_s: float | None = LIMIT_S) -> list[Verdict]:
    watch, found = Watch(limit_s), list[Verdict]()
    for sample in samples:
        watch, verdicts = step(watch, sample)
        found += verdicts
    return found


busy = st.lists(
    st.builds(Stretch, st.sampled_from(sorted(OWN | LOCKED)), st.floats(0.01, 2.0)),
    min_size=1,
    max_size=4,
)


@given(busy)
def test_a_block_is_judged_by_what_is_its_own(block: list[Stretch]) -> None:
    idle = Stretch("idle", 1.05)
    found = judge(looks([idle, *block, idle]))
    truth = Truth(
        elapsed_s=sum(stretch.length_s for stretch in block),
        own_s=sum(stretch.length_s for stretch in block if stretch.kind in OWN),
        collected_s=sum(stretch.length_s for stretch in block if stretch.kind == "collection"),
        stops=sum(stretch.kind == "stopped" for stretch in block),
    )
    blamed = [verdict for verdict in found if isinstance(verdict, Blocked)]
    ended = [verdict for verdict in found if isinstance(verdict, BlockEnded)]
    condemned = [verdict for verdict in found if isinstance(verdict, MustEnd)]
    collected = [verdict for verdict in found if isinstance(verdict, Collected)]
    unseen_s = TICK_S * (truth.stops + 1)  # a stop that falls between two looks is not seen
    if truth.own_s + unseen_s < BLOCKED_S:
        assert blamed == []
    if truth.own_s - SLACK_S - unseen_s > BLOCKED_S:
        assert len(blamed) == 1
    if truth.own_s + unseen_s < LIMIT_S:
        assert condemned == []
    if truth.own_s - SLACK_S - unseen_s > LIMIT_S:
        assert len(condemned) == 1
    assert len(blamed) == len(ended) <= 1
    assert len(condemned) <= len(blamed)
    for verdict in ended:
        assert truth.own_s - SLACK_S <= verdict.duration_s <= truth.elapsed_s + SLACK_S
    for _ in collected:
        assert blamed == []
        assert truth.collected_s + unseen_s + SLACK_S >= truth.own_s


@pytest.mark.parametrize("kind", sorted(OWN))
def test_each_way_to_block_is_told_once_with_its_place_and_its_end(kind: str) -> None:
    found = judge(looks([Stretch("idle", 1.0), Stretch(kind, 2.0), Stretch("idle", 1.0)]))
    assert [type(verdict) for verdict in found] == [Blocked, BlockEnded]
    first, last = found
    assert isinstance(first, Blocked)
    assert isinstance(last, BlockEnded)
    assert first.place == last.place == Place("shop.py", 1, kind)
    assert last.duration_s == pytest.approx(2.0, abs=SLACK_S)


def test_a_collection_is_told_as_one() -> None:
    found = judge(looks([Stretch("idle", 1.0), Stretch("compute", 0.2), Stretch("collection", 1.0), Stretch("idle", 1.0)]))
    assert [type(verdict) for verdict in found] == [Collected]


@pytest.mark.parametrize("kind", ["stopped", "unserved"])
def test_nobody_is_judged_for_what_the_machine_does_not_give(kind: str) -> None:
    assert judge(looks([Stretch("idle", 1.0), Stretch("sleep", 0.3), Stretch(kind, 60.0), Stretch("idle", 1.0)])) == []
    assert judge(looks([Stretch("idle", 1.0), Stretch(kind, 60.0), Stretch("idle", 1.0)])) == []


def test_a_block_beyond_the_limit_must_end_once_if_there_is_a_limit() -> None:
    samples = looks([Stretch("idle", 1.0), Stretch("compute", 9.0), Stretch("idle", 1.0)])
    found = judge(samples)
    assert [type(verdict) for verdict in found] == [Blocked, MustEnd, BlockEnded]
    assert isinstance(found[1], MustEnd)
    assert found[1].own_s == pytest.approx(LIMIT_S, abs=SLACK_S)
    assert [type(verdict) for verdict in judge(samples, None)] == [Blocked, BlockEnded]


def sample(
    at: float, place: Place | None = None, *, due_since: float | None = None, late_s: float = 0.0, holder: Place | None = None
) -> Sample:
    return Sample(at=at, late_s=late_s, due_since=due_since, place=place, holder=holder, process_s=at)


def test_the_place_that_was_seen_most_is_named() -> None:
    once, often = Place("shop.py", 1, "once"), Place("shop.py", 2, "often")
    found = judge([sample(n / 10, often if n > 1 else once, due_since=0.0) for n in range(8)])
    assert found == [Blocked(often, pytest.approx(0.5, abs=0.11))]


def test_another_thread_that_holds_the_lock_is_named() -> None:
    holder = Place("shop.py", 9, "parse")
    found = judge([sample(0.0), replace(sample(1.0), late_s=0.9, holder=holder), sample(1.1)])
    assert found == [Blocked(holder, pytest.approx(0.9)), BlockEnded(holder, pytest.approx(0.9))]


def test_another_thread_is_not_named_where_nobody_was_late() -> None:
    assert judge([replace(sample(n / 10, due_since=0.0), holder=Place("shop.py", 9, "parse")) for n in range(100)]) == []


def test_a_loop_that_is_late_without_a_place_is_not_judged() -> None:
    assert judge([sample(n / 10, due_since=0.0) for n in range(100)]) == []


def test_the_places_of_a_block_are_bounded() -> None:
    watch = Watch(None)
    for n in range(3 * MAX_PLACES):
        watch, _ = step(watch, sample(n / 10, Place("shop.py", n, "f"), due_since=0.0))
    assert watch.block is not None
    assert len(watch.block.places) == MAX_PLACES


MINE, LIBRARY, WAITING = ("shop.py", 7, "order"), ("/lib/json.py", 5, "loads"), ("/lib/selectors.py", 9, "select")


@pytest.mark.parametrize(
    ("stack", "place"),
    [
        ((), None),
        ((LIBRARY, WAITING), None),
        ((LIBRARY, MINE), Place(*MINE)),
        ((LIBRARY, MINE, LIBRARY, LIBRARY), Place(*MINE, inside="/lib/json.py:5 loads")),
        ((LIBRARY, LIBRARY), Place(*LIBRARY)),
        ((MINE, ("other.py", 1, "f"), LIBRARY), Place("other.py", 1, "f", inside="/lib/json.py:5 loads")),
    ],
)
def test_the_innermost_line_that_is_the_user_s_is_the_place(stack: tuple[Frame, ...], place: Place | None) -> None:
    assert place_of(stack, lambda file: file.startswith("/lib/"), lambda stack: stack[-1] == WAITING) == place


def test_what_the_log_says() -> None:
    inside, place = Place("shop.py", 7, "order", inside="json.py:5 loads"), Place("shop.py", 7, "order")
    assert words(Blocked(inside, 0.52)).endswith("its event loop, for 0.5 s by now, at shop.py:7 in order (inside json.py:5 loads)")
    assert words(BlockEnded(place, 1.26)).startswith("the program blocked its event loop for 1.3 s at shop.py:7 in order:")
    assert words(Collected(0.9)).startswith("a garbage collection stopped the program for 0.9 s")
    assert words(MustEnd(place, 30.1)).endswith("for 30 s at shop.py:7 in order: its process must end")
