"""From what is heard of an agent to figures: when it became quieter, when silent, its holes, its first sound. Pure.

What is heard is a row of loudnesses (RMS), one for each `CELL_MS` from the caller's first sample on.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

CELL_MS: Final = 10
SILENT: Final = 150.0
"""RMS; what is below is not heard."""
DUCKED: Final = 0.75
"""Of the loudness before: from here on speech is ducked."""
DUCKED_CELLS: Final = 5
"""So many in a row: the border of two sentences is shorter."""
SILENT_FOR_MS: Final = 150
"""A speech that is stopped is silent for so long at least."""
HOLE_MS: Final = 60
"""What is shorter is the border of two sentences, and no hole."""

Levels = Sequence[float]


def from_pieces(pieces: Sequence[tuple[float, float]], length_s: float) -> list[float]:
    """The row of what came in cells: (milliseconds, loudness)."""
    cells = [0.0] * round(length_s * 1000 / CELL_MS)
    for at_ms, level in pieces:
        cell = int(at_ms // CELL_MS)
        if 0 <= cell < len(cells):
            cells[cell] = max(cells[cell], level)
    return _bridged(cells)


def levels_of(samples: "np.ndarray[tuple[int], np.dtype[np.float64]]", rate_hz: int) -> list[float]:
    """The row of what is played, sample by sample."""
    size = rate_hz * CELL_MS // 1000
    cells = samples[: len(samples) // size * size].reshape(-1, size)
    return [float(level) for level in np.sqrt((cells * cells).mean(axis=1))]


def ducked_ms(levels: Levels, onset_ms: float) -> float | None:
    """From the onset until the speech is quieter than before; None where it never is before it is over."""
    before = statistics.median(levels[max(0, _cell(onset_ms) - 20) : _cell(onset_ms)] or [0.0])
    if before < SILENT:
        return None
    for cell in range(_cell(onset_ms), len(levels) - DUCKED_CELLS):
        if max(levels[cell : cell + DUCKED_CELLS]) < DUCKED * before:
            return max(0.0, cell * CELL_MS - onset_ms)
    return None


def silent_ms(levels: Levels, onset_ms: float, until_ms: float) -> float | None:
    """From the onset until the last of the speech is heard; None where it spoke before it, or goes on until ``until_ms``."""
    if max(levels[max(0, _cell(onset_ms) - 20) : _cell(onset_ms)], default=0.0) < SILENT:
        return None
    for start_ms, length_ms in _silences(levels, onset_ms, until_ms):
        if length_ms >= SILENT_FOR_MS:
            return start_ms - onset_ms
    return None


def holes_ms(levels: Levels, from_ms: float, to_ms: float) -> list[float]:
    """The lengths of the silences of a speech that should have none."""
    return [length_ms for _, length_ms in _silences(levels, from_ms, to_ms) if length_ms >= HOLE_MS]


def first_sound_ms(levels: Levels, after_ms: float, until_ms: float) -> float | None:
    """From a moment until something is heard, if it is before ``until_ms``."""
    for cell in range(_cell(after_ms), min(len(levels), _cell(until_ms))):
        if levels[cell] >= SILENT:
            return max(0.0, cell * CELL_MS - after_ms)
    return None


def _silences(levels: Levels, from_ms: float, to_ms: float) -> list[tuple[float, float]]:
    first, last = _cell(from_ms), min(len(levels), _cell(to_ms))
    found, cell = [], first
    for quiet, group in groupby(levels[first:last], lambda level: level < SILENT):
        length = len(list(group))
        if quiet:
            found.append((float(cell * CELL_MS), float(length * CELL_MS)))
        cell += length
    return found


def _bridged(cells: list[float]) -> list[float]:
    """Cells that no piece fell into, because pieces come a little early or late, are as their neighbours."""
    return [
        max(level, min(cells[at - 1], cells[at + 1])) if 0 < at < len(cells) - 1 and level < SILENT else level
        for at, level in enumerate(cells)
    ]


def _cell(at_ms: float) -> int:
    return max(0, int(at_ms // CELL_MS))


@dataclass(frozen=True, slots=True)
class Summary:
    """Some figures: how many, how many are missing, the median, the 90th percentile, the worst."""

    count: int
    missing: int
    median: float
    p90: float
    worst: float

    @classmethod
    def of(cls, figures: Sequence[float | None]) -> "Summary":
        """Of figures, None where one is missing."""
        known = sorted(figure for figure in figures if figure is not None)
        if not known:
            return cls(0, len(figures), 0.0, 0.0, 0.0)
        p90 = known[min(len(known) - 1, int(0.9 * len(known)))]
        return cls(len(known), len(figures) - len(known), statistics.median(known), p90, known[-1])

    def __str__(self) -> str:
        missing = f" ({self.missing} never)" if self.missing else ""
        if not self.count:
            return f"{'-':>7} {'-':>7} {'-':>7}  n=0{missing}"
        return f"{self.median:>7.0f} {self.p90:>7.0f} {self.worst:>7.0f}  n={self.count}{missing}"
