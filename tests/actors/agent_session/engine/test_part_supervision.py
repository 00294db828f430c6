"""What becomes of a part that failed: restarted at once, after a pause, or given up; forgotten as OTP forgets."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.engine.part_supervision import (
    MAX_RETRY_AFTER_S,
    PART_STATES,
    POLICIES,
    Part,
    PartEvent,
    PartHealth,
    PartStatus,
)
from support.state_tables import check_table


def fail(health: PartHealth, now: float, **options: float) -> tuple[PartHealth, float | None]:
    return health.failed("broken", now, restart_helps=True, **options)


def test_the_table_is_total() -> None:
    check_table(PART_STATES, PartStatus, PartEvent)
    assert all(set(row) == set(PartEvent) for row in PART_STATES.moves.values())


def test_each_part_has_a_policy_whose_row_of_restarts_fits_into_its_intensity() -> None:
    assert set(POLICIES) == set(Part)
    for policy in POLICIES.values():
        assert 0 < policy.in_a_row <= policy.max_restarts
        assert policy.fallback


NAMES = {
    "VAD": Part.VAD,
    "STT": Part.STT,
    "STT, its stream": Part.STT_STREAM,
    "LLM": Part.LLM,
    "TTS": Part.TTS,
    "turn detector": Part.TURN_DETECTOR,
}


def test_the_page_says_what_the_table_does(checkout: Path) -> None:
    page = (checkout / "docs" / "faults.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) in (\d+) s[^|]* \|", page, re.MULTILINE)
    found = {NAMES[name]: (int(row), int(restarts), int(seconds)) for name, row, restarts, seconds in rows}
    assert found == {part: (policy.in_a_row, policy.max_restarts, policy.max_seconds) for part, policy in POLICIES.items()}


def test_it_is_restarted_at_once_then_after_growing_pauses_then_given_up() -> None:
    health, delays = PartHealth.of(Part.TURN_DETECTOR), []
    for _ in range(4):
        health, delay_s = fail(health, 10.0)
        delays.append((delay_s, health.status))
        health = health.asked()
    assert delays == [(0.0, "failed"), (0.3, "failed"), (0.6, "failed"), (None, "given_up")]
    assert (health.status, health.reason) == (PartStatus.GIVEN_UP, "broken")


def test_who_works_in_between_is_restarted_at_once_again_until_the_intensity_is_spent() -> None:
    health = PartHealth.of(Part.LLM)
    for second in range(5):
        health, delay_s = fail(health, float(second))
        assert delay_s == 0.0
        assert health.asked().status is PartStatus.RESTARTED
        health = health.asked().worked()
        assert (health.status, health.in_a_row) == (PartStatus.WELL, 0)
    health, delay_s = fail(health, 5.0)
    assert (health.status, delay_s) == (PartStatus.GIVEN_UP, None)


def test_what_is_older_than_the_intensity_counts_is_forgotten() -> None:
    health = PartHealth.of(Part.LLM)
    for second in (0, 1, 2, 3, 4):
        health = fail(health, float(second))[0].asked().worked()
    assert fail(health, 30.9)[1] is None, "OTP's clock has whole seconds: that of 0 s counts until 30 s are over"
    assert fail(health, 31.0)[1] == 0.0


def test_what_was_given_up_is_restarted_when_it_fails_later() -> None:
    health = PartHealth.of(Part.STT)
    health = fail(fail(health, 0.0)[0].asked(), 1.0)[0]
    assert health.status is PartStatus.GIVEN_UP
    assert health.asked().status is PartStatus.GIVEN_UP
    assert health.asked().worked().status is PartStatus.WELL
    health, delay_s = fail(health, 100.0)
    assert (health.status, delay_s) == (PartStatus.FAILED, 0.0)


@pytest.mark.parametrize(("asked_s", "delay_s"), [(0.1, 0.1), (2.0, 2.0), (MAX_RETRY_AFTER_S, MAX_RETRY_AFTER_S), (5.1, None)])
def test_who_asks_for_time_gets_it_unless_it_is_more_than_a_caller_waits(asked_s: float, delay_s: float | None) -> None:
    assert fail(PartHealth.of(Part.LLM), 0.0, retry_after_s=asked_s)[1] == delay_s


def test_what_no_restart_helps_is_given_up_and_its_failure_counts_for_nothing() -> None:
    before = PartHealth.of(Part.LLM)
    health, delay_s = before.failed("no such model", 0.0, restart_helps=False)
    assert (health.status, delay_s, health.intensity) == (PartStatus.GIVEN_UP, None, before.intensity)


@given(part=st.sampled_from(Part), at=st.lists(st.floats(0, 100), max_size=40), works=st.lists(st.booleans(), min_size=40, max_size=40))
def test_however_it_fails_the_restarts_within_the_time_and_in_a_row_are_bounded(part: Part, at: list[float], works: list[bool]) -> None:
    policy, health = POLICIES[part], PartHealth.of(part)
    restarts: list[float] = []
    row = 0
    for now, well in zip(sorted(at), works, strict=False):
        health, delay_s = fail(health, now)
        if delay_s is not None:
            restarts.append(now)
            assert delay_s <= policy.backoff.max_ms / 1000
            row += 1
        else:
            row = 0
        if well:
            health, row = health.worked(), 0
        assert row <= policy.in_a_row
        assert sum(then > now - policy.max_seconds for then in restarts) <= policy.max_restarts
        assert len(health.intensity.restarts) <= policy.max_restarts
