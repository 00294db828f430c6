import itertools
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols import ConfigurationError
from supervision.circuit_breakers.breaker import (
    KEPT,
    MAX_THRESHOLD,
    TRANSITIONS,
    Breaker,
    BreakerSettings,
    Event,
    State,
    Verdict,
    ask,
    outcome,
)

SETTINGS = BreakerSettings(failure_threshold=3, window_s=10.0, cool_down_s=1.0, max_cool_down_s=4.0, probe_timeout_s=5.0)
ALLOWED = Verdict(allowed=True)


def failed(times: int, *, breaker: Breaker | None = None, now: float = 0.0) -> Breaker:
    breaker = breaker or Breaker()
    for _ in range(times):
        breaker = outcome(breaker, SETTINGS, "caller", now, ok=False)
    return breaker


def test_the_table_is_total_and_every_state_is_reached() -> None:
    assert all(set(TRANSITIONS[state]) == set(Event) for state in State)
    assert set(TRANSITIONS) == set(State)
    reached = {State.CLOSED}
    for _ in State:
        reached |= {TRANSITIONS[state][event] for state in reached for event in Event}
    assert reached == set(State)


def test_it_opens_at_the_threshold() -> None:
    assert failed(2).state is State.CLOSED
    breaker = failed(3)
    assert breaker.state is State.OPEN
    assert ask(breaker, SETTINGS, "caller", 0.25) == (breaker, Verdict(allowed=False, retry_after_s=0.75))


def test_failures_leave_the_window() -> None:
    breaker = failed(1, breaker=failed(2), now=10.0)
    assert (breaker.state, breaker.failures) == (State.CLOSED, (10.0,))


def test_successes_close_nothing_and_forgive_nothing_while_closed() -> None:
    breaker = outcome(failed(2), SETTINGS, "caller", 1.0, ok=True)
    assert failed(1, breaker=breaker, now=2.0).state is State.OPEN


def test_a_service_that_mostly_answers_stays_closed_however_busy_the_node_is() -> None:
    breaker = Breaker()
    for number in range(1_000):
        breaker = outcome(breaker, SETTINGS, "caller", number / 1_000, ok=number % 3 < 2)  # 333 failures in a second, of 1,000
        assert breaker.state is State.CLOSED
    assert failed(SETTINGS.failure_threshold * KEPT // 2, breaker=breaker, now=1.0).state is State.OPEN


def test_a_probe_that_was_given_up_makes_room_for_the_next() -> None:
    breaker, _ = ask(failed(3), SETTINGS, "prober", 1.0)
    assert outcome(breaker, SETTINGS, "other", 1.5, ok=None) == breaker
    breaker, verdict = ask(outcome(breaker, SETTINGS, "prober", 1.5, ok=None), SETTINGS, "next", 1.5)
    assert (verdict, breaker.state, breaker.probe) == (ALLOWED, State.HALF_OPEN, "next")


def test_a_request_that_was_given_up_says_nothing_while_closed_or_open() -> None:
    assert outcome(failed(2), SETTINGS, "caller", 0.0, ok=None) == failed(2)
    assert outcome(failed(3), SETTINGS, "caller", 0.0, ok=None) == failed(3)


def test_after_the_cool_down_one_probe_goes_through_and_others_wait_for_it() -> None:
    breaker, verdict = ask(failed(3), SETTINGS, "prober", 1.0)
    assert (breaker.state, verdict) == (State.HALF_OPEN, ALLOWED)
    assert ask(breaker, SETTINGS, "other", 2.0) == (breaker, Verdict(allowed=False, retry_after_s=1.0))
    assert ask(breaker, SETTINGS, "other", 5.5)[1] == Verdict(allowed=False, retry_after_s=0.5)


def test_only_the_probe_decides() -> None:
    breaker, _ = ask(failed(3), SETTINGS, "prober", 1.0)
    assert outcome(breaker, SETTINGS, "other", 1.5, ok=True) == breaker
    assert outcome(breaker, SETTINGS, "prober", 1.5, ok=True) == Breaker()
    assert outcome(breaker, SETTINGS, "prober", 1.5, ok=False).state is State.OPEN


def test_late_outcomes_do_not_move_an_open_breaker() -> None:
    breaker = failed(3)
    for ok in (True, False):
        after = outcome(breaker, SETTINGS, "caller", 0.5, ok=ok)
        assert (after.state, after.until_s, after.cool_down_s) == (breaker.state, breaker.until_s, breaker.cool_down_s)


def test_each_failed_probe_doubles_the_cool_down_up_to_the_bound() -> None:
    breaker, now = failed(3), 0.0
    cool_downs = []
    for _ in range(5):
        cool_downs.append(breaker.cool_down_s)
        now = breaker.until_s
        breaker, verdict = ask(breaker, SETTINGS, "prober", now)
        assert verdict == ALLOWED
        breaker = outcome(breaker, SETTINGS, "prober", now, ok=False)
    assert cool_downs == [1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_probe_that_never_ends_is_given_up() -> None:
    breaker, _ = ask(failed(3), SETTINGS, "lost", 1.0)
    breaker, verdict = ask(breaker, SETTINGS, "next", 6.0)
    assert (verdict, breaker.state, breaker.probe) == (ALLOWED, State.HALF_OPEN, "next")


OUTCOMES = {"ok": True, "failed": False, "given up": None}
STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ok", "failed", "given up"]), st.sampled_from(["a", "b"]), st.floats(0.0, 8.0)), max_size=60
)


@given(STEPS)
@example([("ask", "a", 0.0)])
def test_whatever_happens_it_keeps_its_word(steps: list[tuple[str, str, float]]) -> None:
    breaker, now = Breaker(), 0.0
    for what, caller, passed in steps:
        now += passed
        before = breaker
        if what == "ask":
            breaker, verdict = ask(breaker, SETTINGS, caller, now)
            assert verdict.allowed == (breaker != before or before.state is State.CLOSED)
            assert verdict.allowed == (verdict.retry_after_s == 0.0)
        else:
            breaker = outcome(breaker, SETTINGS, caller, now, ok=OUTCOMES[what])
        assert len(breaker.outcomes) <= KEPT * SETTINGS.failure_threshold
        assert all(earlier <= later for earlier, later in itertools.pairwise(breaker.failures))
        assert (breaker.cool_down_s == 0.0) == (breaker.state is State.CLOSED)
        assert breaker.cool_down_s <= SETTINGS.max_cool_down_s


@given(STEPS, st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_waiting_longer_never_makes_the_verdict_worse(steps: list[tuple[str, str, float]], first: float, second: float) -> None:
    breaker, now = Breaker(), 0.0
    for what, caller, passed in steps:
        now += passed
        breaker = ask(breaker, SETTINGS, caller, now)[0] if what == "ask" else outcome(breaker, SETTINGS, caller, now, ok=OUTCOMES[what])
    sooner, later = sorted((now + first, now + second))
    early, late = ask(breaker, SETTINGS, "c", sooner)[1], ask(breaker, SETTINGS, "c", later)[1]
    assert late.allowed >= early.allowed
    assert late.retry_after_s <= early.retry_after_s
    assert ask(breaker, SETTINGS, "c", breaker.until_s)[1].allowed


@given(STEPS)
def test_nobody_is_refused_before_the_threshold(steps: list[tuple[str, str, float]]) -> None:
    breaker, now, failures = Breaker(), 0.0, 0
    for what, caller, passed in steps:
        now += passed
        failures += what == "failed"
        if failures >= SETTINGS.failure_threshold:
            return
        if what == "ask":
            assert ask(breaker, SETTINGS, caller, now) == (breaker, ALLOWED)
        else:
            breaker = outcome(breaker, SETTINGS, caller, now, ok=OUTCOMES[what])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("failure_threshold", 0),
        ("failure_threshold", MAX_THRESHOLD + 1),
        ("failure_threshold", 2.0),
        ("failure_threshold", True),
        ("window_s", 0),
        ("cool_down_s", -1.0),
        ("max_cool_down_s", math.inf),
        ("probe_timeout_s", math.nan),
        ("window_s", "30"),
        ("cool_down_s", 61.0),
        ("threshold", 3),
    ],
)
def test_impossible_settings_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=name):
        BreakerSettings.from_args({name: value})


def test_settings_have_defaults() -> None:
    assert BreakerSettings.from_args({"window_s": 5}) == BreakerSettings(window_s=5)
