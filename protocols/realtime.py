"""The contract of a realtime model: one that hears the caller's audio itself, and answers with audio, text and calls of tools.

A `RealtimeModel` opens a `RealtimeSession` for each call. What the call does goes in by its methods; what the model does comes out of
``async for event in session``, in one order for everything.

A generation is one answer of the model. It begins with `GenerationCreated`, which names the reply that asked for it, or none: a model with
turn detection answers unasked. Its text, audio and calls follow, and it ends with exactly one `GenerationFinished`, whatever happens to it:
an interruption, a failure, a lost connection. Nothing of it comes after. Generations of one session never overlap.

Audio may come much faster than it is heard, so what was heard is not what was generated. Who plays it tells the model how much of an item
was heard (`RealtimeSession.truncate`); without that the model believes that all of it was.

The transcript of what the caller said comes when it comes: often after the answer to it, sometimes never. ``item_id`` says to which piece
of his audio it belongs (`InputCommitted`), and that stands before the answer in the conversation.

When the connection is lost the session opens another, brings the conversation to it and tells `Reconnected`; audio that was not committed
is lost. If that cannot be done, the iteration raises.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from protocols.audio import SESSION_RATE_HZ, AudioChunk
from protocols.chat_context import ChatContext, FunctionCall
from protocols.errors import ProviderError
from protocols.language_model import FunctionChoice, TokenUsage, ToolChoice
from protocols.provider import Provider
from protocols.speech_to_text import Transcript
from protocols.tools import ToolSchema

__all__ = ["GenerationAudio", "GenerationCall", "GenerationCreated", "GenerationFinished", "GenerationRefused", "InputCleared"]
__all__ += ["GenerationStatus", "GenerationText", "InputCommitted", "InputSpeechStarted", "InputSpeechStopped", "InputTranscribed"]
__all__ += ["InputTranscriptionFailed", "RealtimeCapabilities", "RealtimeEvent", "RealtimeFailed", "RealtimeModel", "RealtimeSession"]
__all__ += ["RealtimeSetup", "Reconnected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeCapabilities:
    """What a model offers.

    ``input_rate_hz`` and ``output_rate_hz`` are the only rates that it takes and gives. ``audio_output``: it speaks; else it writes, and
    needs a voice. ``turn_detection``: it finds the turns of the caller itself and answers them unasked; with
    ``can_disable_turn_detection`` a session may do without (`RealtimeSetup.turn_detection`). ``user_transcription``: it tells what the
    caller said.

    ``truncation``: it can be told how much of an item was heard. ``auto_tool_reply``: after the results of its calls it answers unasked.
    ``mutable_instructions``, ``mutable_tools`` and ``mutable_chat_context``: these may be changed in a session. ``choice_per_reply``: tools
    and the choice among them may be given for one reply.
    """

    input_rate_hz: int = SESSION_RATE_HZ
    output_rate_hz: int = SESSION_RATE_HZ
    audio_output: bool = True
    turn_detection: bool = False
    can_disable_turn_detection: bool = False
    user_transcription: bool = False
    truncation: bool = False
    auto_tool_reply: bool = False
    mutable_instructions: bool = False
    mutable_tools: bool = False
    mutable_chat_context: bool = False
    choice_per_reply: bool = False


EMPTY: Final = ChatContext()


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeSetup:
    """What a session begins with: ``chat_context`` is the conversation so far."""

    instructions: str = ""
    chat_context: ChatContext = EMPTY
    tools: tuple[ToolSchema, ...] = ()
    turn_detection: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpeechStarted:
    """The model hears the caller, since ``at_ms`` of the audio that was pushed. A generation that goes on is over soon, by itself."""

    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpeechStopped:
    """The model finds that the caller has ended, at ``at_ms`` of the audio that was pushed."""

    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputCommitted:
    """The audio up to now is the item ``item_id`` of the conversation: the model's turn detection ended it, or `commit_audio`."""

    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputCleared:
    """The audio that was not committed is dropped, as `clear_audio` asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTranscribed:
    """What the caller said in the item ``item_id``; an interim transcript replaces the one before."""

    item_id: str
    transcript: Transcript
    is_final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTranscriptionFailed:
    """There will be no transcript of the item ``item_id``; the model may have understood it all the same."""

    item_id: str
    failure: ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationCreated:
    """An answer begins: to the `generate_reply` of ``reply_id``, or unasked (empty)."""

    generation_id: str
    reply_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRefused:
    """There will be no answer to the `generate_reply` of ``reply_id``."""

    reply_id: str
    failure: ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationText:
    """A piece of text of a generation's item, to be appended: what it writes, or what its audio says (then it may run ahead of it)."""

    generation_id: str
    item_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationAudio:
    """A piece of audio of a generation's item."""

    generation_id: str
    item_id: str
    audio: AudioChunk


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationCall:
    """The generation asks for a call; it is whole."""

    generation_id: str
    call: FunctionCall


class GenerationStatus(StrEnum):
    """How a generation ended."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    """By `interrupt`, or because the caller spoke."""
    INCOMPLETE = "incomplete"
    """Cut at a limit of tokens, or by a filter of content."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationFinished:
    """A generation is over. ``failure`` tells why, if it has failed; ``usage`` is None where the model does not count."""

    generation_id: str
    status: GenerationStatus
    failure: ProviderError | None = None
    usage: TokenUsage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeFailed:
    """Something that was asked for failed; the session goes on."""

    failure: ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnected:
    """The connection was lost and is another: the conversation is the same, audio that was not committed is lost."""


RealtimeEvent = (
    InputSpeechStarted
    | InputSpeechStopped
    | InputCommitted
    | InputCleared
    | InputTranscribed
    | InputTranscriptionFailed
    | GenerationCreated
    | GenerationRefused
    | GenerationText
    | GenerationAudio
    | GenerationCall
    | GenerationFinished
    | RealtimeFailed
    | Reconnected
)


class RealtimeSession(Protocol):
    """The model in one call; used on one event loop.

    Methods that do not wait tell what came of them by events, also where they fail. After `aclose` each of them raises `ProviderError`.

    Raises (from the iteration):
        ProviderError: the session is over; generations that went on were finished before, as failed.
    """

    async def update_instructions(self, instructions: str) -> None:
        """Change the instructions; an answer that goes on keeps the old ones.

        Raises:
            ProviderError: the model cannot, or refused.
        """
        ...

    async def update_tools(self, tools: Sequence[ToolSchema]) -> None:
        """Change the tools; raises as `update_instructions` does."""
        ...

    async def update_chat_context(self, chat_context: ChatContext) -> None:
        """Make the conversation this one: what it lacks is added, what it has on top is removed. Results of tools come in so.

        Raises as `update_instructions` does; what was changed until then stays.
        """
        ...

    def push_audio(self, audio: AudioChunk) -> None:
        """Hand over the next piece of the caller's audio. Does not wait.

        Raises:
            InvalidAudioError: another rate than the capabilities'; nothing was pushed.
        """
        ...

    def commit_audio(self) -> None:
        """The caller's turn is over: for `InputCommitted`, or `RealtimeFailed` if no audio is there. It asks for no reply."""
        ...

    def clear_audio(self) -> None:
        """Drop the audio that is not committed: for `InputCleared`."""
        ...

    def generate_reply(
        self,
        reply_id: str,
        *,
        instructions: str = "",
        tools: Sequence[ToolSchema] | None = None,
        tool_choice: ToolChoice | FunctionChoice = ToolChoice.AUTO,
    ) -> None:
        """Ask for an answer: for `GenerationCreated` with ``reply_id`` (one that was not used before), or `GenerationRefused`.

        ``instructions`` and ``tools`` are for this answer alone, in place of the session's; None: the session's tools. While an answer goes
        on, another is refused.
        """
        ...

    def interrupt(self) -> None:
        """End the generation that goes on: for `GenerationFinished`, unless there is none."""
        ...

    def truncate(self, item_id: str, *, audio_end_ms: int, text: str) -> None:
        """Only ``audio_end_ms`` of the item were heard, which say ``text``: the conversation holds no more of it.

        For `RealtimeFailed` if there is no such item, or not so much audio of it.
        """
        ...

    async def aclose(self) -> None:
        """End the session: the iteration ends, after `GenerationFinished` of what went on. A second time does nothing."""
        ...

    def __aiter__(self) -> AsyncIterator[RealtimeEvent]:
        """The events, from one iteration only."""
        ...


class RealtimeModel(Provider, Protocol):
    """A model that hears and speaks."""

    @property
    def capabilities(self) -> RealtimeCapabilities:
        """What it offers."""
        ...

    def session(self, setup: RealtimeSetup) -> RealtimeSession:
        """Begin a session; does not wait for a connection.

        Raises:
            ProviderError: ``setup`` wants what the capabilities do not offer.
        """
        ...
