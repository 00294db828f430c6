"""What an agent knows of the conversation, as a program sees it: its instructions first, then what the session keeps for it.

The session keeps the instructions apart from the conversation, for they may change at any time and are never summed up; LiveKit has them in
the agent's chat context, as a message with an id of its own.
"""

from collections.abc import Iterable
from typing import Final

import protocols
from livekitex_agent.llm import ChatContext, ChatMessage, from_protocol, to_protocol

__all__ = ["INSTRUCTIONS_MESSAGE_ID", "kept", "shown"]

INSTRUCTIONS_MESSAGE_ID: Final = "lk.agent_task.instructions"
"""LiveKit's, so that programs find the message by it."""


def shown(instructions: str, known: Iterable[protocols.ChatItem]) -> ChatContext:
    """``known`` as the program sees it."""
    context = from_protocol(known)
    if instructions:
        since = min((item.created_at for item in context.items), default=0.0)
        message = ChatMessage(id=INSTRUCTIONS_MESSAGE_ID, role="system", content=[instructions], created_at=since)
        context.items.insert(0, message)
    return context


def kept(context: ChatContext) -> protocols.ChatContext:
    """What the session keeps of ``context``, which a program has changed or made: all but instructions, this agent's or another's."""
    return to_protocol(ChatContext([item for item in context.items if item.id != INSTRUCTIONS_MESSAGE_ID]))
