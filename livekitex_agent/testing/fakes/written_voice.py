"""A voice that is writing: a letter is ten milliseconds of one sample value, so what was said can be read back from the samples."""

from typing import Final

import numpy as np

from protocols import SESSION_RATE_HZ

LETTERS_PER_S: Final = 100
STEP: Final = 200
"""Between the sample values of two letters that follow each other in ASCII."""
_BELOW_FIRST: Final = 31  # a space is voiced too: silence is zero


def spoken(text: str, rate_hz: int = SESSION_RATE_HZ, *, pause_s: float = 0.0) -> bytes:
    """``text`` (printable ASCII) as audio, and then silence for ``pause_s``."""
    values = np.array([(ord(letter) - _BELOW_FIRST) * STEP for letter in text], "<i2")
    return np.repeat(values, rate_hz // LETTERS_PER_S).tobytes() + bytes(int(pause_s * rate_hz) * 2)


def read_aloud(pcm: bytes, rate_hz: int) -> str:
    """The text that was spoken; a letter whose beginning was cut off is lost."""
    letter = rate_hz // LETTERS_PER_S
    samples = np.frombuffer(pcm, "<i2")
    voiced = np.flatnonzero(samples)
    if not len(voiced):
        return ""
    heard = samples[voiced[0] : voiced[-1] + 1]
    edges = np.flatnonzero(np.diff(heard)) + 1
    first = int(edges[0]) % letter if len(edges) else 0
    return "".join(
        chr(int(heard[at + letter // 2]) // STEP + _BELOW_FIRST) for at in range(first, len(heard) - letter // 2, letter)
    ).strip()
