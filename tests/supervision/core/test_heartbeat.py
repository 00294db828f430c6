from hypothesis import given
from hypothesis import strategies as st

from supervision.core.heartbeat import TICKS, Heartbeat


def test_a_silent_child_hangs_before_its_deadline() -> None:
    heartbeat, now, hung = Heartbeat.begin(5_000, 100.0), 100.0, False
    while not hung:
        now += heartbeat.period_s
        heartbeat, hung = heartbeat.tick(now)
    assert 4.0 < now - 100.0 <= 5.0


def test_an_answer_is_a_new_beginning() -> None:
    heartbeat = Heartbeat.begin(1_000, 0.0)
    for tick in range(1, 50):
        heartbeat, hung = heartbeat.tick(tick * heartbeat.period_s)
        assert not hung
        heartbeat = heartbeat.answer(tick * heartbeat.period_s)


def test_a_late_judge_judges_nobody() -> None:
    heartbeat, hung = Heartbeat.begin(1_000, 0.0).tick(60.0)
    assert not hung
    for tick in range(1, TICKS):
        heartbeat, hung = heartbeat.tick(60.0 + tick * heartbeat.period_s)
        assert not hung


@given(st.integers(1, 60_000), st.lists(st.floats(0, 3), max_size=60))
def test_whoever_answers_each_probe_lives(deadline_ms: int, pauses: list[float]) -> None:
    heartbeat, now = Heartbeat.begin(deadline_ms, 0.0), 0.0
    for pause in pauses:
        now += pause * heartbeat.period_s
        heartbeat, hung = heartbeat.tick(now)
        assert not hung
        heartbeat = heartbeat.answer(now)
