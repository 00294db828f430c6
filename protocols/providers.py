"""How a provider travels to the session that uses it, and how it is made there.

A provider is made by a factory ``(options: Mapping[str, Any]) -> provider`` that travels as ``module:name`` plus msgpack-able options. What
each kind of provider does stands in its own contract: `VAD`, `STT`, `TurnDetector`, `LLM`, `TTS`, `RealtimeModel`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from protocols.language_model import LLM
from protocols.speech_to_text import STT
from protocols.text_to_speech import TTS
from protocols.turn_detection import TurnDetector
from protocols.voice_activity import VAD

__all__ = ["ProviderFactory", "ProviderKind", "ProviderRef"]


class ProviderKind(StrEnum):
    """What a provider is for."""

    VAD = "vad"
    STT = "stt"
    TURN_DETECTOR = "turn_detector"
    LLM = "llm"
    TTS = "tts"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRef:
    """A provider as it travels: its factory as ``module:name`` and msgpack-able options."""

    factory: str
    options: Mapping[str, Any] = field(hash=False)


class ProviderFactory(Protocol):
    """Makes a provider from its options.

    Raises (from the call):
        MissingExtraError: the provider's distribution is not installed.
        ConfigurationError: an unknown or malformed option.
    """

    def __call__(self, options: Mapping[str, Any]) -> VAD | STT | TurnDetector | LLM | TTS:
        """A new provider; may be slow the first time (models load), so sessions are forked from a preloaded process."""
        ...
