"""The contract of a voice: text becomes audio, sentence by sentence or as the text comes, with the times of its words where it knows them.

A `TTS` speaks a sentence (`TTS.synthesize`), or takes text in pieces (`TTS.stream`); its capabilities say whether it streams. Either can be
made of the other (``actors.providers``).

Nothing may assume that the same text has the same samples, or as many of them: a voice is free to say it otherwise each time.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Protocol

from protocols.audio import AudioChunk
from protocols.errors import Fault, ProviderError
from protocols.provider import Provider
from protocols.timed_word import TimedWord

__all__ = ["MAX_PENDING_CHARS", "TTS", "AlignedAudio", "SegmentEnded", "SynthesisEvent", "SynthesisStream", "TTSCapabilities"]

MAX_PENDING_CHARS: Final = 16_000
"""Text that a `SynthesisStream` keeps at most before it has its audio; with more it refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TTSCapabilities:
    """What a voice offers: ``streaming``, `TTS.stream` works; ``aligned_transcript``, it tells when which word is said."""

    streaming: bool = False
    aligned_transcript: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedAudio(AudioChunk):
    """Audio of a voice that knows its words: ``words`` are those that begin in it, or follow soon. Each is told once, in order.

    Their times count from the beginning of the sentence or segment.
    """

    words: tuple[TimedWord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEnded:
    """All audio of the text before a flush was given; one for each `SynthesisStream.flush` that had text before it, in order."""


SynthesisEvent = AudioChunk | SegmentEnded


class SynthesisStream(Protocol):
    """A voice on one stream of text; used on one event loop.

    Text goes in by `push_text`, audio comes out of ``async for event in stream``, which ends after `end_input` with the last of it, or
    after `aclose`. A segment is the text up to a `flush`, or up to the end of the input: for each there is its audio and then a
    `SegmentEnded`.

    Raises (from the iteration):
        ProviderError: the voice failed; the stream is over.
    """

    def push_text(self, text: str) -> None:
        """Hand over the next piece of text, cut anywhere. Does not wait: the stream keeps at most `MAX_PENDING_CHARS`.

        Raises:
            ProviderError: the stream has failed or its input has ended, or the bound is reached.
        """
        ...

    def flush(self) -> None:
        """The segment ends here: say all of it without waiting for more text. Does not wait.

        Raises:
            ProviderError: the stream has failed, or its input has ended.
        """
        ...

    def end_input(self) -> None:
        """Nothing more is pushed: the stream ends with the last audio. A second time does nothing."""
        ...

    async def aclose(self) -> None:
        """End the stream at once; what was not given is dropped. A second time does nothing."""
        ...

    def __aiter__(self) -> AsyncIterator[SynthesisEvent]:
        """The events, from one iteration only."""
        ...


class TTS(Provider, Protocol):
    """Text to speech: `synthesize` or `stream`, or both."""

    @property
    def capabilities(self) -> TTSCapabilities:
        """What it offers; by default sentences, and no times."""
        return TTSCapabilities()

    @property
    def rate_hz(self) -> int:
        """The sample rate of its audio, one of `SUPPORTED_RATES_HZ`."""
        ...

    def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """Stream the audio of one sentence, as `AlignedAudio` if the capabilities say so. Text without a sound has no audio.

        Raises (from the iteration):
            ProviderError: the voice failed. By default: it only streams.
        """
        del text
        raise ProviderError(f"{self.label} only streams: speak with its stream()", retryable=False, fault=Fault.CONFIGURATION)

    def stream(self) -> SynthesisStream:
        """Begin a stream of text; does not wait for a connection.

        Raises:
            ProviderError: by default: it does not stream.
        """
        raise ProviderError(f"{self.label} does not stream: use its synthesize()", retryable=False, fault=Fault.CONFIGURATION)
