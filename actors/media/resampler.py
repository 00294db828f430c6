"""Streaming conversion of PCM16 from one sample rate to another.

A polyphase FIR low-pass (Kaiser window, 64 taps counted at the lower of the two rates, stop band below -90 dB) keeps its state from
chunk to chunk. Coefficients are multiples of 2**-22, so every sum is exact in double precision: however a stream is cut into
chunks, the samples that come out are the same, bit for bit.
"""

from functools import cache
from math import ceil, gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocols import BYTES_PER_SAMPLE, InvalidAudioError

LOWEST_HZ: Final = 4_000
HIGHEST_HZ: Final = 192_000
_TAPS: Final = 64
_KAISER_BETA: Final = 9.5  # 95 dB by Kaiser's formula
_CUTOFF: Final = 0.4525  # of the lower rate: the transition ends at its Nyquist frequency
_GRID: Final = 2.0**22
_MAX_PHASES: Final = 640  # 22,050 and 44,100 Hz to any supported rate stay below
_BLOCKS_AT_ONCE: Final = 2_048


class Resampler:
    """Converts one stream of PCM16 mono; not thread-safe.

    The output has no offset against the input: its sample ``n`` is the input at ``n * source_hz / target_hz``. It comes out once
    the filter has seen what follows, at most `delay_s` later. Equal rates pass through unchanged and at once.

    Raises:
        InvalidAudioError: a rate outside 4,000 to 192,000 Hz, or a pair without a small common divisor.
    """

    def __init__(self, source_hz: int, target_hz: int) -> None:
        for rate_hz in (source_hz, target_hz):
            if not LOWEST_HZ <= rate_hz <= HIGHEST_HZ:
                raise InvalidAudioError(f"cannot resample {rate_hz!r} Hz: use a rate from {LOWEST_HZ} to {HIGHEST_HZ}")
        divisor = gcd(source_hz, target_hz)
        self._up, self._down = target_hz // divisor, source_hz // divisor
        if max(self._up, self._down) > _MAX_PHASES:
            raise InvalidAudioError(f"cannot resample {source_hz} Hz to {target_hz} Hz: record at 16000, 24000 or 48000 Hz")
        self._source_hz = source_hz
        self._half = _half_width(self._up, self._down)
        self._bank = _filter_bank(self._up, self._down)
        self._pending: NDArray[np.float64] = np.zeros(self._half)
        self._received = 0
        self._sent = 0

    @property
    def delay_s(self) -> float:
        """The most input in seconds that is held back until more comes or `flush`; 1.4 to 4.3 ms between the supported rates."""
        return 0.0 if self._up == self._down else (len(self._bank) - self._half + self._down) / self._source_hz

    @property
    def held(self) -> bytes:
        """The input that is held back, with what came before it and still counts.

        Between the supported rates at most 800 bytes, and to 16 kHz and above at most 400.
        """
        return self._pending.astype("<i2").tobytes()

    def resume(self, held: bytes) -> None:
        """Go on where another resampler of these rates was when it ``held`` this."""
        self._pending = np.frombuffer(held, "<i2").astype(np.float64)
        self._received, self._sent = len(self._pending) - self._half, 0

    def process(self, pcm: bytes) -> bytes:
        """The output that ``pcm``, the next chunk, makes ready; may be empty.

        Raises:
            InvalidAudioError: an odd number of bytes; the stream's state is unchanged.
        """
        if len(pcm) % BYTES_PER_SAMPLE:
            raise InvalidAudioError(f"{len(pcm)} bytes are no PCM16: samples have two bytes; keep the odd byte for the next chunk")
        if self._up == self._down:
            return pcm
        samples = np.frombuffer(pcm, dtype="<i2")
        self._received += len(samples)
        self._pending = np.concatenate((self._pending, samples.astype(np.float64)))
        out = self._convert()
        self._sent += len(out)
        return out.tobytes()

    def flush(self) -> bytes:
        """What is still held back, the stream being over; afterwards the object is as new.

        In total ``ceil(samples * target_hz / source_hz)`` samples have come out.
        """
        missing = ceil(self._received * self._up / self._down) - self._sent
        if missing:
            self._pending = np.concatenate((self._pending, np.zeros(len(self._bank) + self._down)))
        rest = self._convert()[:missing] if missing else np.zeros(0, "<i2")
        self.reset()
        return rest.tobytes()

    def reset(self) -> None:
        """Forget the stream: the next chunk begins a new one."""
        self._pending = np.zeros(self._half)
        self._received = 0
        self._sent = 0

    def _convert(self) -> NDArray[np.int16]:
        """Every whole block of ``_up`` samples that the pending input allows."""
        width = len(self._bank)
        blocks = max(0, (len(self._pending) - width) // self._down + 1)
        out = np.empty((blocks, self._up), "<i2")
        if blocks:
            windows = np.lib.stride_tricks.sliding_window_view(self._pending, width)[:: self._down]
            for at in range(0, blocks, _BLOCKS_AT_ONCE):
                exact = windows[at : at + _BLOCKS_AT_ONCE] @ self._bank
                out[at : at + _BLOCKS_AT_ONCE] = np.clip(np.rint(exact), -32768, 32767)
            self._pending = self._pending[blocks * self._down :].copy()
        return out.reshape(-1)


def resample(pcm: bytes, source_hz: int, target_hz: int) -> bytes:
    """All of ``pcm`` at ``target_hz``: ``ceil(samples * target_hz / source_hz)`` samples.

    Raises:
        InvalidAudioError: an odd number of bytes, or rates that `Resampler` refuses.
    """
    resampler = Resampler(source_hz, target_hz)
    return resampler.process(pcm) + (resampler.flush() if source_hz != target_hz else b"")


def _half_width(up: int, down: int) -> int:
    """Half the length of the filter, in samples of the input."""
    return ceil(_TAPS * max(1.0, down / up) / 2)


@cache
def _filter_bank(up: int, down: int) -> NDArray[np.float64]:
    """The weights of a block's outputs (columns) over its window of input (rows).

    A block is ``down`` samples in and ``up`` samples out; its window begins `_half_width` samples before the block.
    """
    half = _half_width(up, down)
    centre = half * up
    taps = np.arange(2 * centre + 1) - centre
    cutoff = _CUTOFF / max(up, down)  # of the common rate, source * up
    prototype = np.sinc(2 * cutoff * taps) * np.kaiser(len(taps), _KAISER_BETA)
    last_output = (up - 1) * down
    width = half + last_output // up + half + 1
    rows = np.arange(width)[:, None] - half
    index = np.arange(up)[None, :] * down - rows * up + centre
    inside = (index >= 0) & (index < len(taps))
    bank = np.where(inside, prototype[np.where(inside, index, 0)], 0.0)
    exact: NDArray[np.float64] = np.rint(bank / bank.sum(axis=0) * _GRID) / _GRID
    return exact
