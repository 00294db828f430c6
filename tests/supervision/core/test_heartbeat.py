from bisect import insort
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.core.heartbeat import PROBE_TICKS, TICKS, Heartbeat

DEADLINE_S = 4.0
PERIOD_S = DEADLINE_S / TICKS
PATIENCE_S = DEADLINE_S - PROBE_TICKS * PERIOD_S
"""What a child has at least to answer a probe, once it is asked."""
ROUNDING_S = 1e-6


def heartbeat(now: float = 0.0) -> Heartbeat:
    return Heartbeat.begin(round(DEADLINE_S * 1000), now)


def silent(judge: Heartbeat, ticks: int) -> Heartbeat:
    for _ in range(ticks):
        judge = judge.tick(judge.ticked_at + judge.period_s)
    return judge


def test_a_silent_child_hangs_at_its_deadline_and_until_it_answers() -> None:
    judge = silent(heartbeat(100.0), TICKS - 1)
    assert not judge.hung
    judge = silent(judge, 1)
    assert judge.hung
    assert judge.ticked_at == 100.0 + DEADLINE_S
    assert silent(judge, 1).hung
    assert not judge.answer().hung


def test_probes_are_due_again_and_again_while_nobody_answers() -> None:
    assert [silent(heartbeat(), ticks).probe_due for ticks in range(TICKS + 1)] == [
        ticks in range(PROBE_TICKS, TICKS + 1, PROBE_TICKS) for ticks in range(TICKS + 1)
    ]


@pytest.mark.parametrize("ticks", range(TICKS))
def test_a_judge_that_was_late_judges_nobody(ticks: int) -> None:
    judge = silent(heartbeat(), ticks)
    judge = judge.tick(judge.ticked_at + 2 * PERIOD_S + ROUNDING_S)
    assert not judge.hung
    assert judge == heartbeat(judge.ticked_at)


def test_a_small_delay_of_the_judge_is_not_held_against_the_child() -> None:
    judge = heartbeat()
    for _ in range(TICKS - 1):
        judge = judge.tick(judge.ticked_at + 2 * PERIOD_S)
    assert judge.ticked_at > DEADLINE_S
    assert not judge.hung


@dataclass
class Machine:
    """A judge and a child that answers each probe after ``think_s`` of its own running time; either may be stopped at any time.

    Stops are ``(begin, length)`` in the machine's time. A timer that is due while its process is stopped fires when it goes on.
    """

    judge_stops: list[tuple[float, float]]
    child_stops: list[tuple[float, float]]
    think_s: float = 0.01
    hung_at: list[float] = field(default_factory=list)

    def run(self, until: float) -> None:
        judge, tick_at = heartbeat(), PERIOD_S
        answers: list[float] = []
        while (now := _later(self.judge_stops, tick_at)) < until:
            while answers and answers[0] <= now:
                answers.pop(0)
                judge = judge.answer()
            judge = judge.tick(now)
            if judge.probe_due:
                insort(answers, _later(self.child_stops, _later(self.child_stops, now) + self.think_s))
            if judge.hung:
                self.hung_at.append(now)
            tick_at = now + judge.period_s


def _later(stops: list[tuple[float, float]], at: float) -> float:
    """When something that is due at ``at`` is done by a process with these stops."""
    for begin, length in sorted(stops):
        if begin <= at < begin + length:
            at = begin + length
    return at


times = st.floats(0, 60)
stops = st.lists(st.tuples(times, st.floats(0, 20)), max_size=6)


@given(stops, st.floats(0, 1))
def test_a_machine_that_stops_as_a_whole_restarts_nobody_in_whatever_order(pauses: list[tuple[float, float]], lag: float) -> None:
    """A stop lasts longer for the child by up to a second, or for the judge."""
    longer = [(begin, length + lag) for begin, length in pauses]
    for judge, child in ((pauses, longer), (longer, pauses)):
        machine = Machine(judge, child)
        machine.run(100)
        assert machine.hung_at == []


@given(st.floats(0, 60))
def test_a_child_that_stops_for_good_is_noticed_within_its_deadline(begin: float) -> None:
    machine = Machine([], [(begin, 1_000.0)])
    machine.run(100)
    assert machine.hung_at
    assert machine.hung_at[0] - begin <= DEADLINE_S + ROUNDING_S


@given(times, st.floats(0, PATIENCE_S - 2 * PERIOD_S))
def test_a_child_that_stops_for_less_than_its_patience_is_left_alone(begin: float, length: float) -> None:
    machine = Machine([], [(begin, length)])
    machine.run(100)
    assert machine.hung_at == []


@given(stops, times)
def test_a_hang_is_noticed_once_the_judge_runs_for_a_deadline_on_end(pauses: list[tuple[float, float]], begin: float) -> None:
    machine = Machine(pauses, [(begin, 1_000.0)])
    machine.run(400)
    assert machine.hung_at
    awake = max([begin, *(start + length for start, length in pauses)])
    assert machine.hung_at[0] <= _chained(pauses, awake) + DEADLINE_S + 2 * PERIOD_S


def _chained(pauses: list[tuple[float, float]], at: float) -> float:
    while (later := _later(pauses, at)) > at:
        at = later
    return at


@given(st.integers(1, 60_000), st.lists(st.floats(0, 3), max_size=60))
def test_whoever_answers_each_probe_lives(deadline_ms: int, pauses: list[float]) -> None:
    judge, now = Heartbeat.begin(deadline_ms, 0.0), 0.0
    for pause in pauses:
        now += pause * judge.period_s
        judge = judge.tick(now)
        assert not judge.hung
        if judge.probe_due:
            judge = judge.answer()
