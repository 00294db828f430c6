"""What happens in a call, as its subscribers see it. `SessionEvent` is their closed union.

Each event has a number in its call that goes on through all incarnations (`EventPushed`).
"""

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["AgentMessage", "AgentSentence", "CallEnded", "CallStarted", "CommandDone", "EventsMissed", "FalseInterruption"]
__all__ += ["ReplyLatency", "Restarted"]
__all__ += ["SessionError", "SessionEvent", "StateChanged", "ToolCalled", "ToolReturned", "TurnFailed", "UserMessage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """The call's first incarnation has begun."""

    TAG: ClassVar[str] = "ev.call_started"
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """A new incarnation of the call has begun; the one before ended for ``reason``."""

    TAG: ClassVar[str] = "ev.restarted"
    reason: str
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """The conversation moved from state ``old`` to ``new`` (see `protocols.conversation`)."""

    TAG: ClassVar[str] = "ev.state_changed"
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """The caller's turn is complete. ``source`` is ``text`` or ``audio``."""

    TAG: ClassVar[str] = "ev.user_message"
    turn_id: str
    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSentence:
    """A sentence of the agent begins to be heard (or, in a text call, is said)."""

    TAG: ClassVar[str] = "ev.agent_sentence"
    speech_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseInterruption:
    """The caller spoke over the reply and did not mean to interrupt it: it goes on where it was held.

    ``text`` is what was understood of it, if anything.
    """

    TAG: ClassVar[str] = "ev.false_interruption"
    speech_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMessage:
    """A reply is over: ``text`` is what was heard of it; ``interrupted`` tells that this is not all."""

    TAG: ClassVar[str] = "ev.agent_message"
    speech_id: str
    text: str
    interrupted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalled:
    """A tool is about to run. ``arguments`` is JSON."""

    TAG: ClassVar[str] = "ev.tool_called"
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReturned:
    """A tool has ended; ``result`` is what the model is told."""

    TAG: ClassVar[str] = "ev.tool_returned"
    call_id: str
    name: str
    result: str
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyLatency:
    """From the end of the caller's turn to the first audio (or text) of the reply, in milliseconds.

    None where that is not known: the process has died in between, and the machine's clock was set.
    """

    TAG: ClassVar[str] = "ev.reply_latency"
    turn_id: str
    latency_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDone:
    """An accepted command has been acted on."""

    TAG: ClassVar[str] = "ev.command_done"
    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionError:
    """Something failed and the call goes on, unless it is the call.

    ``source`` names the part: ``stt``, ``llm``, ``tts``, ``journal``, ``audio`` (some of the caller's is lost), or ``call``: it died too
    often, so the agent says a last sentence and ends it.
    """

    TAG: ClassVar[str] = "ev.error"
    source: str
    text: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFailed:
    """A turn is given up, because the session died too often in it; it is apologised for and never tried again.

    ``text`` is the caller's message. Of speech that was not understood yet there is none, and ``turn_id`` is empty.
    """

    TAG: ClassVar[str] = "ev.turn_failed"
    turn_id: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsMissed:
    """A bound made this subscriber miss ``count`` events before the next one."""

    TAG: ClassVar[str] = "ev.missed"
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The call is over; nothing follows."""

    TAG: ClassVar[str] = "ev.call_ended"
    reason: str


SessionEvent = (
    CallStarted
    | Restarted
    | StateChanged
    | UserMessage
    | AgentSentence
    | AgentMessage
    | FalseInterruption
    | ToolCalled
    | ToolReturned
    | ReplyLatency
    | CommandDone
    | SessionError
    | TurnFailed
    | EventsMissed
    | CallEnded
)
