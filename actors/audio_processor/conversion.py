"""One conversion job: whole audio in, whole audio out. Live audio is never sent here; each session converts its own."""

from typing import Final

from protocols import BYTES_PER_SAMPLE, InvalidAudioError, require_rate

MAX_JOB_BYTES: Final = 960_000
"""Longest audio of one job in bytes, before and after: 10 s at 48,000 Hz, so that the answer is one message. More is refused."""


def convert(pcm: bytes, from_rate_hz: int, to_rate_hz: int) -> bytes:
    """All of ``pcm`` (PCM16 mono) at its new rate; takes about 2 ms for each second of audio.

    Raises:
        InvalidAudioError: an unknown rate, no bytes, an odd number of bytes, or more than `MAX_JOB_BYTES` before or after.
    """
    require_rate(from_rate_hz)
    require_rate(to_rate_hz)
    if not pcm:
        raise InvalidAudioError("empty audio: send at least one sample")
    if len(pcm) % BYTES_PER_SAMPLE:
        raise InvalidAudioError(f"{len(pcm)} bytes are no PCM16: samples have two bytes; send the odd byte with the next job")
    if len(pcm) * max(from_rate_hz, to_rate_hz) > MAX_JOB_BYTES * from_rate_hz:
        seconds = MAX_JOB_BYTES / BYTES_PER_SAMPLE / max(from_rate_hz, to_rate_hz)
        raise InvalidAudioError(
            f"{len(pcm)} bytes at {from_rate_hz} Hz are too long for one job to {to_rate_hz} Hz: send at most {seconds:g} s"
        )
    from actors.media import resample  # numpy takes 100 ms to import, and few nodes ever convert

    return resample(pcm, from_rate_hz, to_rate_hz)
