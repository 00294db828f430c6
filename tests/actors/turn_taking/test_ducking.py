"""The agent is ducked at once and pauses soon, and goes on when it was nothing."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.turn_taking import DUCKING_TABLE, DuckingOptions, Loudness, Overlap, loudness_after
from actors.turn_taking.ducking import REFLEX_MS, SILENT_MS
from protocols import VoiceActivity

OPTIONS = DuckingOptions()
FRAME_MS = 20


def activity(voiced_ms: int, silent_ms: int = 0) -> VoiceActivity:
    return VoiceActivity(at_ms=0, probability=0.9, voiced_ms=voiced_ms, silent_ms=silent_ms, speaking=True)


def through(*frames: VoiceActivity, options: DuckingOptions = OPTIONS) -> list[Loudness]:
    loudness, told = Loudness.FULL, []
    for frame in frames:
        loudness = loudness_after(loudness, frame, options)
        told.append(loudness)
    return told


def test_the_table_is_total() -> None:
    assert set(DUCKING_TABLE) == set(Loudness)
    assert all(set(row) == set(Overlap) for row in DUCKING_TABLE.values())


def test_voice_ducks_then_pauses_and_its_end_undoes_both() -> None:
    voiced = [activity(ms) for ms in range(FRAME_MS, 300, FRAME_MS)]
    told = through(*voiced)
    assert told.index(Loudness.DUCKED) == OPTIONS.duck_ms // FRAME_MS - 1
    assert told.index(Loudness.PAUSED) == 200 // FRAME_MS - 1
    silent = [activity(300, ms) for ms in range(FRAME_MS, SILENT_MS + FRAME_MS, FRAME_MS)]
    told = through(*voiced, *silent)
    assert told[-1] is Loudness.FULL
    assert set(told[len(voiced) : -1]) == {Loudness.PAUSED}, "a pause in a word is no end"


def test_a_click_changes_nothing() -> None:
    assert set(through(*(activity(ms) for ms in range(0, OPTIONS.duck_ms, FRAME_MS)), activity(0))) == {Loudness.FULL}


def test_a_voice_that_is_forgotten_is_over() -> None:
    assert through(activity(250), activity(0)) == [Loudness.PAUSED, Loudness.FULL]


def test_what_lasts_without_a_decision_is_spoken_over() -> None:
    assert through(activity(250), activity(REFLEX_MS - 1), activity(REFLEX_MS), activity(2 * REFLEX_MS)) == [
        Loudness.PAUSED,
        Loudness.PAUSED,
        Loudness.FULL,
        Loudness.FULL,
    ]


@pytest.mark.parametrize("pause_ms", [0, 200, 2_000, 10_000])
def test_other_times(pause_ms: int) -> None:
    options = DuckingOptions(duck_ms=0, pause_ms=pause_ms)
    assert through(activity(max(1, pause_ms)), options=options) == [Loudness.PAUSED]
    assert pause_ms == 0 or through(activity(1), options=options) == [Loudness.DUCKED]


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 600))))
def test_a_paused_agent_is_never_merely_ducked(frames: list[tuple[int, int]]) -> None:
    told = through(*(activity(*frame) for frame in frames))
    assert not any(before is Loudness.PAUSED and after is Loudness.DUCKED for before, after in pairwise(told))
