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
    pieces = [(0.0, 1.5), (0.2, 0.5), (2.25, 2.0), (4.1, 2.0)]
    assert gaps.of_pieces(pieces, BLOCKS) == [pytest.approx(250.0), 0.0]


def test_a_gap_is_a_row_of_silent_frames_that_begins_with_the_block_or_soon_after_it(gaps: ModuleType) -> None:
    frames = [(n / 100, 0.0 if 150 <= n < 180 or 300 < n < 350 else 5_000.0) for n in range(600)]
    assert gaps.of_frames(frames, BLOCKS) == [300.0, 0.0]


def test_a_speech_that_ends_before_the_block_shows_nothing(gaps: ModuleType) -> None:
    with pytest.raises(ValueError, match="the speech ended"):
        gaps.of_pieces([(0.0, 3.0)], BLOCKS)
    with pytest.raises(ValueError, match="the speech ended"):
        gaps.of_frames([(0.0, 5_000.0)], BLOCKS)
