"""What `benchmarks.blocking` makes of what is heard."""

from pathlib import Path
from types import ModuleType

import pytest

BLOCKS = [(1.0, 2.0), (4.0, 5.0)]


@pytest.fixture
def gaps(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(checkout)
    from benchmarks.blocking import gaps

    return gaps


def test_a_gap_is_where_nothing_is_left_to_play(gaps: ModuleType) -> None:
    steady = [(n / 10, 0.1) for n in range(60)]
    assert gaps.of_pieces([(0.0, 0.2), *steady], BLOCKS) == [0.0, 0.0]
    late = [(2.05, length) if 1.0 < at < 2.0 else (at, length) for at, length in steady]
    assert gaps.of_pieces([(0.0, 0.2), *late], BLOCKS) == [pytest.approx(750.0), 0.0]


def test_a_gap_does_not_hide_the_next(gaps: ModuleType) -> None:
    pieces = [(0.0, 0.2), *((2.0 if 1.0 < n / 10 < 2.0 else 5.0 if 4.0 < n / 10 < 5.0 else n / 10, 0.1) for n in range(70))]
    assert gaps.of_pieces(pieces, BLOCKS) == [pytest.approx(700.0), pytest.approx(700.0)]


def test_a_gap_is_a_row_of_silent_frames_that_begins_with_the_block_or_soon_after_it(gaps: ModuleType) -> None:
    frames = [(n / 100, 0.0 if 150 <= n < 180 or 300 < n < 350 else 5_000.0) for n in range(600)]
    assert gaps.of_frames(frames, BLOCKS) == [300.0, 0.0]


def test_a_speech_that_ends_before_the_block_shows_nothing(gaps: ModuleType) -> None:
    with pytest.raises(ValueError, match="the speech ended"):
        gaps.of_pieces([(0.0, 0.1), (0.1, 0.1)], BLOCKS)
    with pytest.raises(ValueError, match="the speech ended"):
        gaps.of_frames([(0.0, 5_000.0)], BLOCKS)
