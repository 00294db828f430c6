"""What endpointing is told, what it answers, and what it may be told to wait for. All times are milliseconds on the clock of `VADEvent`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocols import ConfigurationError, TurnPrediction, VoiceEnded, VoiceStarted

LONGEST_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointingOptions:
    """How long to wait, and for what.

    ``predicted``: a turn detector is asked in each pause; ``predicted_from_text``: again with each final text. ``by_stt``: the recogniser
    finds the end of a turn (`EndOfTurn`). ``transcribed``: there is a recogniser, so a turn has words. ``manual``: only a commit ends a
    turn. They may change in the middle of a turn.

    Raises:
        ConfigurationError: a time that is negative, above a minute, or a least delay above the longest.
    """

    min_delay_ms: float = 500.0
    max_delay_ms: float = 3_000.0
    final_timeout_ms: float = 2_000.0
    dynamic: bool = False
    predicted: bool = False
    predicted_from_text: bool = False
    by_stt: bool = False
    transcribed: bool = True
    manual: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.min_delay_ms <= self.max_delay_ms <= LONGEST_MS and 0 <= self.final_timeout_ms <= LONGEST_MS):
            raise ConfigurationError(f"endpointing: 0 <= min_delay_ms <= max_delay_ms <= {LONGEST_MS} must hold, as for final_timeout_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribed:
    """Some text is final. Its audio ends at ``end_ms``; None where the recogniser does not say: it is all that was heard until now."""

    at_ms: float
    end_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """The detector's answer to the `PredictionWanted` of this number; None where it failed or does not know the language."""

    at_ms: float
    number: int
    prediction: TurnPrediction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOfTurn:
    """The recogniser finds that the turn is over; its speech ended at ``end_ms``."""

    at_ms: float
    end_ms: float


class EndedBy(StrEnum):
    """Why a turn is over."""

    SILENCE = "silence"
    STT = "stt"
    """The recogniser has found it over (`EndOfTurn`)."""
    COMMIT = "commit"
    LIMIT = "limit"
    """It is as long as a turn may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCommitted:
    """The caller, or the program, says that the turn is over; or it has to be (``by``)."""

    at_ms: float
    by: EndedBy = EndedBy.COMMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCleared:
    """What was said is to be forgotten."""

    at_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed:
    """The `deadline_ms` has come, or any other moment."""

    at_ms: float


EndpointingEvent = VoiceStarted | VoiceEnded | Transcribed | Predicted | EndOfTurn | TurnCommitted | TurnCleared | TimePassed


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionWanted:
    """Ask the detector about the turn, whose voice was from ``start_ms`` to ``end_ms``; only the answer to the last ``number`` counts."""

    number: int
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded:
    """The turn that began at ``start_ms`` is over; its last voice ended at ``end_ms``."""

    at_ms: float
    start_ms: float
    end_ms: float
    by: EndedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDropped:
    """What seemed a turn had no words, or was cleared. Text that comes later opens a turn of its own."""

    at_ms: float
    start_ms: float


EndpointingOutput = PredictionWanted | TurnEnded | TurnDropped
