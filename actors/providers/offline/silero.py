"""Voice activity detection with Silero's network (version 6, 16 kHz), which lies in ``models/`` with its licence (MIT)."""

from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from actors.providers.offline.networks import load_network
from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ, InvalidAudioError

FRAME_SAMPLES: Final = 512
_CONTEXT_SAMPLES: Final = 64  # of the frame before, which the network wants to see
_STATE_SHAPE: Final = (2, 1, 128)
_RATE: Final = np.array(SESSION_RATE_HZ, np.int64)


class SileroVad:
    """A `VADModel` of frames of 32 ms at 16 kHz, 0.1 ms each. All objects of a process share one network without threads.

    Raises:
        MissingExtraError: onnxruntime is not installed.
    """

    rate_hz: Final = SESSION_RATE_HZ
    frame_samples: Final = FRAME_SAMPLES

    def __init__(self) -> None:
        self._network = _network()
        self._window = np.zeros((1, _CONTEXT_SAMPLES + FRAME_SAMPLES), np.float32)
        self._state = np.zeros(_STATE_SHAPE, np.float32)

    def probability(self, frame: bytes) -> float:
        """The probability of speech in the next frame.

        Raises:
            InvalidAudioError: the frame has not exactly `FRAME_SAMPLES` samples; the stream's state is unchanged.
        """
        if len(frame) != FRAME_SAMPLES * BYTES_PER_SAMPLE:
            raise InvalidAudioError(f"a frame of {len(frame)} bytes: voice activity needs {FRAME_SAMPLES} samples of PCM16")
        self._window[0, :_CONTEXT_SAMPLES] = self._window[0, -_CONTEXT_SAMPLES:]
        np.divide(np.frombuffer(frame, "<i2"), np.float32(32768), out=self._window[0, _CONTEXT_SAMPLES:])
        output, self._state = self._network.run(None, {"input": self._window, "state": self._state, "sr": _RATE})
        return float(output[0, 0])

    def reset(self) -> None:
        """Forget the stream: the next frame begins a new one."""
        self._window = np.zeros((1, _CONTEXT_SAMPLES + FRAME_SAMPLES), np.float32)
        self._state = np.zeros(_STATE_SHAPE, np.float32)


@cache
def _network() -> Any:  # noqa: ANN401 - onnxruntime is published without types
    return load_network(files(__package__).joinpath("models", "silero_vad_16k_op15.onnx").read_bytes())
