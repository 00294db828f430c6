"""What `benchmarks.turn_taking` measures is what is heard: each figure from a row of loudnesses that a test can read."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from protocols import AudioCleared, AudioPushed

RATE_HZ = 24_000
LOUD = [1_000.0]
SOFT = [400.0]
QUIET = [0.0]


@pytest.fixture
def measures(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(checkout)
    from benchmarks.turn_taking import measures

    return measures


@pytest.fixture
def player(measures: ModuleType) -> ModuleType:
    from benchmarks.turn_taking import player

    assert measures.__name__ in sys.modules
    return player


def test_it_is_quieter_when_it_stays_so_and_not_at_the_border_of_two_sentences(measures: ModuleType) -> None:
    row = LOUD * 50 + QUIET * 1 + LOUD * 9 + SOFT * 20 + QUIET * 60
    assert measures.ducked_ms(row, 400.0) == 200.0
    assert measures.silent_ms(row, 400.0, 1_400.0) == 400.0
    assert measures.ducked_ms(LOUD * 100, 400.0) is None
    assert measures.silent_ms(LOUD * 100, 400.0, 900.0) is None


def test_who_did_not_speak_was_not_interrupted(measures: ModuleType) -> None:
    assert measures.ducked_ms(QUIET * 100, 400.0) is None
    assert measures.silent_ms(QUIET * 100, 400.0, 900.0) is None


def test_holes_are_silences_within_speech(measures: ModuleType) -> None:
    row = LOUD * 30 + QUIET * 3 + LOUD * 30 + QUIET * 20 + LOUD * 10 + QUIET * 6 + LOUD * 10
    assert measures.holes_ms(row, 0.0, 1_090.0) == [200.0, 60.0]
    assert measures.holes_ms(row, 900.0, 1_090.0) == [60.0]
    assert measures.holes_ms(LOUD * 50, 0.0, 500.0) == []


def test_the_first_sound_is_looked_for_after_the_end_of_the_caller(measures: ModuleType) -> None:
    row = LOUD * 10 + QUIET * 40 + LOUD * 10
    assert measures.first_sound_ms(row, 200.0, 600.0) == 300.0
    assert measures.first_sound_ms(row, 200.0, 400.0) is None


def test_a_summary_counts_what_is_missing(measures: ModuleType) -> None:
    summary = measures.Summary.of([5.0, None, 1.0, 3.0])
    assert (summary.count, summary.missing, summary.median, summary.worst) == (3, 1, 3.0, 5.0)
    assert "n=3 (1 never)" in str(summary)
    assert "nan" not in str(measures.Summary.of([]))


def pushed(position: int, ms: int, speech_id: str = "s") -> AudioPushed:
    pcm = np.full(ms * RATE_HZ // 1000, 1_000, "<i2").tobytes()
    return AudioPushed(call_id="c", speech_id=speech_id, position=position * RATE_HZ // 1000, rate_hz=RATE_HZ, pcm=pcm)


def cleared(position_ms: int, fade_ms: int = 10, speech_id: str = "s") -> AudioCleared:
    return AudioCleared(call_id="c", speech_id=speech_id, position=position_ms * RATE_HZ // 1000, fade_ms=fade_ms)


def stretches(row: list[float]) -> list[tuple[int, int]]:
    loud = [level > 500 for level in row]
    found, start = [], None
    for at, heard in enumerate([*loud, False]):
        if heard and start is None:
            start = at
        if not heard and start is not None:
            found.append((start * 10, at * 10))
            start = None
    return found


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ([], []),
        ([(100.0, pushed(0, 100))], [(100, 200)]),
        ([(100.0, pushed(0, 100)), (120.0, pushed(100, 100))], [(100, 300)]),
        ([(100.0, pushed(0, 100)), (250.0, pushed(100, 100))], [(100, 200), (250, 350)]),
        ([(100.0, pushed(0, 300)), (150.0, cleared(100))], [(100, 200)]),
        ([(100.0, pushed(0, 300)), (250.0, cleared(100))], [(100, 260)]),
        ([(100.0, pushed(0, 300)), (150.0, cleared(100)), (400.0, pushed(100, 100))], [(100, 200), (400, 500)]),
        ([(100.0, pushed(0, 300)), (150.0, cleared(100, speech_id="other"))], [(100, 400)]),
        ([(-50.0, pushed(0, 100))], [(0, 50)]),
    ],
)
def test_a_subscriber_plays_one_piece_after_the_other_until_it_is_recalled(player: ModuleType, heard: list[Any], expected: Any) -> None:
    assert stretches(player.played(heard, 1.0)) == expected
