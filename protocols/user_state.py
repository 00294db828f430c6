"""The caller's side of a conversation as a state machine: everything about its states stands in this file, in one table.

It runs beside the agent's (`protocols.agent_state`): either may speak at any time.
"""

from enum import StrEnum
from typing import Final

from protocols.state_table import StateTable

__all__ = ["USER_STATES", "UserEvent", "UserState"]


class UserState(StrEnum):
    """What the caller is doing."""

    LISTENING = "listening"
    """He is silent, and nothing that he said waits to be understood."""
    SPEAKING = "speaking"
    TRANSCRIBING = "transcribing"
    """His turn is over and not understood yet: its words are being recognised, or wait until the agent can be interrupted for them."""


class UserEvent(StrEnum):
    """What moves the caller."""

    SPEECH_STARTED = "speech_started"
    """He begins to speak, or goes on."""
    SPEECH_ENDED = "speech_ended"
    """His turn is over."""
    TURN_SETTLED = "turn_settled"
    """It is understood and taken up, or there was nothing in it that can be answered."""


_S = UserState
_E = UserEvent

USER_STATES: Final = StateTable(
    "user",
    _S.LISTENING,
    {
        _S.LISTENING: {_E.SPEECH_STARTED: _S.SPEAKING},
        _S.SPEAKING: {_E.SPEECH_STARTED: _S.SPEAKING, _E.SPEECH_ENDED: _S.TRANSCRIBING},
        _S.TRANSCRIBING: {_E.SPEECH_STARTED: _S.SPEAKING, _E.SPEECH_ENDED: _S.TRANSCRIBING, _E.TURN_SETTLED: _S.LISTENING},
    },
)
"""Total over the states; an event that a state does not list is illegal in it."""
