"""The agent's side of a conversation as a state machine: everything about its states stands in this file, in one table.

It runs beside the caller's (`protocols.user_state`): either may speak at any time.
"""

from enum import StrEnum
from typing import Final

from protocols.state_table import StateTable

__all__ = ["AGENT_STATES", "AgentEvent", "AgentState"]


class AgentState(StrEnum):
    """What the agent is doing."""

    INITIALIZING = "initializing"
    """The incarnation takes up the call."""
    LISTENING = "listening"
    """It has no turn."""
    THINKING = "thinking"
    """It has the turn, and nothing new of it is heard: the model or a tool is at work, or the words that stand are being synthesised."""
    SPEAKING = "speaking"
    """Its speech is heard. A tool may run meanwhile."""
    PAUSED = "paused"
    """Its speech is held until it is known whether the caller means to interrupt it, or it is being stopped."""
    CLOSING = "closing"
    """The call is over."""


class AgentEvent(StrEnum):
    """What moves the agent."""

    READY = "ready"
    """What was open is known, and the conversation goes on."""
    TURN_TAKEN = "turn_taken"
    """It answers the caller, speaks by itself, or takes up again what it was at before a restart, or a pause in which nothing was heard."""
    PLAYOUT_STARTED = "playout_started"
    """A sentence begins to be heard."""
    PLAYOUT_ENDED = "playout_ended"
    """All that is written so far was heard, and tools are at work for what follows."""
    TOOLS_RETURNED = "tools_returned"
    """All tools that the model asked for have a result: it is asked again."""
    INTERRUPTED = "interrupted"
    """The caller speaks over it, or it was cancelled."""
    RESUMED = "resumed"
    """The caller did not mean it: the speech goes on where it was held."""
    TURN_ENDED = "turn_ended"
    """Its speech is over, heard to its end or stopped."""
    CLOSED = "closed"
    """The call has ended."""


_S = AgentState
_E = AgentEvent

AGENT_STATES: Final = StateTable(
    "agent",
    _S.INITIALIZING,
    {
        _S.INITIALIZING: {
            _E.READY: _S.LISTENING,
        },
        _S.LISTENING: {
            _E.TURN_TAKEN: _S.THINKING,
            _E.CLOSED: _S.CLOSING,
        },
        _S.THINKING: {
            _E.PLAYOUT_STARTED: _S.SPEAKING,
            _E.TOOLS_RETURNED: _S.THINKING,
            _E.INTERRUPTED: _S.PAUSED,
            _E.TURN_ENDED: _S.LISTENING,
        },
        _S.SPEAKING: {
            _E.PLAYOUT_STARTED: _S.SPEAKING,
            _E.PLAYOUT_ENDED: _S.THINKING,
            _E.TOOLS_RETURNED: _S.THINKING,
            _E.INTERRUPTED: _S.PAUSED,
            _E.TURN_ENDED: _S.LISTENING,
        },
        _S.PAUSED: {
            _E.TURN_TAKEN: _S.THINKING,
            _E.TOOLS_RETURNED: _S.PAUSED,
            _E.RESUMED: _S.SPEAKING,
            _E.INTERRUPTED: _S.PAUSED,
            _E.TURN_ENDED: _S.LISTENING,
        },
        _S.CLOSING: {},
    },
)
"""Total over the states; an event that a state does not list is illegal in it."""
