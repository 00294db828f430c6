"""One form of a voice made of the other: text that comes in pieces is spoken sentence by sentence, and a sentence by a stream."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from actors.providers.pushed_stream import FLUSH, Flush, PushedStream
from protocols import (
    MAX_PENDING_CHARS,
    TTS,
    AlignedAudio,
    AudioChunk,
    SegmentEnded,
    SynthesisEvent,
    SynthesisStream,
    TTSCapabilities,
    WellFormedStream,
)


class StreamingTTS(TTS):
    """``tts``, which speaks sentences, as one that takes text in pieces too: it speaks each sentence as soon as it stands."""

    def __init__(self, tts: TTS) -> None:
        self._tts = tts

    @property
    def label(self) -> str:
        """The voice's."""
        return self._tts.label

    @property
    def capabilities(self) -> TTSCapabilities:
        """The voice's, streaming."""
        return replace(self._tts.capabilities, streaming=True)

    @property
    def rate_hz(self) -> int:
        """The voice's."""
        return self._tts.rate_hz

    def prewarm(self) -> None:
        """The voice."""
        self._tts.prewarm()

    def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """As the voice does."""
        return self._tts.synthesize(text)

    def stream(self) -> SynthesisStream:
        """A stream that speaks sentence by sentence."""
        return _SentenceStream(self._tts)

    async def aclose(self) -> None:
        """The voice."""
        await self._tts.aclose()


class SentenceTTS(StreamingTTS):
    """``tts``, which takes text in pieces, as one that speaks sentences too: a stream for each."""

    @property
    def capabilities(self) -> TTSCapabilities:
        """The voice's."""
        return self._tts.capabilities

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """Stream the audio of one sentence.

        Raises:
            ProviderError: the voice failed.
        """
        stream = self._tts.stream()
        try:
            stream.push_text(text)
            stream.end_input()
            async for event in stream:
                if isinstance(event, AudioChunk):
                    yield event
        finally:
            await stream.aclose()

    def stream(self) -> SynthesisStream:
        """As the voice does."""
        return self._tts.stream()


class _SentenceStream(PushedStream[str, SynthesisEvent], SynthesisStream):
    def __init__(self, tts: TTS) -> None:
        super().__init__(tts.label, bound=MAX_PENDING_CHARS, what=f"{MAX_PENDING_CHARS} characters")
        self._tts = tts

    def push_text(self, text: str) -> None:
        self.put(text, len(text))

    async def work(self, inputs: AsyncIterator[str | Flush]) -> AsyncGenerator[SynthesisEvent, None]:
        from actors.media import SentenceSplitter  # with numpy, which is not to be loaded before its threads are forbidden

        splitter, text = SentenceSplitter(), WellFormedStream()
        samples, begun = 0, False
        async for piece in _flushed_at_the_end(inputs):
            if isinstance(piece, Flush):
                sentences = splitter.feed(text.finish()) + splitter.finish()
            else:
                sentences, begun = splitter.feed(text.feed(piece)), begun or bool(piece)
            for sentence in sentences:
                async with aclosing(self._speak(sentence, samples)) as spoken:
                    async for chunk in spoken:
                        samples += chunk.samples
                        yield chunk
            if isinstance(piece, Flush) and begun:
                samples, begun = 0, False
                yield SegmentEnded()

    async def _speak(self, sentence: str, samples: int) -> AsyncGenerator[AudioChunk, None]:
        """The audio of ``sentence``, before which its segment has so many ``samples``."""
        by_ms = samples * 1000 // self._tts.rate_hz
        async for chunk in self._tts.synthesize(sentence):
            if isinstance(chunk, AlignedAudio):
                words = tuple(replace(word, start_ms=word.start_ms + by_ms, end_ms=word.end_ms + by_ms) for word in chunk.words)
                yield replace(chunk, words=words)
            else:
                yield chunk


async def _flushed_at_the_end(inputs: AsyncIterator[str | Flush]) -> AsyncIterator[str | Flush]:
    async for piece in inputs:
        yield piece
    yield FLUSH
