"""The contract of speech recognition: what somebody said, while he says it or once he has.

An `STT` recognises an utterance at once (`STT.recognize`), or a stream of audio as it comes (`STT.stream`); its capabilities say whether it
streams. Either can be made of the other (``actors.providers``), so an implementation writes the one that its model offers.

A stream tells an utterance so::

    SpeechStarted  InterimTranscript*  PreflightTranscript*  FinalTranscript*  SpeechEnded

Interim and preflight transcripts may be mixed. Each replaces the one before, and says what is not final yet; a final one settles it, and
what comes after begins anew. A recogniser that finds no beginnings and ends leaves `SpeechStarted` and `SpeechEnded` out; one that finds
the end of a turn tells it by `SpeechEnded` (`STTCapabilities.end_of_turn`). Times are milliseconds since the stream's beginning. They count
samples, not arrivals.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Protocol

from protocols.audio import SESSION_RATE_HZ, AudioChunk
from protocols.errors import Fault, ProviderError
from protocols.language import primary_language
from protocols.provider import Provider
from protocols.timed_word import TimedWord

__all__ = ["MAX_BUFFERED_S", "STT", "FinalTranscript", "InterimTranscript", "PreflightTranscript", "RecognitionUsage", "STTCapabilities"]
__all__ += ["SpeechEnded", "SpeechEvent", "SpeechStarted", "SpeechStream", "Transcript", "TranscriptFlushed"]

MAX_BUFFERED_S: Final = 30.0
"""Audio that a `SpeechStream` keeps at most for a recogniser that falls behind; with more it fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class STTCapabilities:
    """What a recogniser offers.

    ``streaming``: `STT.stream` works. ``interim_results``: its streams tell transcripts before they are final. ``aligned_words``:
    transcripts have words with times. ``diarization``: they have speakers. ``languages`` are ISO 639 codes; None is every language.

    ``end_of_turn``: its streams tell `SpeechEnded`, behind the final transcripts, where somebody has finished his turn and at no other
    pause, without being flushed: so they may decide it (the agent's option ``turn_detection="stt"``). ``start_of_speech``: they tell
    `SpeechStarted` where somebody begins, also where he goes on after such an end: then that needs no voice activity detection.
    """

    streaming: bool = False
    interim_results: bool = False
    aligned_words: bool = False
    diarization: bool = False
    end_of_turn: bool = False
    start_of_speech: bool = False
    languages: frozenset[str] | None = None

    def supports(self, language: str) -> bool:
        """Whether it understands ``language`` (a BCP 47 tag; empty: it is not known, and the recogniser is asked all the same)."""
        return self.languages is None or not language or primary_language(language) in self.languages


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was understood; an empty ``text`` (without surrounding space) is nothing.

    ``language`` is the BCP 47 tag of what was spoken, empty if it is not known; ``confidence`` is 0 to 1, None if it is not known.
    ``words`` are in their order, with the times of what was recognised: since its beginning for `STT.recognize`, since the stream's for a
    stream. ``speaker_id`` is empty, or the same for the same voice.
    """

    text: str
    language: str = ""
    confidence: float | None = None
    words: tuple[TimedWord, ...] = ()
    speaker_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """The recogniser hears speech that began at ``at_ms``."""

    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimTranscript:
    """What is understood so far, and may change."""

    transcript: Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightTranscript:
    """What will very likely be final, so that a reply may be prepared; if the speaker goes on it is not."""

    transcript: Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalTranscript:
    """What is understood, and will not change."""

    transcript: Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechEnded:
    """The speech is over; it ended at ``at_ms``."""

    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptFlushed:
    """All that was pushed before a `SpeechStream.flush` has its final transcripts; one for each flush, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionUsage:
    """What was used since the last one: seconds of audio, and tokens where a recogniser counts them."""

    audio_s: float = 0.0
    tokens: int = 0


SpeechEvent = SpeechStarted | InterimTranscript | PreflightTranscript | FinalTranscript | SpeechEnded | TranscriptFlushed | RecognitionUsage


class SpeechStream(Protocol):
    """A recogniser on one stream of audio; used on one event loop.

    Audio goes in by `push`, events come out of ``async for event in stream``, which ends after `end_input` with the last of them, or after
    `aclose`. There may be no audio for minutes: keeping a connection alive is the stream's business, and if it is lost, so is opening
    another, as long as no audio is lost with it.

    Raises (from the iteration):
        ProviderError: it failed, and is over; the audio whose finals it has not told is to be recognised by another.
    """

    def push(self, audio: AudioChunk) -> None:
        """Hand over the next piece, at the rate of `STT.rate_hz`. Does not wait: the stream keeps at most `MAX_BUFFERED_S`.

        Raises:
            InvalidAudioError: another rate; the stream is unchanged.
            ProviderError: the stream has failed or its input has ended, or the bound is reached.
        """
        ...

    def flush(self) -> None:
        """Nobody speaks any more for now: tell the final transcripts of what was pushed, then `TranscriptFlushed`. Does not wait.

        Raises:
            ProviderError: the stream has failed, or its input has ended.
        """
        ...

    def end_input(self) -> None:
        """Nothing more is pushed: the stream ends with the last final transcript. A second time does nothing."""
        ...

    async def aclose(self) -> None:
        """End the stream at once; what was not told is dropped. A second time does nothing."""
        ...

    def __aiter__(self) -> AsyncIterator[SpeechEvent]:
        """The events, from one iteration only."""
        ...


class STT(Provider, Protocol):
    """Speech to text: `recognize` or `stream`, or both."""

    @property
    def capabilities(self) -> STTCapabilities:
        """What it offers; by default utterances of any language, text alone."""
        return STTCapabilities()

    @property
    def rate_hz(self) -> int:
        """The sample rate that it takes, one of `SUPPORTED_RATES_HZ`; by default the session's."""
        return SESSION_RATE_HZ

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """What was said in one utterance, PCM16 mono at `rate_hz`; ``language`` is the speaker's (a BCP 47 tag), empty if it is not known.

        Raises:
            ProviderError: the audio is no PCM16 or too long, the language is not among the capabilities', or the recogniser failed. By
                default: it only streams.
        """
        del pcm, language
        raise ProviderError(f"{self.label} only streams: recognize with its stream()", retryable=False, fault=Fault.CONFIGURATION)

    def stream(self, *, language: str = "") -> SpeechStream:
        """Begin a stream of audio; does not wait for a connection.

        Raises:
            ProviderError: the language is not among the capabilities'. By default: it does not stream.
        """
        del language
        raise ProviderError(f"{self.label} does not stream: use its recognize()", retryable=False, fault=Fault.CONFIGURATION)
