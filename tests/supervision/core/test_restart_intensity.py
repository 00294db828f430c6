import math

from hypothesis import given
from hypothesis import strategies as st

from supervision.core import RestartIntensity


def spend(intensity: RestartIntensity, *times: float) -> list[bool]:
    allowed = []
    for now in times:
        intensity, ok = intensity.count(now)
        allowed.append(ok)
    return allowed


def test_the_limit_is_allowed_and_one_more_is_not() -> None:
    assert spend(RestartIntensity(max_restarts=2, max_seconds=5), 0, 0, 0) == [True, True, False]
    assert spend(RestartIntensity(max_restarts=0, max_seconds=5), 0) == [False]


def test_the_clock_has_whole_seconds_and_the_window_both_ends() -> None:
    # OTP: 1.7 s apart, but in adjacent whole seconds; 1.3 s apart, but with a whole second between.
    assert spend(RestartIntensity(max_restarts=1, max_seconds=1), 10.1, 11.8) == [True, False]
    assert spend(RestartIntensity(max_restarts=1, max_seconds=1), 10.8, 12.1) == [True, True]


def test_negative_clocks_count_alike() -> None:
    assert spend(RestartIntensity(max_restarts=1, max_seconds=1), -0.2, 0.9) == [True, False]


@given(st.integers(0, 5), st.integers(1, 5), st.lists(st.floats(0, 3), max_size=30))
def test_never_more_in_a_window_and_never_forgotten_early(max_restarts: int, max_seconds: int, pauses: list[float]) -> None:
    intensity, now = RestartIntensity(max_restarts=max_restarts, max_seconds=max_seconds), 0.0
    seconds: list[int] = []
    for pause in pauses:
        now += pause
        intensity, allowed = intensity.count(now)
        seconds.append(math.floor(now))
        recent = [second for second in seconds if seconds[-1] - second <= max_seconds]
        assert allowed == (len(recent) <= max_restarts)
        if not allowed:
            return
        assert len(intensity.restarts) <= max_restarts
