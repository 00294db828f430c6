"""A speech recognition that understands what its script says, or reads the written voice."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    FinalTranscript,
    InterimTranscript,
    InvalidAudioError,
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
AUDIBLE: Final = 0.04
"""Of the loudest sample: what is quieter at the ends of an utterance is none of it."""
CURE: Final = "give a list of maps in their order, [{'from_ms': 500, 'to_ms': 1300, 'text': 'yes'}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """From when to when in the caller's audio which words are heard."""

    from_ms: float
    to_ms: float
    text: str

    def events(self, delay_ms: float) -> Iterator[tuple[float, SpeechEvent]]:
        """What a stream tells of it, and when; its words come one after the other, and are final ``delay_ms`` after the last."""
        words = self.text.split()
        yield self.from_ms, SpeechStarted(at_ms=round(self.from_ms))
        for count in range(1, len(words)):
            heard_ms = self.from_ms + (self.to_ms - self.from_ms) * count / len(words)
            yield heard_ms, InterimTranscript(transcript=Transcript(text=" ".join(words[:count])))
        yield self.to_ms + delay_ms, FinalTranscript(transcript=Transcript(text=self.text))
        yield self.to_ms + delay_ms, SpeechEnded(at_ms=round(self.to_ms))


class ScriptedSTT(STT):
    """See the module."""

    rate_hz: Final = SESSION_RATE_HZ

    def __init__(self, transcripts: Sequence[str] | None, stretches: Sequence[Stretch], *, delay_ms: float, fails: int, hangs: int) -> None:
        self._transcripts = None if transcripts is None else deque(transcripts)
        self._stretches = stretches
        self._delay_ms = delay_ms
        self._fails = fails
        self._hangs = hangs

    @property
    def capabilities(self) -> STTCapabilities:
        """It streams where its script says what is heard when."""
        return STTCapabilities(streaming=bool(self._stretches), interim_results=bool(self._stretches))

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """See `STT.recognize`."""
        if self._hangs:
            self._hangs -= 1
            await asyncio.Event().wait()
        await asyncio.sleep(self._delay_ms / 1000)
        if self._fails:
            self._fails -= 1
            raise ProviderError("scripted_stt fails, as its script says", retryable=True)
        return Transcript(text=self._text_of(pcm), language=language)

    def stream(self, *, language: str = "") -> SpeechStream:
        """See `STT.stream`; the script's times count from the stream's beginning."""
        if not self._stretches:
            return super().stream(language=language)
        return _ScriptedStream(self.label, self._stretches, self._delay_ms)

    def _text_of(self, pcm: bytes) -> str:
        if self._stretches:
            length_ms = _voiced_ms(pcm)
            return min(self._stretches, key=lambda each: abs(each.to_ms - each.from_ms - length_ms)).text
        if self._transcripts is None:
            return read_aloud(pcm, SESSION_RATE_HZ)
        return self._transcripts.popleft() if self._transcripts else ""


class _ScriptedStream(PushedStream[bytes, SpeechEvent], SpeechStream):
    def __init__(self, label: str, stretches: Sequence[Stretch], delay_ms: float) -> None:
        bound = int(MAX_BUFFERED_S * SESSION_RATE_HZ) * BYTES_PER_SAMPLE
        super().__init__(label, bound=bound, what=f"{MAX_BUFFERED_S:g} s of audio")
        self._due = deque(event for stretch in stretches for event in stretch.events(delay_ms))
        self._speaking = False

    def push(self, audio: AudioChunk) -> None:
        if audio.rate_hz != SESSION_RATE_HZ:
            raise InvalidAudioError(f"scripted_stt takes {SESSION_RATE_HZ} Hz, not {audio.rate_hz}: resample before")
        self.put(audio.pcm, len(audio.pcm))

    async def work(self, inputs: "AsyncIterator[bytes | Flush]") -> AsyncGenerator[SpeechEvent, None]:
        heard_ms = 0.0
        async for piece in inputs:
            if isinstance(piece, Flush):
                for event in self._told_by(heard_ms, finals=True):
                    yield event
                yield TranscriptFlushed()
            else:
                heard_ms += len(piece) / BYTES_PER_SAMPLE / SESSION_RATE_HZ * 1000
                for event in self._told_by(heard_ms, finals=False):
                    yield event
        for event in self._told_by(heard_ms, finals=True):
            yield event

    def _told_by(self, heard_ms: float, *, finals: bool) -> Iterator[SpeechEvent]:
        """What is due; with ``finals`` also what is only waited for of speech that has begun."""
        while self._due and (self._due[0][0] <= heard_ms or (finals and self._speaking)):
            event = self._due.popleft()[1]
            self._speaking = not isinstance(event, SpeechEnded)
            yield event


def scripted_stt(options: Mapping[str, Any]) -> STT:
    """A recogniser of ``transcripts``, one for each utterance, then none; without them it reads the written voice.

    With ``stretches`` (maps of ``from_ms``, ``to_ms`` and ``text``) it streams, tells words as they come, and understands of an utterance
    the one whose length is nearest. A final text takes ``delay_ms`` (0). The first ``fails`` requests fail, retryably; the first ``hangs``
    never end.

    Raises:
        ConfigurationError: an option is none; the text names the cure.
    """
    reader = OptionReader("scripted_stt", options)
    transcripts = reader.anything("transcripts")
    if transcripts is not None and (
        isinstance(transcripts, str) or not isinstance(transcripts, Sequence) or not all(isinstance(text, str) for text in transcripts)
    ):
        raise ConfigurationError(f"scripted_stt: transcripts is {transcripts!r:.60}: give a list of texts")
    stt = ScriptedSTT(
        transcripts,
        _stretches(reader.anything("stretches", [])),
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


def _stretches(value: object) -> tuple[Stretch, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"scripted_stt: stretches is {value!r:.60}: {CURE}")
    found: list[Stretch] = []
    for each in value:
        after_ms = found[-1].to_ms if found else 0.0
        match each:
            case {"from_ms": int() | float() as start, "to_ms": int() | float() as end, "text": str(text), **rest} if (
                not rest and after_ms <= start < end
            ):
                found.append(Stretch(from_ms=start, to_ms=end, text=text))
            case _:
                raise ConfigurationError(f"scripted_stt: stretches has {each!r:.80}: {CURE}")
    return tuple(found)
