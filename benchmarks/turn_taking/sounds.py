"""What the calls are made of: speech of our offline voice, noises, silence; the same for the same seed. PCM16 at the session's rate."""

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from actors import hibari_tts, resample
from protocols import SESSION_RATE_HZ, SeededEntropy

AUDIBLE: Final = 0.04
"""Of the loudest sample: what is quieter at the ends of speech is none of it."""
CELL: Final = SESSION_RATE_HZ // 100
PAUSE_CELLS: Final = 10
"""A pause of the voice is silent for 100 ms at least."""
NOISE_SEED: Final = 8


@dataclass(frozen=True, slots=True)
class Sound:
    """Something that is heard: its samples, without silence at its ends, and what a recogniser makes of it."""

    pcm: bytes
    text: str

    @property
    def length_s(self) -> float:
        """How long it lasts."""
        return len(self.pcm) / 2 / SESSION_RATE_HZ


def silence(seconds: float) -> bytes:
    """Nothing."""
    return bytes(2 * round(seconds * SESSION_RATE_HZ))


@cache
def speech(text: str, pitch: float = 0.85, gain: float = 1.0, says: str | None = None) -> Sound:
    """``text`` as it is spoken, from its first to its last audible sample; understood as ``says``."""
    samples = np.frombuffer(asyncio.run(_speak(text, pitch)), "<i2").astype(float)
    loud = np.flatnonzero(np.abs(samples) > AUDIBLE * np.abs(samples).max())
    trimmed = samples[loud[0] : loud[-1] + 1] * gain
    return Sound(trimmed.astype("<i2").tobytes(), text if says is None else says)


async def _speak(text: str, pitch: float) -> bytes:
    voice = hibari_tts({"pitch": pitch})
    return resample(b"".join([chunk.pcm async for chunk in voice.synthesize(text)]), voice.rate_hz, SESSION_RATE_HZ)


def phrases(text: str) -> list[bytes]:
    """``text`` as it is spoken, cut where the voice pauses in it: its melody goes on over the pauses."""
    pcm = speech(text).pcm
    samples = np.frombuffer(pcm, "<i2").astype(float)
    cells = np.sqrt((samples[: len(samples) // CELL * CELL].reshape(-1, CELL) ** 2).mean(axis=1))
    quiet = np.concatenate(([False], cells < AUDIBLE * cells.max(), [False]))
    begins, ends = np.flatnonzero(quiet[1:] & ~quiet[:-1]), np.flatnonzero(~quiet[1:] & quiet[:-1])
    found: list[bytes] = []
    start = 0
    for begin, end in zip(begins, ends, strict=True):
        if end - begin >= PAUSE_CELLS:
            found.append(pcm[start * CELL * 2 : begin * CELL * 2])
            start = int(end)
    return [*found, pcm[start * CELL * 2 :]]


def noise(number: int) -> Sound:
    """A cough, a clap, a knock, a rustle: loud noise of 60 to 450 ms that rises and falls, in one of three colours."""
    entropy = SeededEntropy(NOISE_SEED + number)
    count = round((0.06 + 0.39 * entropy.random()) * SESSION_RATE_HZ)
    white = np.frombuffer(bytes.fromhex(entropy.hex_id(2 * count)), "<i2").astype(float)
    width = (1, 6, 24)[number % 3]
    coloured = np.convolve(white, np.ones(width) / width, "same")
    at = np.arange(count) / count
    shaped = coloured * np.minimum(1.0, at / 0.05) * np.exp(-3 * at)
    peak = np.abs(shaped).max() or 1.0
    return Sound((shaped / peak * 12_000).astype("<i2").tobytes(), "")
