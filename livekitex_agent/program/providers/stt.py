"""A recogniser of LiveKit's classes as the session's."""

from typing import Any

from actors import joined, recognize_by_stream
from livekitex_agent.program.providers.adapter import Adapter
from livekitex_agent.program.providers.audio import frame_of
from livekitex_agent.program.providers.speech_stream import AdaptedSpeechStream
from livekitex_agent.program.providers.transcripts import transcript_of
from protocols import BYTES_PER_SAMPLE, STT, Fault, ProviderError, SpeechStream, STTCapabilities, Transcript

__all__ = ["STTAdapter"]


class STTAdapter(Adapter, STT):
    """A recogniser; what it streams alone recognises an utterance by a stream.

    ``end_of_turn``: its user lets it decide when a turn is over. LiveKit's classes do not say whether it finds turns or pauses.
    """

    end_of_turn = False

    @property
    def capabilities(self) -> STTCapabilities:
        """What it says of itself."""
        theirs = self.provider.capabilities
        return STTCapabilities(
            streaming=theirs.streaming,
            interim_results=theirs.streaming and theirs.interim_results,
            aligned_words=getattr(theirs, "aligned_transcript", False) == "word",
            diarization=bool(getattr(theirs, "diarization", False)),
            end_of_turn=self.end_of_turn and theirs.streaming,
            start_of_speech=self.end_of_turn and theirs.streaming,
        )

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """What was said in one utterance."""
        if len(pcm) % BYTES_PER_SAMPLE:
            raise ProviderError(f"{self.label}: {len(pcm)} bytes are no PCM16: samples have two", retryable=False, fault=Fault.CALLER)
        if not getattr(self.provider.capabilities, "offline_recognize", True):
            return await recognize_by_stream(self, pcm, language=language)

        async def ask() -> Any:  # noqa: ANN401 - of either family
            return await self.provider.recognize(
                [frame_of(self._family, pcm, self.rate_hz)],
                language=language or self._family.not_given,
                conn_options=self._connect_options,
            )

        event = await self._run(ask)
        return joined([transcript_of(data) for data in event.alternatives[:1]])

    def stream(self, *, language: str = "") -> SpeechStream:
        """Begin a stream of audio."""
        if not self.provider.capabilities.streaming:
            return super().stream(language=language)

        return AdaptedSpeechStream(
            self.label,
            self.rate_hz,
            begin=lambda: self.begin(language=language),
            post=self._post,
            iterate=self._iterate,
            frame_of=lambda pcm: frame_of(self._family, pcm, self.rate_hz),
        )

    def begin(self, *, language: str = "") -> Any:  # noqa: ANN401 - of either family
        """On the loop: begin a stream of the recogniser's own."""
        self._sessions.enter(self._family)
        return self.provider.stream(language=language or self._family.not_given, conn_options=self._connect_options)
