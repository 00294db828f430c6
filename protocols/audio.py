"""What audio looks like wherever two parts of the system hand it over.

All audio is PCM16: signed 16-bit little-endian, mono. Inside a session it is at `SESSION_RATE_HZ`; callers may send any of
`SUPPORTED_RATES_HZ`.
"""

from dataclasses import dataclass
from typing import Final

from protocols.errors import InvalidAudioError

__all__ = ["BYTES_PER_SAMPLE", "MAX_CHUNK_S", "SESSION_RATE_HZ", "SUPPORTED_RATES_HZ", "AudioChunk", "require_audio", "require_rate"]

SUPPORTED_RATES_HZ: Final = (8_000, 16_000, 24_000, 48_000)
SESSION_RATE_HZ: Final = 16_000
BYTES_PER_SAMPLE: Final = 2
MAX_CHUNK_S: Final = 1.0
"""Longest audio of one chunk in seconds; longer audio is sent as several chunks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioChunk:
    """PCM16 mono at ``rate_hz``; its constructor refuses what is no such thing.

    Raises:
        InvalidAudioError: an unknown rate, no bytes, half a sample, or more than `MAX_CHUNK_S`.
    """

    pcm: bytes
    rate_hz: int

    def __post_init__(self) -> None:
        require_audio(self.pcm, self.rate_hz)
        if self.duration_s > MAX_CHUNK_S:
            raise InvalidAudioError(f"{self.duration_s:.2f} s in one chunk: send at most {MAX_CHUNK_S:g} s at a time")

    @property
    def samples(self) -> int:
        """The number of samples."""
        return len(self.pcm) // BYTES_PER_SAMPLE

    @property
    def duration_s(self) -> float:
        """The length in seconds."""
        return self.samples / self.rate_hz


def require_rate(rate_hz: int) -> None:
    """Refuse a sample rate that nothing here can convert.

    Raises:
        InvalidAudioError: the rate is not one of `SUPPORTED_RATES_HZ`.
    """
    if rate_hz not in SUPPORTED_RATES_HZ:
        known = ", ".join(map(str, SUPPORTED_RATES_HZ))
        raise InvalidAudioError(f"sample rate {rate_hz!r} Hz is unknown: use one of {known} and resample before sending")


def require_audio(pcm: object, rate_hz: int) -> None:
    """Refuse what is no PCM16 mono of a known rate.

    Raises:
        InvalidAudioError: an unknown rate, no bytes, or half a sample.
    """
    require_rate(rate_hz)
    if not isinstance(pcm, bytes | bytearray):
        raise InvalidAudioError(f"the samples are a {type(pcm).__name__}: give them as bytes, of an array with astype('<i2').tobytes()")
    if not pcm:
        raise InvalidAudioError("empty audio: send at least one sample, or nothing")
    if len(pcm) % BYTES_PER_SAMPLE:
        raise InvalidAudioError(f"{len(pcm)} bytes are no PCM16: samples have two bytes; keep the odd byte for the next chunk")
