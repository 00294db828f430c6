"""What events are made of beyond texts and numbers."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ExecutedCall", "InterruptedBy", "ModelUsage", "SpeechOutcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedCall:
    """A call of a tool, with its result."""

    call_id: str
    name: str
    arguments: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsage:
    """What one model was used for. ``kind`` is ``llm``, ``stt``, ``tts`` or ``realtime``; what does not apply is 0.

    Tokens are as the provider counts them; where it does not say, they stay 0 and ``requests`` count all the same. ``characters`` were
    given to a voice, ``audio_s`` seconds of audio were recognised or made.
    """

    kind: str
    provider: str = ""
    model: str = ""
    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    characters: int = 0
    audio_s: float = 0.0


class InterruptedBy(StrEnum):
    """What stops a speech."""

    USER = "user"
    """The caller speaks."""
    PROGRAM = "program"
    """It was cancelled by `CancelResponse`, or by its handle."""
    DEADLINE = "deadline"
    """It has taken longer than it was to take."""
    ERROR = "error"
    """It cannot be made audible."""


class SpeechOutcome(StrEnum):
    """How a speech ends."""

    COMPLETED = "completed"
    """All of it was heard."""
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    """Its turn is given up, or it cannot be made audible."""
    EXPIRED = "expired"
    """It was not over by its deadline: it still waited to be said, or was stopped."""
