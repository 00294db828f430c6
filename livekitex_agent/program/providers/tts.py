"""A voice of LiveKit's classes as the session's."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from livekitex_agent.program.providers.adapter import Adapter
from livekitex_agent.program.providers.audio import SpokenAudio, rate_near, words_of
from livekitex_agent.program.providers.synthesis_stream import AdaptedSynthesisStream
from livekitex_agent.types import USERDATA_TIMED_TRANSCRIPT
from protocols import TTS, AlignedAudio, AudioChunk, SynthesisStream, TTSCapabilities

__all__ = ["TTSAdapter"]


class TTSAdapter(Adapter, TTS):
    """A voice; audio of a rate that the session does not take is brought to the next higher. Text without a letter is not asked for.

    One that streams is given each sentence as a stream: that is what its users have it for, and some tell their words in streams alone.
    """

    @property
    def capabilities(self) -> TTSCapabilities:
        """What it says of itself."""
        theirs = self.provider.capabilities
        return TTSCapabilities(streaming=theirs.streaming, aligned_transcript=bool(getattr(theirs, "aligned_transcript", False)))

    @property
    def rate_hz(self) -> int:
        """Of its audio."""
        return rate_near(self.provider.sample_rate)

    def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """Stream the audio of one sentence."""
        return self._iterate(lambda: self._speak(text))

    def stream(self) -> SynthesisStream:
        """Begin a stream of text."""
        if not self.provider.capabilities.streaming:
            return super().stream()

        def begin() -> Any:  # noqa: ANN401 - of either family
            return self.provider.stream(conn_options=self._connect_options)

        return AdaptedSynthesisStream(self.label, begin, self._post, self._iterate, self._chunks)

    async def _speak(self, text: str) -> AsyncGenerator[AudioChunk, None]:
        if not has_sound(text):
            return
        if self.provider.capabilities.streaming:
            stream = self.provider.stream(conn_options=self._connect_options)
            stream.push_text(text)
            stream.end_input()
        else:
            stream = self.provider.synthesize(text, conn_options=self._connect_options)
        async with stream:
            async for chunk in self._chunks(stream):
                yield chunk

    async def _chunks(self, stream: AsyncIterator[Any]) -> AsyncGenerator[AudioChunk, None]:
        """The audio of a stream of theirs."""
        audio, aligned = SpokenAudio(self.rate_hz), self.capabilities.aligned_transcript
        words: tuple[Any, ...] = ()
        async for piece in stream:
            words += words_of(piece.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT)) if aligned else ()
            for pcm in audio.feed(piece.frame):
                yield self._chunk(pcm, words)
                words = ()
        for pcm in audio.finish():
            yield self._chunk(pcm, words)
            words = ()

    def _chunk(self, pcm: bytes, words: tuple[Any, ...]) -> AudioChunk:
        if self.capabilities.aligned_transcript:
            return AlignedAudio(pcm=pcm, rate_hz=self.rate_hz, words=words)
        return AudioChunk(pcm=pcm, rate_hz=self.rate_hz)


def has_sound(text: str) -> bool:
    """Whether there is something in ``text`` to be said."""
    return any(map(str.isalnum, text))
