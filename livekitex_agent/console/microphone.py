"""The caller's telephone line: audio in real time from the first moment of the call to its last, silence where nobody speaks."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from livekitex_agent.console.utterances import Utterance
from protocols import BYTES_PER_SAMPLE, Clock

CHUNK_S: Final = 0.1
"""Audio of one message in seconds."""


class Line(Protocol):
    """Where the audio goes (`livekitex_agent.CallHandle`)."""

    async def stream_audio(self, pcm: bytes, rate_hz: int) -> None:
        """Take the next audio."""
        ...


class Microphone:
    """Streams to a `Line`, paced by the clock: a late wake-up is made up for, so the stream does not drift. Messages hold ``chunk_s``."""

    def __init__(
        self, line: Line, clock: Clock, rate_hz: int, *, heard: Callable[[bytes], None] = lambda _pcm: None, chunk_s: float = CHUNK_S
    ) -> None:
        self._line = line
        self._clock = clock
        self._rate_hz = rate_hz
        self._heard = heard
        self._chunk_s = chunk_s
        self._waiting = b""
        self._finished: Callable[[], None] | None = None

    def say(self, utterance: Utterance, finished: Callable[[], None]) -> None:
        """Speak from the next chunk on; ``finished`` is called when the last one is out."""
        self._waiting, self._finished = utterance.pcm, finished

    async def run(self) -> None:
        """Stream until cancelled.

        Raises:
            SessionUnavailableError: the call does not take audio any more.
        """
        size = round(self._chunk_s * self._rate_hz) * BYTES_PER_SAMPLE
        due = self._clock.monotonic()
        while True:
            chunk, self._waiting = self._waiting[:size].ljust(size, b"\0"), self._waiting[size:]
            self._heard(chunk)
            await self._line.stream_audio(chunk, self._rate_hz)
            if self._finished is not None and not self._waiting:
                finished, self._finished = self._finished, None
                finished()
            due += self._chunk_s
            await asyncio.sleep(max(0.0, due - self._clock.monotonic()))
