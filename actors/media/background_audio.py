"""Sound beside the agent's speech: an ambience that goes on, and a sound while it thinks. A pure mixer, which knows no speech."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from actors.media.gain import Gain
from actors.media.resampler import resample
from actors.media.wav import Recording
from protocols import BYTES_PER_SAMPLE, InvalidAudioError

MAX_SOUND_S: Final = 60.0
"""A longer sound is refused: it is held in each call's memory."""
SEAM_MS: Final = 100
"""The end of a sound is blended with its beginning, so that it goes round without a click."""
RAMP_MS: Final = 500
"""A sound comes and goes over so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopedSound:
    """PCM16 that goes round without a seam, at a ``volume`` from 0 to 1."""

    pcm: bytes
    volume: float


def looped(recording: Recording, rate_hz: int, volume: float) -> LoopedSound:
    """``recording`` as a sound at ``rate_hz``.

    Raises:
        InvalidAudioError: it is longer than `MAX_SOUND_S`, or so short that it would be a tone (two seams).
    """
    if not 2 * SEAM_MS / 1000 <= recording.duration_s <= MAX_SOUND_S:
        raise InvalidAudioError(f"{recording.duration_s:.2f} s of sound: give from {2 * SEAM_MS / 1000} to {MAX_SOUND_S:g} s")
    samples = np.frombuffer(resample(recording.pcm, recording.rate_hz, rate_hz), "<i2").astype(np.float64)
    seam = rate_hz * SEAM_MS // 1000
    share = np.arange(seam) / seam
    body = samples[:-seam].copy()
    body[:seam] = samples[:seam] * np.sqrt(share) + samples[-seam:] * np.sqrt(1 - share)
    return LoopedSound(pcm=_pcm(body), volume=volume)


class BackgroundMixer:
    """Mixes ``ambient``, which goes on, and ``thinking``, which is heard while `set_thinking` says so; either may be None."""

    def __init__(self, rate_hz: int, *, ambient: LoopedSound | None = None, thinking: LoopedSound | None = None) -> None:
        self._rate_hz = rate_hz
        self._ambient: _Channel | None = None
        self._thinking: _Channel | None = None
        self._leaving: list[_Channel] = []
        self.change(ambient=ambient, thinking=thinking)

    @property
    def silent(self) -> bool:
        """Whether nothing is to be heard now."""
        return all(channel.silent for channel in self._channels)

    @property
    def empty(self) -> bool:
        """Whether there is no sound that could be heard."""
        return not self._channels

    def change(self, *, ambient: LoopedSound | None, thinking: LoopedSound | None) -> None:
        """Mix these from now on; those before fade out. A sound that is the same goes on."""
        self._ambient = self._changed(self._ambient, ambient)
        self._thinking = self._changed(self._thinking, thinking)
        if self._ambient is not None:
            self._ambient.fade_to(on=True)

    def set_thinking(self, thinking: bool) -> None:  # noqa: FBT001 - a switch
        """Fade the sound of thinking in or out."""
        if self._thinking is not None:
            self._thinking.fade_to(on=thinking)

    def take(self, samples: int) -> bytes:
        """The next ``samples`` to be heard."""
        mixed = np.zeros(samples)
        for channel in self._channels:
            if not channel.silent:
                mixed += np.frombuffer(channel.take(samples), "<i2")
        self._leaving = [channel for channel in self._leaving if not channel.silent]
        return _pcm(mixed)

    @property
    def _channels(self) -> "list[_Channel]":
        return [channel for channel in (self._ambient, self._thinking, *self._leaving) if channel is not None]

    def _changed(self, before: "_Channel | None", sound: LoopedSound | None) -> "_Channel | None":
        if before is not None and before.sound == sound:
            return before
        if before is not None and not before.silent:
            before.fade_to(on=False)
            self._leaving.append(before)
        return None if sound is None else _Channel(self._rate_hz, sound)


class _Channel:
    def __init__(self, rate_hz: int, sound: LoopedSound) -> None:
        self.sound = sound
        self._at = 0
        self._gain = Gain(rate_hz=rate_hz, ramp_ms=RAMP_MS).at(0.0)

    @property
    def silent(self) -> bool:
        return self._gain.target == self._gain.now == 0.0

    def fade_to(self, *, on: bool) -> None:
        if on and self.silent:
            self._at = 0
        self._gain = self._gain.towards(self.sound.volume if on else 0.0)

    def take(self, samples: int) -> bytes:
        length = len(self.sound.pcm) // BYTES_PER_SAMPLE
        times = -(-(self._at + samples) // length)
        piece = (self.sound.pcm * times)[self._at * BYTES_PER_SAMPLE : (self._at + samples) * BYTES_PER_SAMPLE]
        self._at = (self._at + samples) % length
        pcm, self._gain = self._gain.apply(piece)
        return pcm


def _pcm(samples: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> bytes:
    return np.clip(np.rint(samples), -32_768, 32_767).astype("<i2").tobytes()
