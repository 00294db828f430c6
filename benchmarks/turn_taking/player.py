"""What a subscriber plays of what a session sends: each piece when it comes and after the one before it, until it is recalled. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.turn_taking.measures import levels_of
from protocols import AudioCleared, AudioPushed

Line = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class _Piece:
    speech_id: str
    position: int
    start: int
    samples: int


def played(heard: Sequence[tuple[float, AudioPushed | AudioCleared]], length_s: float) -> list[float]:
    """How loud it is, cell by cell, from 0 on; the times of what came are milliseconds from there."""
    rate_hz = next((message.rate_hz for _, message in heard if isinstance(message, AudioPushed)), 0)
    if not rate_hz:
        return []
    before = max(0, -round(min(at_ms for at_ms, _ in heard) * rate_hz / 1000))
    line = np.zeros(before + round(length_s * rate_hz) + 60 * rate_hz)
    pieces: list[_Piece] = []
    cursor = 0
    for at_ms, message in heard:
        now = before + round(at_ms * rate_hz / 1000)
        if isinstance(message, AudioPushed):
            samples = np.frombuffer(message.pcm, "<i2").astype(float)
            start = max(now, cursor)
            room = line[start : start + len(samples)]
            room[:] = samples[: len(room)]
            cursor = start + len(samples)
            pieces.append(_Piece(message.speech_id, message.position, start, len(samples)))
        else:
            cursor = _recall(line, pieces, message, (now, cursor, max(1, message.fade_ms * rate_hz // 1000)))
    return levels_of(line[before : before + round(length_s * rate_hz)], rate_hz)


def _recall(line: Line, pieces: list[_Piece], cleared: AudioCleared, times: tuple[int, int, int]) -> int:
    """Take what is recalled off the line; gives where it goes on. ``times``: now, the end of what was to be played, those of the fade."""
    now, cursor, fade = times
    end = cursor
    for piece in pieces:
        last = piece.position + piece.samples
        if piece.speech_id == cleared.speech_id and last > cleared.position and piece.start + piece.samples > now:
            end = min(end, piece.start + max(0, cleared.position - piece.position))
    if end <= now:  # it has come further already
        end = min(cursor, now + fade)
    begin = max(now, end - fade)
    line[begin:end] *= np.linspace(1.0, 0.0, end - begin)
    line[end:cursor] = 0.0
    return end
