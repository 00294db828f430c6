"""Voice activity detection of WebRTC (Gaussian mixtures over six bands), by the library webrtcvad of the extra ``webrtc``.

It takes 5 µs a frame and hears quiet speech, but also clicks and steady noise: for lines without either, on machines too small for a
network. It only says yes or no, so the probability is the share of the last frames that it called speech. The first 120 ms of a stream
are silence, whatever it says: it knows no noise yet, and calls any speech.
"""

from collections import deque
from typing import Any, Final

from actors.providers.offline.libraries import load_library
from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ, InvalidAudioError

FRAME_SAMPLES: Final = 320  # 20 ms, of the 10, 20 and 30 that it takes
_FRAMES_OF_SHARE: Final = 4
_FRAMES_OF_LEARNING: Final = 6
_MODES: Final = ((0.3, 3), (0.6, 2), (0.8, 1))


def mode_of(sensitivity: float) -> int:
    """WebRTC's mode for ``sensitivity``: 0 (hears most) to 3 (hears least); 2 by default."""
    return next((mode for below, mode in _MODES if sensitivity < below), 0)


class WebRTCModel:
    """A `VADModel` of frames of 20 ms at 16 kHz.

    Raises:
        MissingExtraError: webrtcvad is not installed.
    """

    rate_hz: Final = SESSION_RATE_HZ
    frame_samples: Final = FRAME_SAMPLES

    def __init__(self, *, sensitivity: float) -> None:
        self._library: Any = load_library("webrtcvad", extra="webrtc")
        self._mode = mode_of(sensitivity)
        self._learning: int  # frames that are still taken for silence
        self.reset()

    def probability(self, frame: bytes) -> float:
        """The share of the last frames that are speech, up to the next one.

        Raises:
            InvalidAudioError: the frame has not exactly `FRAME_SAMPLES` samples; the stream's state is unchanged.
        """
        if len(frame) != FRAME_SAMPLES * BYTES_PER_SAMPLE:
            raise InvalidAudioError(f"a frame of {len(frame)} bytes: voice activity needs {FRAME_SAMPLES} samples of PCM16")
        speech = bool(self._vad.is_speech(frame, SESSION_RATE_HZ))
        self._answers.append(speech and self._learning == 0)
        self._learning = max(0, self._learning - 1)
        return sum(self._answers) / _FRAMES_OF_SHARE

    def reset(self) -> None:
        """Forget the stream: the next frame begins a new one."""
        self._vad = self._library.Vad(self._mode)
        self._answers: deque[bool] = deque(maxlen=_FRAMES_OF_SHARE)
        self._learning = _FRAMES_OF_LEARNING
