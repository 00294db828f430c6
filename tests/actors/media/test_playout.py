import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.media import Playout
from protocols import ConfigurationError

FRAME = 480  # 20 ms at 24 kHz


def test_frames_are_due_in_real_time() -> None:
    plan = Playout(rate_hz=24_000)
    assert plan.next_at() is None
    sent = []
    for n in range(5):
        samples, plan = plan.due(10_000, 7.0 + n * 0.02)
        sent.append(samples)
    assert sent == [FRAME] * 5
    assert plan.next_at() == pytest.approx(7.1)
    assert plan.played(7.05) == 1_200
    assert plan.played(9.0) == 5 * FRAME


def test_who_wakes_late_catches_up() -> None:
    _, plan = Playout(rate_hz=24_000).due(100_000, 0.0)
    samples, plan = plan.due(100_000, 0.109)
    assert samples == 5 * FRAME
    assert plan.next_at() == pytest.approx(0.12)


def test_a_stop_of_the_process_is_not_made_up_for() -> None:
    _, plan = Playout(rate_hz=24_000).due(100_000, 0.0)
    assert plan.due(100_000, 30.0)[0] == FRAME


def test_silence_of_an_empty_queue_is_not_made_up_for() -> None:
    samples, plan = Playout(rate_hz=24_000).due(FRAME, 0.0)
    assert samples == FRAME
    samples, plan = plan.due(0, 0.02)
    assert samples == 0
    samples, plan = plan.due(10 * FRAME, 0.5)
    assert samples == FRAME
    assert plan.next_at() == pytest.approx(0.52)
    assert plan.played(0.51) == FRAME + FRAME // 2


def test_a_listener_with_a_buffer_is_fed_ahead() -> None:
    samples, plan = Playout(rate_hz=24_000, lead_ms=60).due(100_000, 0.0)
    assert samples == 4 * FRAME
    assert plan.next_at() == pytest.approx(0.02)
    assert plan.played(0.02) == FRAME


def test_the_incomplete_last_frame_waits_unless_nothing_follows() -> None:
    plan = Playout(rate_hz=24_000)
    assert plan.due(100, 0.0)[0] == 0
    assert plan.due(100, 0.0, last=True)[0] == 100


def test_after_a_stop_counts_begin_at_zero() -> None:
    _, plan = Playout(rate_hz=24_000).due(FRAME, 0.0)
    stopped = plan.stopped()
    assert stopped == Playout(rate_hz=24_000)
    assert stopped.played(5.0) == 0
    assert stopped.due(0, 1.0) == (0, stopped)


@given(st.lists(st.floats(0.0, 0.15), max_size=60), st.integers(0, 100))
def test_however_late_the_wake_ups_the_rate_stays_real_time(delays: list[float], lead_ms: int) -> None:
    plan = Playout(rate_hz=24_000, lead_ms=lead_ms)
    now, total = 0.0, 0
    for delay in delays:
        samples, plan = plan.due(10**9, now)
        total += samples
        assert total == plan.sent_samples
        assert abs(total - (now + lead_ms / 1000) * 24_000) <= FRAME + 1
        now = (plan.next_at() or now) + delay


@pytest.mark.parametrize(("rate_hz", "frame_ms"), [(0, 20), (24_000, 0), (11_025, 10)])
def test_frames_that_are_no_samples_are_refused(rate_hz: int, frame_ms: int) -> None:
    with pytest.raises(ConfigurationError):
        Playout(rate_hz=rate_hz, frame_ms=frame_ms)
