"""The log-mel spectrogram that networks on Whisper's encoder expect, of the last eight seconds.

The definition is Whisper's (A. Radford et al., "Robust speech recognition via large-scale weak supervision", 2022, section 2.2; in code
`WhisperFeatureExtractor` of transformers 5.24 with ``chunk_length=8``, ``do_normalize=True``): samples with mean 0 and variance 1, a Hann
window of 25 ms each 10 ms, power, 80 triangular bands of equal area on Slaney's mel scale (M. Slaney, "Auditory Toolbox", 1998), log10 of
at least 1e-10, no more than eight decades below the loudest, then ``(x + 4) / 4``.

Shorter audio lies at the end of the eight seconds, with silence before it. All frames within that silence are alike, and computed once.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols import SESSION_RATE_HZ

WINDOW_S: Final = 8
WINDOW_SAMPLES: Final = WINDOW_S * SESSION_RATE_HZ
BANDS: Final = 80
FRAMES: Final = 800
_FRAME: Final = 400
_HOP: Final = 160
_HALF: Final = _FRAME // 2
_VARIANCE_FLOOR: Final = 1e-7
_POWER_FLOOR: Final = np.float32(1e-10)

Floats = NDArray[np.float32]


def log_mel(pcm: bytes) -> Floats:
    """The features of the last `WINDOW_S` of ``pcm`` (PCM16 at 16 kHz): `BANDS` rows, `FRAMES` columns.

    1 ms for two seconds of audio, 4 ms for eight.
    """
    said = np.frombuffer(pcm, "<i2")[-WINDOW_SAMPLES:] / np.float32(32768)
    silent = WINDOW_SAMPLES - len(said)
    mean = float(said.sum(dtype=np.float64)) / WINDOW_SAMPLES
    variance = float(np.square(said, dtype=np.float64).sum()) / WINDOW_SAMPLES - mean**2
    scale = 1 / np.sqrt(max(variance, 0.0) + _VARIANCE_FLOOR)
    first = max(0, (silent - _HALF) // _HOP)  # the last frame within the silence, like all before it
    samples = np.full(WINDOW_SAMPLES, -mean * scale, np.float32)
    samples[silent:] = (said - mean) * scale
    padded = np.pad(samples, _HALF, mode="reflect")  # frames are centred
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[first * _HOP :: _HOP][: FRAMES - first]
    spectrum = np.fft.rfft(frames * _hann())
    power = spectrum.real**2 + spectrum.imag**2
    bands = np.log10(np.maximum(power @ _mel_filters(), _POWER_FLOOR)).T
    bands = np.maximum(bands, bands.max() - 8.0)
    return np.asarray(np.hstack((np.repeat(bands[:, :1], first, axis=1), bands)) / 4 + 1, np.float32)


@cache
def _hann() -> Floats:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FRAME) / _FRAME), np.float32)


@cache
def _mel_filters() -> Floats:
    """The weight of each bin of the spectrum (row) in each band (column)."""
    bins = np.linspace(0, SESSION_RATE_HZ / 2, _HALF + 1)
    edges = _hz(np.linspace(0, _mel(SESSION_RATE_HZ / 2), BANDS + 2))
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - low) / (centre - low)
    falling = (high - bins[:, None]) / (high - centre)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low), np.float32)


# Slaney's scale: linear up to 1 kHz, which is 15 mel, then 27 mel for a factor of 6.4.
_KNEE_HZ, _KNEE_MEL, _LOG_STEP = 1_000.0, 15.0, np.log(6.4) / 27


def _mel(hz: float) -> float:
    """``hz``, above 1 kHz, in mel."""
    return _KNEE_MEL + float(np.log(hz / _KNEE_HZ)) / float(_LOG_STEP)


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < _KNEE_MEL, mel * _KNEE_HZ / _KNEE_MEL, _KNEE_HZ * np.exp(_LOG_STEP * (mel - _KNEE_MEL)))
