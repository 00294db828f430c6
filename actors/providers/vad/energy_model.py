"""Voice activity from the loudness alone: no library, no model, a few microseconds a frame. For quiet lines and for tests.

How it works: a frame's level is compared with the noise floor, the least level of the last two seconds, since even in speech there are
gaps (R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum statistics", IEEE Transactions on Speech
and Audio Processing 9(5), 2001, section III; without its smoothing and bias correction, which 20 ms of signal do not need). 12 dB above
it are a probability of a half; 4 dB more or less are one of 0.79 or 0.21. So steady noise becomes silence after two seconds, however loud.
"""

from collections import deque
from math import exp, log10
from typing import Final

import numpy as np

from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ, InvalidAudioError

FRAME_SAMPLES: Final = 320
_FRAMES_OF_FLOOR: Final = 100  # 2 s
_LOWEST_DB: Final = -65.0  # of full scale; what is quieter is as quiet
_FIRST_FLOOR_DB: Final = -50.0  # until two seconds were heard
_MARGIN_DB: Final = 12.0
_SLOPE_DB: Final = 3.0


class EnergyModel:
    """A `VADModel` of frames of 20 ms at 16 kHz."""

    rate_hz: Final = SESSION_RATE_HZ
    frame_samples: Final = FRAME_SAMPLES

    def __init__(self) -> None:
        self.reset()

    def probability(self, frame: bytes) -> float:
        """The probability of speech in the next frame.

        Raises:
            InvalidAudioError: the frame has not exactly `FRAME_SAMPLES` samples; the stream's state is unchanged.
        """
        if len(frame) != FRAME_SAMPLES * BYTES_PER_SAMPLE:
            raise InvalidAudioError(f"a frame of {len(frame)} bytes: voice activity needs {FRAME_SAMPLES} samples of PCM16")
        samples = np.frombuffer(frame, "<i2").astype(np.float64)
        samples -= samples.mean()  # a constant offset is no sound
        level = max(_LOWEST_DB, 10 * log10(float(samples @ samples) / FRAME_SAMPLES / 32768**2 + 1e-12))
        self._levels.append(level)
        return 1 / (1 + exp((_MARGIN_DB - (level - min(self._levels))) / _SLOPE_DB))

    def reset(self) -> None:
        """Forget the stream: the next frame begins a new one."""
        self._levels = deque([_FIRST_FLOOR_DB] * _FRAMES_OF_FLOOR, maxlen=_FRAMES_OF_FLOOR)
