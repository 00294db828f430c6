"""What events are made of beyond texts and numbers."""

from dataclasses import dataclass

__all__ = ["ExecutedCall", "ModelUsage"]


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
