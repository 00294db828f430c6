"""One form of speech recognition made of the other: a stream of utterances, and an utterance of a stream.

`StreamingSTT` finds the utterances in a stream with voice activity detection and has each recognised when it is over, so it has no interim
results. `recognize_by_stream` puts the final transcripts of a stream together.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Final

from actors.providers.pushed_stream import Flush, PushedStream
from actors.providers.values import speech_event_of
from protocols import (
    BYTES_PER_SAMPLE,
    MAX_BUFFERED_S,
    MAX_CHUNK_S,
    STT,
    VAD,
    AudioChunk,
    FinalTranscript,
    InvalidAudioError,
    RecognitionUsage,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    SpeechStream,
    STTCapabilities,
    TimedWord,
    Transcript,
    TranscriptFlushed,
    VADEvent,
    VoiceEnded,
    VoiceStarted,
)

PADDING_MS: Final = 300
"""Of what lies around the voice that is recognised with it: unvoiced sounds, on which no detector can be relied."""


class StreamingSTT(STT):
    """``stt``, which recognises utterances, as one that streams too; ``vad`` finds the utterances."""

    def __init__(self, stt: STT, vad: VAD) -> None:
        self._stt = stt
        self._vad = vad

    @property
    def label(self) -> str:
        """The recogniser's."""
        return self._stt.label

    @property
    def capabilities(self) -> STTCapabilities:
        """The recogniser's, streaming; what ends is the voice, which is no turn."""
        return replace(self._stt.capabilities, streaming=True, interim_results=False, end_of_turn=False, start_of_speech=True)

    @property
    def rate_hz(self) -> int:
        """The recogniser's."""
        return self._stt.rate_hz

    def prewarm(self) -> None:
        """Both."""
        self._vad.prewarm()
        self._stt.prewarm()

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """As the recogniser does."""
        return await self._stt.recognize(pcm, language=language)

    def stream(self, *, language: str = "") -> SpeechStream:
        """A stream whose transcripts are final, one for each utterance that was understood."""
        return _UtteranceStream(self._stt, self._vad, language)

    async def aclose(self) -> None:
        """Both."""
        await self._stt.aclose()
        await self._vad.aclose()


class _UtteranceStream(PushedStream[bytes, SpeechEvent], SpeechStream):
    def __init__(self, stt: STT, vad: VAD, language: str) -> None:
        super().__init__(stt.label, bound=int(MAX_BUFFERED_S * stt.rate_hz) * BYTES_PER_SAMPLE, what=f"{MAX_BUFFERED_S:g} s of audio")
        self._stt = stt
        from actors.media import Resampler  # with numpy, which is not to be loaded before its threads are forbidden

        self._language = language
        self._vad_rate_hz = vad.capabilities.rate_hz
        self._voice = vad.stream()
        self._resampler = Resampler(stt.rate_hz, self._vad_rate_hz)
        self._audio = bytearray()  # from `_origin` on, as far as it is read
        self._origin = 0  # in bytes of the stream
        self._speech_start: int | None = None  # in ms

    def push(self, audio: AudioChunk) -> None:
        if audio.rate_hz != self._stt.rate_hz:
            raise InvalidAudioError(f"{self._stt.label} takes {self._stt.rate_hz} Hz, not {audio.rate_hz}: resample before")
        self.put(audio.pcm, len(audio.pcm))

    async def work(self, inputs: AsyncIterator[bytes | Flush]) -> AsyncGenerator[SpeechEvent, None]:
        async for piece in inputs:
            if isinstance(piece, Flush):
                async for event in self._finish():
                    yield event
                yield TranscriptFlushed()
                continue
            self._audio += piece
            if heard := self._resampler.process(piece):
                async for event in self._tell(self._voice.push(AudioChunk(pcm=heard, rate_hz=self._vad_rate_hz))):
                    yield event
            self._forget()
        async for event in self._finish():
            yield event

    async def _finish(self) -> AsyncGenerator[SpeechEvent, None]:
        """The end of the speech that goes on, if any; what comes after begins anew."""
        async for event in self._tell(self._voice.flush()):
            yield event
        self._resampler.reset()
        self._voice.reset(start_ms=self._now_ms)
        self._forget()

    async def _tell(self, events: tuple[VADEvent, ...]) -> AsyncGenerator[SpeechEvent, None]:
        for event in events:
            match event:
                case VoiceStarted(start_ms=start_ms):
                    self._speech_start = max(start_ms, 0)
                    yield SpeechStarted(at_ms=self._speech_start)
                case VoiceEnded(end_ms=end_ms):
                    start = self._byte(max(0, (self._speech_start or 0) - PADDING_MS))
                    pcm = bytes(self._audio[max(0, start - self._origin) : max(0, self._byte(end_ms + PADDING_MS) - self._origin)])
                    transcript = await self._stt.recognize(pcm, language=self._language)
                    if transcript.text:
                        yield FinalTranscript(transcript=_shifted(transcript, self._ms(max(start, self._origin))))
                    yield SpeechEnded(at_ms=end_ms)
                    yield RecognitionUsage(audio_s=len(pcm) / BYTES_PER_SAMPLE / self._stt.rate_hz)
                    self._speech_start = None
                case _:
                    pass

    def _forget(self) -> None:
        """Drop audio that no utterance can need: of voice that is not announced yet only the last `MAX_CHUNK_S` may be."""
        if self._speech_start is None:
            needed = max(self._origin, self._byte(self._now_ms) - int(MAX_CHUNK_S * self._stt.rate_hz) * BYTES_PER_SAMPLE)
        else:
            needed = max(self._origin, self._byte(max(0, self._speech_start - PADDING_MS)))
        del self._audio[: needed - self._origin]
        self._origin = needed

    @property
    def _now_ms(self) -> int:
        return self._ms(self._origin + len(self._audio))

    def _ms(self, byte: int) -> int:
        return byte * 1000 // (self._stt.rate_hz * BYTES_PER_SAMPLE)

    def _byte(self, ms: int) -> int:
        return ms * self._stt.rate_hz // 1000 * BYTES_PER_SAMPLE


async def recognize_by_stream(stt: STT, pcm: bytes, *, language: str = "") -> Transcript:
    """What was said in one utterance, by a stream of ``stt``: its final transcripts as one.

    Raises:
        ProviderError: the stream failed.
    """
    stream = stt.stream(language=language)
    size = int(MAX_CHUNK_S * stt.rate_hz) * BYTES_PER_SAMPLE
    try:
        for at in range(0, len(pcm), size):
            stream.push(AudioChunk(pcm=pcm[at : at + size], rate_hz=stt.rate_hz))
        stream.end_input()
        events = [speech_event_of(stt, event) async for event in stream]
    finally:
        await stream.aclose()
    return joined([event.transcript for event in events if isinstance(event, FinalTranscript)])


def joined(transcripts: list[Transcript]) -> Transcript:
    """The parts of one utterance as one: language and speaker of the first that has one, the least confidence."""
    return Transcript(
        text=" ".join(part.text.strip() for part in transcripts if part.text.strip()),
        language=next((part.language for part in transcripts if part.language), ""),
        confidence=min((part.confidence for part in transcripts if part.confidence is not None), default=None),
        words=tuple(word for part in transcripts for word in part.words),
        speaker_id=next((part.speaker_id for part in transcripts if part.speaker_id), ""),
    )


def _shifted(transcript: Transcript, by_ms: int) -> Transcript:
    words: tuple[TimedWord, ...] = tuple(
        replace(word, start_ms=word.start_ms + by_ms, end_ms=word.end_ms + by_ms) for word in transcript.words
    )
    return replace(transcript, words=words)
