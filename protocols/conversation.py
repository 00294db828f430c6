"""The state of a conversation as one word: what follows from the caller's state, the agent's, and what the agent's turn is at.

The two machines are `protocols.user_state` and `protocols.agent_state`. This word is never stored and never set: `conversation_state` is
a function of them, total over all their states. ``docs/conversation.md`` shows the three as they are printed from here.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from protocols.agent_state import AgentState
from protocols.user_state import UserState

__all__ = ["ConversationState", "conversation_state", "conversation_table"]


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


def conversation_state(user: UserState, agent: AgentState, *, tools_run: bool, words_stand: bool) -> ConversationState:
    """The state of the conversation.

    ``tools_run`` is whether the agent's turn waits for tools; ``words_stand`` whether the model's newest answer in it has its first words.
    """
    match agent:
        case AgentState.LISTENING:
            return _BY_USER[user]
        case AgentState.INITIALIZING | AgentState.CLOSING:
            return ConversationState.IDLE
        case AgentState.THINKING | AgentState.SPEAKING | AgentState.PAUSED if tools_run:
            return ConversationState.TOOL_EXECUTION
        case AgentState.THINKING:
            return ConversationState.RESPONDING if words_stand else ConversationState.THINKING
        case AgentState.SPEAKING:
            return ConversationState.SPEAKING
        case AgentState.PAUSED:
            return ConversationState.INTERRUPTED


_BY_USER: Final[Mapping[UserState, ConversationState]] = MappingProxyType(
    {
        UserState.LISTENING: ConversationState.IDLE,
        UserState.SPEAKING: ConversationState.LISTENING,
        UserState.TRANSCRIBING: ConversationState.PROCESSING,
    }
)
"""While the agent has no turn, it is the caller's state that counts."""


def conversation_table() -> str:
    """The projection as a Markdown table: a row for each state of the agent, a column for each of the caller."""
    lines = ["| agent | " + " | ".join(f"caller {user}" for user in UserState) + " |", "|---" * (1 + len(UserState)) + "|"]
    for agent in AgentState:
        cells = [_cell(user, agent) for user in UserState]
        lines.append(f"| {agent} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(user: UserState, agent: AgentState) -> str:
    facts = {"": (False, False), "words stand": (False, True), "tools run": (True, False)}
    plain = conversation_state(user, agent, tools_run=False, words_stand=False)
    others = {
        fact: state
        for fact, (tools_run, words_stand) in facts.items()
        if (state := conversation_state(user, agent, tools_run=tools_run, words_stand=words_stand)) is not plain
    }
    return "; ".join([str(plain), *(f"{state} ({fact})" for fact, state in others.items())])
