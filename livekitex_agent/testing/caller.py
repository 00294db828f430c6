"""The caller of a test session: what he says and when, as audio that comes in real (virtual) time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from livekitex_agent.testing.fakes.written_voice import spoken
from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ, UsageError, require_audio

FRAME_S: Final = 0.02
"""Of audio that is sent at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """Something that the caller lets be heard, ``at_s`` after the beginning of the run, or after what comes before it where None.

    It is ``text`` in the writing that the fakes read (`fakes.written_voice`), or ``pcm``: PCM16 mono at ``rate_hz``, the session's.
    ``pause_s`` of silence follow it, unless the next has a time of its own.
    """

    text: str = ""
    pcm: bytes = b""
    at_s: float | None = None
    pause_s: float = 0.0

    def __post_init__(self) -> None:
        if bool(self.text) is bool(self.pcm):
            raise UsageError("an utterance is either text or pcm: give one of them")
        if self.pcm:
            require_audio(self.pcm, SESSION_RATE_HZ)
        if self.pause_s < 0 or (self.at_s is not None and self.at_s < 0):
            raise UsageError("an utterance has a negative time: count seconds from the beginning of the run")

    @property
    def audio(self) -> bytes:
        """Its samples."""
        return self.pcm or spoken(self.text)


def time_line(utterances: Sequence[Utterance]) -> bytes:
    """The audio of a run with all ``utterances``, with silence between them.

    Raises:
        UsageError: one begins before the one before it has ended.
    """
    line = bytearray()
    for utterance in utterances:
        if utterance.at_s is not None:
            start = round(utterance.at_s * SESSION_RATE_HZ) * BYTES_PER_SAMPLE
            if start < len(line):
                raise UsageError(f"the utterance at {utterance.at_s:g} s begins before the one before it has ended: give it a later time")
            line += bytes(start - len(line))
        line += utterance.audio
        line += bytes(round(utterance.pause_s * SESSION_RATE_HZ) * BYTES_PER_SAMPLE)
    return bytes(line)


async def in_time(audio: bytes) -> AsyncGenerator[bytes]:
    """``audio`` in frames of `FRAME_S`, each when it would have been spoken, the last filled up; then silence without an end."""
    loop = asyncio.get_running_loop()
    size = round(FRAME_S * SESSION_RATE_HZ) * BYTES_PER_SAMPLE
    began, number = loop.time(), 0
    while True:
        yield audio[number * size : (number + 1) * size].ljust(size, b"\0")
        number += 1
        await asyncio.sleep(began + number * FRAME_S - loop.time())
