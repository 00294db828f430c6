"""A stream of a program's own recogniser that keeps the session's contract: its code runs on the program's loop."""

import asyncio
from collections.abc import AsyncIterator, Callable

from livekitex_agent.program.crossing import post_to, run_on, stream_on
from protocols import MAX_BUFFERED_S, AudioChunk, InvalidAudioError, ProviderError, SpeechEvent, SpeechStream

__all__ = ["ContractStream"]


class ContractStream(SpeechStream):
    """What ``make`` begins, called on ``loop``; audio of ``rate_hz`` goes there in order, at most `MAX_BUFFERED_S` ahead of that loop."""

    def __init__(self, label: str, rate_hz: int, loop: asyncio.AbstractEventLoop, make: Callable[[], SpeechStream]) -> None:
        self._label = label
        self._rate_hz = rate_hz
        self._loop = loop
        self._there: SpeechStream | None = None
        self._failure: Exception | None = None
        self._waiting_s = 0.0
        self._ended = self._closed = False
        self._post(lambda: self._begin(make))

    def push(self, audio: AudioChunk) -> None:
        """See `SpeechStream.push`."""
        if audio.rate_hz != self._rate_hz:
            raise InvalidAudioError(f"{self._label} takes {self._rate_hz} Hz, not {audio.rate_hz}: resample before")
        self._require_open()
        if self._waiting_s + audio.duration_s > MAX_BUFFERED_S:
            raise ProviderError(f"{self._label}: {MAX_BUFFERED_S:g} s of audio wait for the program's loop", retryable=True)
        self._waiting_s += audio.duration_s
        self._post(lambda: self._push(audio))

    def flush(self) -> None:
        """See `SpeechStream.flush`."""
        self._require_open()
        self._post(lambda: self._called(lambda there: there.flush()))

    def end_input(self) -> None:
        """See `SpeechStream.end_input`."""
        if not self._ended:
            self._ended = True
            self._post(lambda: self._called(lambda there: there.end_input()))

    async def aclose(self) -> None:
        """See `SpeechStream.aclose`."""
        if not self._closed:
            self._ended = self._closed = True
            await run_on(self._loop, self._close)

    def __aiter__(self) -> AsyncIterator[SpeechEvent]:
        return stream_on(self._loop, self._events)

    def _post(self, callback: Callable[[], None]) -> None:
        post_to(self._loop, callback)

    def _require_open(self) -> None:
        if self._failure is not None:
            raise ProviderError(f"{self._label}: its stream has failed ({self._failure})", retryable=True) from self._failure
        if self._ended:
            raise ProviderError(f"{self._label}: the input of its stream has ended", retryable=False)

    # On its loop.

    def _begin(self, make: Callable[[], SpeechStream]) -> None:
        try:
            self._there = make()
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: the iteration raises it
            self._failure = failure

    def _push(self, audio: AudioChunk) -> None:
        self._waiting_s -= audio.duration_s
        self._called(lambda there: there.push(audio))

    def _called(self, call: Callable[[SpeechStream], None]) -> None:
        if self._there is None:
            return
        try:
            call(self._there)
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: the next call raises it
            self._failure = self._failure or failure

    async def _close(self) -> None:
        if self._there is not None:
            await self._there.aclose()

    def _events(self) -> AsyncIterator[SpeechEvent]:
        if self._there is None:
            raise self._failure or ProviderError(f"{self._label}: its stream has not begun", retryable=True)
        return aiter(self._there)
