"""The contracts of the voice and language providers (ports).

A provider is made by a factory ``(options: Mapping[str, Any]) -> provider`` that travels as ``module:name`` plus msgpack-able
options. It lives in one session's process. Blocking work is the provider's own business: an ``async`` method never blocks the
event loop for more than a few milliseconds (it uses ``asyncio.to_thread`` for computation that releases the GIL).

Cancelling the task that awaits a method, or closing an async iterator, stops the work and leaves the provider usable.
Every failure is raised as `protocols.errors.ProviderError`, which says whether a retry may help.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from protocols.audio import AudioChunk
from protocols.tools import FunctionCall, ToolSchema
from protocols.turn_detection import TurnDetector
from protocols.voice_activity import VAD

__all__ = ["LLM", "STT", "TTS", "CallDelta", "ChatMessage", "LLMDelta", "ProviderFactory", "ProviderKind", "ProviderRef", "Role"]
__all__ += ["TextDelta"]


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


class STT(Protocol):
    """Speech to text."""

    @property
    def rate_hz(self) -> int:
        """The sample rate that `recognize` expects."""
        ...

    async def recognize(self, pcm: bytes) -> str:
        """The text of one utterance (PCM16 mono), without surrounding space; empty when nothing was understood."""
        ...


class Role(StrEnum):
    """Who speaks in a chat context."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    FAILED = "failed"
    """The caller's message of a turn that was given up. Histories tell it; no model is ever given it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One item of a chat context.

    ``calls`` are the tool calls that an assistant message asks for; ``call_id`` names the call that a tool message answers.
    """

    role: Role
    content: str = ""
    calls: tuple[FunctionCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """A piece of the reply's text, to be appended."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDelta:
    """A complete tool call."""

    call: FunctionCall


LLMDelta = TextDelta | CallDelta


class LLM(Protocol):
    """A language model that streams text and tool calls."""

    def chat(self, history: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> AsyncIterator[LLMDelta]:
        """Stream one reply to ``history`` (oldest first, the instructions as its system message).

        A reply is text, or tool calls, or both; after calls the session appends the results and asks again.
        """
        ...


class TTS(Protocol):
    """Text to speech."""

    @property
    def rate_hz(self) -> int:
        """The sample rate of the audio that `synthesize` gives."""
        ...

    def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """Stream the audio of one sentence, or of the rest of one."""
        ...


class ProviderFactory(Protocol):
    """Makes a provider from its options.

    Raises (from the call):
        MissingExtraError: the provider's distribution is not installed.
        ConfigurationError: an unknown or malformed option.
    """

    def __call__(self, options: Mapping[str, Any]) -> VAD | STT | TurnDetector | LLM | TTS:
        """A new provider; may be slow the first time (models load), so sessions are forked from a preloaded process."""
        ...
