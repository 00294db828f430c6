"""The conversation as a state machine: everything about its states stands in this file, in one table.

The machine knows neither time nor audio nor providers. Its owner calls `conversation_step` with what happened; a move that the table does
not list raises `IllegalTransitionError` and changes nothing, so a state is never set by hand. ``docs/conversation.md`` shows the table as
`conversation_diagram` prints it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from protocols.errors import IllegalTransitionError

__all__ = ["ConversationEvent", "ConversationState", "conversation_diagram", "conversation_step"]


class ConversationState(StrEnum):
    """What the conversation is doing."""

    IDLE = "idle"
    """Nobody's turn: waiting for the caller."""
    LISTENING = "listening"
    """The caller speaks."""
    PROCESSING = "processing"
    """The caller's words are being recognised."""
    THINKING = "thinking"
    """The model has the turn and has said nothing yet."""
    TOOL_EXECUTION = "tool_execution"
    """The model waits for tools. Nobody interrupts this: what may have an effect ends with its result known."""
    RESPONDING = "responding"
    """The reply has its first words, none of them is heard yet (in a text call: it is being written)."""
    SPEAKING = "speaking"
    """The reply is heard."""
    INTERRUPTED = "interrupted"
    """What was going on is being stopped, and how far the reply was heard is being found out; or the reply is held until it is known
    whether the caller means to interrupt it."""


class ConversationEvent(StrEnum):
    """What moves the conversation."""

    SPEECH_STARTED = "speech_started"
    """The caller begins to speak, or goes on."""
    SPEECH_ENDED = "speech_ended"
    """The caller's turn is over."""
    NOTHING_HEARD = "nothing_heard"
    """There was nothing in it that can be answered."""
    TURN_TAKEN = "turn_taken"
    """The agent's turn begins: a message of the caller is complete, or an open one is taken up again after a restart."""
    TOOL_REQUESTED = "tool_requested"
    """The model asks for tools."""
    TOOLS_RETURNED = "tools_returned"
    """All of them have a result."""
    REPLY_STARTED = "reply_started"
    """The first sentence of a reply stands."""
    PLAYOUT_STARTED = "playout_started"
    """Its first sample is heard."""
    REPLY_ENDED = "reply_ended"
    """The reply is complete: heard to its end, or empty."""
    INTERRUPTED = "interrupted"
    """The caller speaks on or speaks over the reply, or the reply was cancelled."""
    SPEECH_RESUMED = "speech_resumed"
    """The caller did not mean it: the reply goes on where it was held."""
    INTERRUPTION_OVER = "interruption_over"
    """Everything has stopped and the caller is silent."""


_S = ConversationState
_E = ConversationEvent

TRANSITIONS: Final[Mapping[ConversationState, Mapping[ConversationEvent, ConversationState]]] = MappingProxyType(
    {
        _S.IDLE: {
            _E.SPEECH_STARTED: _S.LISTENING,
            _E.TURN_TAKEN: _S.THINKING,
            _E.REPLY_STARTED: _S.RESPONDING,
        },
        _S.LISTENING: {
            _E.SPEECH_ENDED: _S.PROCESSING,
            _E.NOTHING_HEARD: _S.IDLE,
        },
        _S.PROCESSING: {
            _E.TURN_TAKEN: _S.THINKING,
            _E.NOTHING_HEARD: _S.IDLE,
            _E.INTERRUPTED: _S.INTERRUPTED,
        },
        _S.THINKING: {
            _E.TOOL_REQUESTED: _S.TOOL_EXECUTION,
            _E.REPLY_STARTED: _S.RESPONDING,
            _E.REPLY_ENDED: _S.IDLE,
            _E.INTERRUPTED: _S.INTERRUPTED,
        },
        _S.TOOL_EXECUTION: {
            _E.TOOLS_RETURNED: _S.THINKING,
        },
        _S.RESPONDING: {
            _E.PLAYOUT_STARTED: _S.SPEAKING,
            _E.TOOL_REQUESTED: _S.TOOL_EXECUTION,
            _E.REPLY_ENDED: _S.IDLE,
            _E.INTERRUPTED: _S.INTERRUPTED,
        },
        _S.SPEAKING: {
            _E.TOOL_REQUESTED: _S.TOOL_EXECUTION,
            _E.REPLY_ENDED: _S.IDLE,
            _E.INTERRUPTED: _S.INTERRUPTED,
        },
        _S.INTERRUPTED: {
            _E.SPEECH_STARTED: _S.LISTENING,
            _E.SPEECH_RESUMED: _S.SPEAKING,
            _E.INTERRUPTION_OVER: _S.IDLE,
        },
    }
)
"""Total over the states; an event that a state does not list is illegal in it."""


def conversation_step(state: ConversationState, event: ConversationEvent) -> ConversationState:
    """The state after ``event``.

    Raises:
        IllegalTransitionError: the table does not list ``event`` in ``state``.
    """
    after = TRANSITIONS[state].get(event)
    if after is None:
        legal = ", ".join(TRANSITIONS[state])
        raise IllegalTransitionError(f"{event} is illegal in the state {state} (legal: {legal}): please report this")
    return after


def conversation_diagram() -> str:
    """The table as a mermaid state diagram, line by line in the order of the table."""
    lines = ["stateDiagram-v2", f"    [*] --> {_S.IDLE}"]
    lines += [f"    {state} --> {after}: {event}" for state, moves in TRANSITIONS.items() for event, after in moves.items()]
    return "\n".join(lines) + "\n"
