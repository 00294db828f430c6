"""A recogniser that reads what is written in sound while it comes: interim after each piece, final at each flush."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from actors.providers import Flush, PushedStream
from protocols import (
    MAX_BUFFERED_S,
    STT,
    AudioChunk,
    FinalTranscript,
    InterimTranscript,
    ProviderError,
    SpeechEvent,
    SpeechStream,
    STTCapabilities,
    Transcript,
    TranscriptFlushed,
)
from support.scripted_providers import read_aloud


class StreamingReader(STT):
    """``fails`` names what goes wrong with its streams, for as many of them as ``times``; ``streams`` are those that it began."""

    def __init__(self, fails: str = "", times: int = 100, rate_hz: int = 16_000) -> None:
        self.fails = fails
        self.times = times
        self.streams: list[_Stream] = []
        self.languages: list[str] = []
        self._rate_hz = rate_hz

    @property
    def capabilities(self) -> STTCapabilities:
        return STTCapabilities(streaming=True, interim_results=True, languages=frozenset({"en"}))

    @property
    def rate_hz(self) -> int:
        return self._rate_hz

    def stream(self, *, language: str = "") -> SpeechStream:
        self.languages.append(language)
        fails, self.times = (self.fails if self.times > 0 else ""), self.times - 1
        if fails == "open":
            raise ProviderError("no stream", retryable=True)
        self.streams.append(_Stream(fails, self._rate_hz))
        return self.streams[-1]


class _Stream(PushedStream[bytes, SpeechEvent], SpeechStream):
    def __init__(self, fails: str, rate_hz: int) -> None:
        super().__init__("reader", bound=int(MAX_BUFFERED_S * rate_hz) * 2, what="audio")
        self.fails = fails
        self.rate_hz = rate_hz
        self.heard = bytearray()
        self.flushes = 0
        self.closed = 0

    def push(self, audio: AudioChunk) -> None:
        if self.fails == "push":
            raise RuntimeError("cannot take it")
        self.put(audio.pcm, len(audio.pcm))

    async def aclose(self) -> None:
        self.closed += 1
        await super().aclose()

    async def work(self, inputs: AsyncIterator[bytes | Flush]) -> AsyncGenerator[SpeechEvent, None]:
        unsaid: Any = bytearray()
        async for piece in inputs:
            if self.fails == "iterate":
                raise ProviderError("lost", retryable=True)
            if self.fails == "value":
                yield "text"  # type: ignore[misc]
            if isinstance(piece, Flush):
                self.flushes += 1
                if self.fails == "flush":
                    await asyncio.Event().wait()
                if text := read_aloud(bytes(unsaid), self.rate_hz):
                    yield FinalTranscript(transcript=Transcript(text=text, language="en-GB", speaker_id="one"))
                    unsaid = bytearray()
                yield TranscriptFlushed()
            else:
                self.heard += piece
                unsaid += piece
                if text := read_aloud(bytes(unsaid), self.rate_hz):
                    yield InterimTranscript(transcript=Transcript(text=text))
        if text := read_aloud(bytes(unsaid), self.rate_hz):
            yield FinalTranscript(transcript=Transcript(text=text, language="en-GB", speaker_id="one"))
