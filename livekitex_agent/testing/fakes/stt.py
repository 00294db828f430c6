"""A speech recognition that understands what its script says, or reads the written voice."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from actors import Flush, OptionReader, PushedStream
from livekitex_agent.testing.fakes.written_voice import read_aloud
from protocols import (
    BYTES_PER_SAMPLE,
    MAX_BUFFERED_S,
    SESSION_RATE_HZ,
    STT,
    AudioChunk,
    ConfigurationError,
    Fault,
    FinalTranscript,
    InterimTranscript,
    InvalidAudioError,
    PreflightTranscript,
    ProviderError,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    SpeechStream,
    STTCapabilities,
    Transcript,
    TranscriptFlushed,
)

LONGEST_MS: Final = 600_000
MANY: Final = 100_000
STEP_BYTES: Final = SESSION_RATE_HZ // 100 * BYTES_PER_SAMPLE
"""10 ms: a letter of the written voice."""
AUDIBLE: Final = 0.04
"""Of the loudest sample: what is quieter at the ends of an utterance is none of it."""
CURE: Final = "give a list of maps, [{'ms': 800, 'text': 'yes'}]"


class ScriptedSTT(STT):
    """See the module."""

    rate_hz: Final = SESSION_RATE_HZ

    def __init__(
        self,
        transcripts: Sequence[str] | None,
        by_length: Sequence[tuple[float, str]],
        *,
        streaming: bool,
        end_of_turn_ms: int,
        delay_ms: float,
        fails: int,
        hangs: int,
    ) -> None:
        self._streaming = streaming
        self.end_of_turn_ms: Final = end_of_turn_ms
        self._transcripts = None if transcripts is None else deque(transcripts)
        self._by_length = by_length
        self._delay_s = delay_ms / 1000
        self._fails = fails
        self._hangs = hangs

    @property
    def capabilities(self) -> STTCapabilities:
        """See `STT.capabilities`."""
        finds = self.end_of_turn_ms > 0
        return STTCapabilities(
            streaming=self._streaming, interim_results=self._streaming, end_of_turn=finds, start_of_speech=self._streaming
        )

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """See `STT.recognize`."""
        if len(pcm) % BYTES_PER_SAMPLE:
            raise ProviderError(f"scripted_stt: {len(pcm)} bytes are no PCM16", retryable=False, fault=Fault.CALLER)
        if self._hangs:
            self._hangs -= 1
            await asyncio.Event().wait()
        await asyncio.sleep(self._delay_s)
        if self._fails:
            self._fails -= 1
            raise ProviderError("scripted_stt fails, as its script says", retryable=True)
        return Transcript(text=self._text_of(pcm), language=language)

    def stream(self, *, language: str = "") -> SpeechStream:
        """See `STT.stream`: it reads the written voice, word by word."""
        return _ReadingStream(self, language) if self._streaming else super().stream(language=language)

    def _text_of(self, pcm: bytes) -> str:
        if self._by_length:
            length_ms = _voiced_ms(pcm)
            return min(self._by_length, key=lambda each: abs(each[0] - length_ms))[1]
        if self._transcripts is None:
            return read_aloud(pcm, SESSION_RATE_HZ)
        return self._transcripts.popleft() if self._transcripts else ""


class _ReadingStream(PushedStream[bytes, SpeechEvent], SpeechStream):
    """Tells each word once the next begins, and all of them as final where it is flushed or ended, or finds the end of a turn."""

    def __init__(self, stt: ScriptedSTT, language: str) -> None:
        bound = int(MAX_BUFFERED_S * SESSION_RATE_HZ) * BYTES_PER_SAMPLE
        super().__init__(stt.label, bound=bound, what=f"{MAX_BUFFERED_S:g} s of audio")
        self._stt = stt
        self._language = language
        self._heard = bytearray()
        self._heard_ms = 0.0
        self._voice_end_ms = 0.0
        self._told = ""
        self._expected = False

    def push(self, audio: AudioChunk) -> None:
        if audio.rate_hz != SESSION_RATE_HZ:
            raise InvalidAudioError(f"scripted_stt takes {SESSION_RATE_HZ} Hz, not {audio.rate_hz}: resample before")
        self.put(audio.pcm, len(audio.pcm))

    async def work(self, inputs: AsyncIterator[bytes | Flush]) -> AsyncGenerator[SpeechEvent, None]:
        async for piece in inputs:
            if isinstance(piece, Flush):
                async for event in self._settle():
                    yield event
                yield TranscriptFlushed()
                continue
            step = STEP_BYTES if self._stt.end_of_turn_ms else max(1, len(piece))
            for at in range(0, len(piece), step):
                for told in self._hear(piece[at : at + step]):
                    yield told
                if self._turn_is_over:
                    async for event in self._settle():
                        yield event
        async for event in self._settle():
            yield event

    @property
    def _turn_is_over(self) -> bool:
        return self._silent_for(self._stt.end_of_turn_ms)

    def _silent_for(self, silence_ms: float) -> bool:
        """Whether who spoke has been silent for so long, and would not go on: he did not end in a comma."""
        if not (silence_ms and self._heard and self._heard_ms - self._voice_end_ms >= silence_ms):
            return False
        return not read_aloud(bytes(self._heard), SESSION_RATE_HZ).endswith(",")

    def _hear(self, pcm: bytes) -> Iterator[SpeechEvent]:
        voiced = any(pcm)
        if not self._heard and voiced:
            yield SpeechStarted(at_ms=round(self._heard_ms))
        self._heard_ms += len(pcm) / BYTES_PER_SAMPLE / SESSION_RATE_HZ * 1000
        if voiced:
            self._voice_end_ms, self._expected = self._heard_ms, False
        if not (self._heard or voiced):
            return
        self._heard += pcm
        text = read_aloud(bytes(self._heard), SESSION_RATE_HZ)
        whole, _, _ = text.rpartition(" ")
        if whole != self._told:
            self._told = whole
            yield InterimTranscript(transcript=Transcript(text=whole, language=self._language))
        if not self._expected and self._silent_for(self._stt.end_of_turn_ms / 2):
            self._expected = True
            yield PreflightTranscript(transcript=Transcript(text=text, language=self._language))

    async def _settle(self) -> AsyncGenerator[SpeechEvent, None]:
        if self._heard:
            yield FinalTranscript(transcript=await self._stt.recognize(bytes(self._heard), language=self._language))
            finds = self._stt.end_of_turn_ms > 0
            yield SpeechEnded(at_ms=round(self._voice_end_ms if finds else self._heard_ms))
        self._heard.clear()
        self._told, self._expected = "", False


def scripted_stt(options: Mapping[str, Any]) -> STT:
    """A recogniser of ``transcripts``, one for each utterance, then none; without them it reads the written voice.

    With ``by_length``, maps of ``ms`` and ``text``, it understands of each utterance the one whose length is nearest. With ``streaming``
    (false) it tells the words of the written voice as they come. With ``end_of_turn_ms`` (0: it does not) it finds a turn over after as
    much silence, and expects that after half of it (`PreflightTranscript`), unless the voice ended in a comma: for
    ``turn_detection="stt"``. A final text takes ``delay_ms`` (0). The first ``fails`` requests fail, retryably; the first ``hangs`` never
    end.

    Raises:
        ConfigurationError: an option is none; the text names the cure.
    """
    reader = OptionReader("scripted_stt", options)
    transcripts = reader.anything("transcripts")
    if transcripts is not None and (
        isinstance(transcripts, str) or not isinstance(transcripts, Sequence) or not all(isinstance(text, str) for text in transcripts)
    ):
        raise ConfigurationError(f"scripted_stt: transcripts is {transcripts!r:.60}: give a list of texts")
    end_of_turn_ms = reader.integer("end_of_turn_ms", 0, lowest=0, highest=LONGEST_MS)
    stt = ScriptedSTT(
        transcripts,
        _lengths(reader.anything("by_length", [])),
        streaming=reader.flag("streaming", default=False) or end_of_turn_ms > 0,
        end_of_turn_ms=end_of_turn_ms,
        delay_ms=reader.number("delay_ms", 0, lowest=0, highest=LONGEST_MS),
        fails=reader.integer("fails", 0, lowest=0, highest=MANY),
        hangs=reader.integer("hangs", 0, lowest=0, highest=MANY),
    )
    reader.finish()
    return stt


def _voiced_ms(pcm: bytes) -> float:
    samples = np.abs(np.frombuffer(pcm, "<i2").astype(np.int32))
    loud = np.flatnonzero(samples > AUDIBLE * samples.max(initial=0))
    return float(loud[-1] - loud[0] + 1) * 1000 / SESSION_RATE_HZ if len(loud) else 0.0


def _lengths(value: object) -> tuple[tuple[float, str], ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"scripted_stt: by_length is {value!r:.60}: {CURE}")
    found: list[tuple[float, str]] = []
    for each in value:
        match each:
            case {"ms": int() | float() as length_ms, "text": str(text), **rest} if not rest and length_ms >= 0:
                found.append((length_ms, text))
            case _:
                raise ConfigurationError(f"scripted_stt: by_length has {each!r:.80}: {CURE}")
    return tuple(found)
