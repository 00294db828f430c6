"""The contract of turn detection: whether somebody who paused has said what he wanted to say.

A voice activity detector hears that somebody is silent. A `TurnDetector` hears or reads whether he will go on: from the melody of his last
seconds, from the text so far, or from both. What follows from its answer is decided elsewhere (``actors.turn_taking``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from protocols.audio import BYTES_PER_SAMPLE
from protocols.errors import InvalidAudioError
from protocols.language import primary_language

__all__ = ["OpenTurn", "TurnDetector", "TurnDetectorCapabilities", "TurnPrediction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDetectorCapabilities:
    """What a detector looks at, and whom it understands.

    ``audio_s`` is how many of the last seconds it hears (0: none); ``text`` tells whether it reads. ``languages`` are ISO 639 codes; None
    is every language. It wants the audio to end ``silence_ms`` after the voice (`VoiceEnded.end_ms`): with more or less silence than it
    was trained on a detector errs.
    ``threshold`` is the probability from which on a turn is likely over, for the languages that have none in ``thresholds``.
    """

    audio_s: float = 0.0
    text: bool = False
    languages: frozenset[str] | None = None
    silence_ms: int = 0
    threshold: float = 0.5
    thresholds: Mapping[str, float] = field(default_factory=dict, hash=False)

    def supports(self, language: str) -> bool:
        """Whether it understands ``language`` (a BCP 47 tag; empty: it is not known, and the detector is asked all the same)."""
        return self.languages is None or not language or primary_language(language) in self.languages

    def threshold_for(self, language: str) -> float:
        """The probability from which on a turn in ``language`` is likely over."""
        return self.thresholds.get(primary_language(language), self.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTurn:
    """What somebody has said since he began, up to now.

    ``audio`` is PCM16 at the session's rate, with as much silence at its end as the detector wants; its last seconds are enough. ``text``
    is the transcript, final and interim. ``language`` is a BCP 47 tag, empty if it is not known.

    Raises:
        InvalidAudioError: an odd number of bytes.
    """

    audio: bytes = b""
    text: str = ""
    language: str = ""

    def __post_init__(self) -> None:
        if len(self.audio) % BYTES_PER_SAMPLE:
            raise InvalidAudioError(f"{len(self.audio)} bytes are no PCM16: samples have two bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPrediction:
    """How likely the turn is over (0 to 1), and the ``threshold`` from which on it counts as likely in its language."""

    probability: float
    threshold: float

    @property
    def likely_over(self) -> bool:
        """Whether the turn is likely over."""
        return self.probability >= self.threshold


class TurnDetector(Protocol):
    """Predicts the end of turns; one object serves all turns of a process."""

    @property
    def capabilities(self) -> TurnDetectorCapabilities:
        """What it looks at, and whom it understands."""
        ...

    def prewarm(self) -> None:
        """Load what `predict` needs, so that the first prediction is as fast as the others. Blocks; a second time does nothing.

        Raises:
            MissingExtraError: its library is not installed.
        """
        ...

    async def predict(self, turn: OpenTurn, *, timeout_s: float = 1.0) -> TurnPrediction:
        """How likely ``turn`` is over, within ``timeout_s``.

        Cancelling, and the time limit, abandon the computation. One that has begun may go on; the next prediction waits for its end, so
        that however many are abandoned they hold one thread.

        Raises:
            ProviderError: the language is not among the capabilities', or the model failed or answered with what is no probability (not
                retryable); the time is over (retryable).
        """
        ...

    async def aclose(self) -> None:
        """Give back what it holds. A second time does nothing."""
        ...
