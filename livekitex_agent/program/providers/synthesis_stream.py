"""A stream of a voice of LiveKit's classes as the session's: theirs has one segment, so each segment is one of theirs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from livekitex_agent.program.providers.adapted_stream import AdaptedStream, Iterate, Post
from protocols import MAX_PENDING_CHARS, AudioChunk, ProviderError, SegmentEnded, SynthesisEvent, SynthesisStream

__all__ = ["AdaptedSynthesisStream"]


class AdaptedSynthesisStream(AdaptedStream[SynthesisEvent], SynthesisStream):
    """The streams that ``begin`` gives on its loop, one after the other; ``chunks`` makes audio of what one of them tells."""

    _there: "_There"

    def __init__(
        self,
        label: str,
        begin: Callable[[], Any],
        post: Post,
        iterate: Iterate[SynthesisEvent],
        chunks: Callable[[AsyncIterator[Any]], AsyncIterator[AudioChunk]],
    ) -> None:
        super().__init__(label, _There(begin, chunks), post, iterate)

    def push_text(self, text: str) -> None:
        """Hand over the next piece of text."""
        self._require_open()
        if self._there.pending_chars + len(text) > MAX_PENDING_CHARS:
            raise ProviderError(
                f"{self._label}: more than {MAX_PENDING_CHARS} characters wait in the stream: it is too slow", retryable=True
            )
        self._there.pending_chars += len(text)
        self._post(lambda: self._there.push_text(text))


class _Segment:
    """A stream of theirs, or None where its text has no sound so far."""

    def __init__(self) -> None:
        self.stream: Any = None
        self.held = ""
        self.whole = asyncio.Event()  # all of its text is there, or it has a stream
        self.chars = 0


class _There:
    """The streams on their own loop."""

    def __init__(self, begin: Callable[[], Any], chunks: Callable[[AsyncIterator[Any]], AsyncIterator[AudioChunk]]) -> None:
        self._begin = begin
        self._chunks = chunks
        self._segments: asyncio.Queue[_Segment | Exception | None] = asyncio.Queue()
        self._open: _Segment | None = None
        self._begun: list[Any] = []
        self._closing: asyncio.Event = asyncio.Event()
        self._iterated = False
        self._closed: asyncio.Future[None] | None = None
        self.pending_chars = 0
        self.failed = False

    def push_text(self, text: str) -> None:
        """More text of the open segment; its stream is begun with its first letter."""
        if not text:
            return
        if self._open is None:
            self._open = _Segment()
            self._segments.put_nowait(self._open)
        segment = self._open
        segment.chars += len(text)
        try:
            segment.held += text
            if segment.stream is None and any(map(str.isalnum, segment.held)):
                segment.stream = self._begin()
                self._begun.append(segment.stream)
                segment.whole.set()
            if segment.stream is not None:
                segment.stream.push_text(segment.held)
                segment.held = ""
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: it is raised where it is iterated
            self._fail(failure)

    def flush(self) -> None:
        """The open segment has all of its text."""
        segment, self._open = self._open, None
        if segment is None:
            return
        segment.whole.set()
        try:
            if segment.stream is not None:
                segment.stream.end_input()
        except Exception as failure:  # noqa: BLE001 - the same
            self._fail(failure)

    def end_input(self) -> None:
        """There is no further segment."""
        self.flush()
        self._segments.put_nowait(None)

    def close(self) -> None:
        """End what is iterated."""
        self._closing.set()
        if not self._iterated:
            self._closed = asyncio.ensure_future(self._close())

    async def events(self) -> AsyncGenerator[SynthesisEvent, None]:
        """The audio of each segment, and its end."""
        self._iterated = True
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            while isinstance(segment := await self._unless(closing, self._segments.get()), _Segment):
                await self._unless(closing, segment.whole.wait())
                if segment.stream is not None and not self._closing.is_set():
                    audio = aiter(self._chunks(segment.stream))
                    while isinstance(chunk := await self._unless(closing, anext(audio, None)), AudioChunk):
                        yield chunk
                if self._closing.is_set():
                    return
                self.pending_chars = max(0, self.pending_chars - segment.chars)
                yield SegmentEnded()
            if isinstance(segment, Exception):
                raise segment  # noqa: TRY301 - it was raised where text was pushed
        except Exception:
            self.failed = True
            raise
        finally:
            closing.cancel()
            await self._close()

    async def _close(self) -> None:
        for stream in self._begun:
            with suppress(Exception):
                await stream.aclose()

    async def _unless(self, closing: "asyncio.Future[Any]", work: Any) -> Any:  # noqa: ANN401 - what the work gives
        """What ``work`` gives; None if the stream is closed before."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait((task, closing), return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            if not task.done():
                task.cancel()

    def _fail(self, failure: Exception) -> None:
        self.failed = True
        self._segments.put_nowait(failure)
