"""Sounds that are the same on each machine, from integers alone: what features of audio are compared on."""

from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 16_000


def hiss(samples: int, peak: int) -> NDArray[np.int64]:
    """Noise of a linear congruential generator (Numerical Recipes)."""
    values, state = np.empty(samples, np.int64), 1
    for at in range(samples):
        state = (1_664_525 * state + 1_013_904_223) % 2**32
        values[at] = state >> 16
    return (values - 32_768) * peak // 32_768


def buzz(samples: int, period: int, peak: int) -> NDArray[np.int64]:
    """A saw tooth, in syllables of an eighth of a second: rich in harmonics, as a voice is."""
    at = np.arange(samples)
    return (at % period * 2 - period) * peak // period * (at // 2_000 % 3 > 0)


def pcm_of(values: NDArray[np.int64]) -> bytes:
    return np.clip(values, -32_768, 32_767).astype("<i2").tobytes()


SOUNDS: Final = MappingProxyType(
    {
        "silence": pcm_of(np.zeros(20_000, np.int64)),
        "a tenth of a second": pcm_of(buzz(1_600, 130, 9_000)),
        "two seconds": pcm_of(buzz(32_000, 130, 9_000) + hiss(32_000, 90)),
        "two seconds, quiet": pcm_of(buzz(32_000, 97, 90)),
        "nearly eight seconds": pcm_of(buzz(127_900, 111, 4_000) + hiss(127_900, 20)),
        "ten seconds": pcm_of(hiss(160_000, 32_767) + buzz(160_000, 145, 20_000)),
    }
)
