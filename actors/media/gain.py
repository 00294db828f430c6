"""How loud a stream of PCM16 is, from sample to sample: fades and ducking without a click.

A jump of the gain is heard as a click, so each change is a ramp: a raised cosine, whose slope is zero at both ends.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

FADE_MS: Final = 10
"""Short enough to be taken for at once, long enough not to click."""
JOIN_MS: Final = 4
"""Over a joint: shorter, since speech goes on behind it, whose beginning is not to be swallowed."""
DUCKED_GAIN: Final = 0.25
"""About -12 dB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The gain of a stream at ``rate_hz``: on its way from ``start`` to ``target``, of which ``done`` samples are over."""

    rate_hz: int
    start: float = 1.0
    target: float = 1.0
    done: int = 0
    ramp_ms: int = FADE_MS

    @property
    def ramp_samples(self) -> int:
        """The length of a ramp."""
        return self.rate_hz * self.ramp_ms // 1000

    @property
    def now(self) -> float:
        """The gain of the next sample."""
        if self.done >= self.ramp_samples:
            return self.target
        share = (1 - np.cos(np.pi * self.done / self.ramp_samples)) / 2
        return float(self.start + (self.target - self.start) * share)

    def towards(self, target: float) -> "Gain":
        """From the next sample on the way to ``target``."""
        return self if target == self.target else replace(self, start=self.now, target=target, done=0)

    def at(self, gain: float) -> "Gain":
        """The gain ``gain`` from the next sample on, without a way there: for what follows silence, or is heard anew."""
        return replace(self, start=gain, target=gain, done=0)

    def apply(self, pcm: bytes) -> tuple[bytes, "Gain"]:
        """``pcm`` with this gain, and the gain behind it. However a stream is cut into pieces, its samples come out the same."""
        count = len(pcm) // 2
        after = replace(self, done=min(self.ramp_samples, self.done + count))
        if self.start == self.target == 1.0:
            return pcm, after
        steps = np.minimum(np.arange(self.done, self.done + count), self.ramp_samples) / self.ramp_samples
        gains = self.start + (self.target - self.start) * (1 - np.cos(np.pi * steps)) / 2
        return np.rint(np.frombuffer(pcm, "<i2") * gains).astype("<i2").tobytes(), after


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Where audio at ``rate_hz`` was cut that goes on as something else: its last sample, and its steepest step within `FADE_MS` before."""

    rate_hz: int
    level: int
    step: int

    @classmethod
    def of(cls, pcm: bytes, rate_hz: int) -> "Edge":
        """The edge at the end of ``pcm``; of nothing it is that of silence."""
        samples = np.frombuffer(pcm, "<i2")[-max(1, rate_hz * FADE_MS // 1000) :].astype(int)
        steps = np.abs(np.diff(samples))
        return cls(rate_hz=rate_hz, level=int(samples[-1]) if len(samples) else 0, step=int(steps.max()) if len(steps) else 0)

    def continued_by(self, pcm: bytes) -> bool:
        """Whether ``pcm`` begins with no greater step than there was before: then it is heard as one with that."""
        return abs(int.from_bytes(pcm[:2], "little", signed=True) - self.level) <= self.step

    def joined(self, pcm: bytes, done: int) -> bytes:
        """``pcm``, of which ``done`` samples were before it: on its way from the edge's level, over `JOIN_MS`, to its own."""
        fade = self.rate_hz * JOIN_MS // 1000
        samples = np.frombuffer(pcm, "<i2").astype(np.float64)
        count = max(0, min(len(samples), fade - done))
        share = (1 - np.cos(np.pi * np.arange(done + 1, done + count + 1) / (fade + 1))) / 2
        samples[:count] = self.level + (samples[:count] - self.level) * share
        return np.rint(samples).astype("<i2").tobytes()


def faded_out(pcm: bytes, rate_hz: int) -> bytes:
    """``pcm`` with its last `FADE_MS` (or all of it, if it is shorter) fading into silence."""
    fade = min(len(pcm) // 2, rate_hz * FADE_MS // 1000)
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    if fade:
        samples[-fade:] *= (1 + np.cos(np.pi * np.arange(1, fade + 1) / fade)) / 2
    return np.rint(samples).astype("<i2").tobytes()
