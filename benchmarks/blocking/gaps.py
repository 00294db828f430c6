"""From what a listener gets to the longest gap that he hears while user code blocks. Pure."""

from collections.abc import Sequence
from typing import Final

AFTER_S: Final = 1.0
"""A gap that a block has made may come after it: what was sent ahead is heard first."""
FRAME_MS: Final = 10
SILENT: Final = 150.0
"""RMS; what is below is not heard."""

Times = Sequence[tuple[float, float]]
"""When each block began and ended, in seconds."""


def of_pieces(pieces: Sequence[tuple[float, float]], blocks: Times) -> list[float]:
    """The longest gap of each block, in milliseconds, for who plays each piece when it comes and after the one before it.

    ``pieces`` are when they came and how long they are, in seconds. What a gap has made him hear later he has caught up with when the next
    block comes: his buffer is then as it was before the first.

    Raises:
        ValueError: the speech was over before the last block: nothing could be heard of that.
    """
    buffered_s = _buffered([piece for piece in pieces if blocks and piece[0] < blocks[0][0]])
    _require_speech(max((at for at, _ in pieces), default=0.0) + buffered_s, blocks)
    found = []
    for block in blocks:
        until = max(at for at, _ in pieces if at < block[0]) + buffered_s
        longest = 0.0
        for at, length_s in pieces:
            if _within(at, block):
                longest = max(longest, at - until)
                until = max(at, until) + length_s
        found.append(longest * 1000)
    return found


def _buffered(pieces: Sequence[tuple[float, float]]) -> float:
    """How much there is to play when the last of the pieces has come."""
    until = at = 0.0
    for at, length_s in pieces:
        until = max(at, until) + length_s
    return until - at


def of_frames(frames: Sequence[tuple[float, float]], blocks: Times) -> list[float]:
    """The longest row of silent frames of each block, in milliseconds. ``frames`` are when they came, in seconds, and their loudness.

    Raises:
        ValueError: the speech was over before the last block.
    """
    _require_speech(max((at for at, level in frames if level >= SILENT), default=0.0), blocks)
    found = []
    for block in blocks:
        longest = row = 0
        for at, level in frames:
            row = row + 1 if level < SILENT and (row or _within(at, block)) else 0
            longest = max(longest, row)
        found.append(float(longest * FRAME_MS))
    return found


def _within(at: float, block: tuple[float, float]) -> bool:
    return block[0] <= at <= block[1] + AFTER_S


def _require_speech(until: float, blocks: Times) -> None:
    if not blocks or until < blocks[-1][1]:
        raise ValueError(f"the speech ended at {until:.1f} s, the blocks are {blocks}")
