"""A brain that only remembers: it answers "what is my name" from the history and says "Noted" to all else, after its tool if it has one.

A real implementation of the LLM contract whose time is next to nothing, so that a benchmark measures the runtime.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from protocols import LLM, CallDelta, ChatContext, ChatMessage, ChatOptions, LLMEvent, ProviderRef, Role, TextDelta, ToolSchema

MEMORY_BRAIN = ProviderRef(factory="support.memory_brain:memory_brain", options={})
NAME = "Rosalind"
FACT = f"My name is {NAME}."
QUESTION = "What is my name?"
ANSWER = f"Your name is {NAME}."


def nod() -> str:
    """Do next to nothing."""
    return "yes"


class MemoryBrain(LLM):
    """See the module."""

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """One sentence; before it, a call of the first tool."""
        if tools and isinstance(context.items[-1], ChatMessage):
            yield CallDelta(call_id=f"call-{len(context)}", name=tools[0].name, arguments="{}")
            return
        said = [message.text for message in context.messages if message.role is Role.USER]
        asked = "name" in said[-1].lower() and "what" in said[-1].lower() if said else False
        known = any(NAME in text for text in said)
        yield TextDelta(text=(ANSWER if known else "I do not know.") if asked else "Noted.")


def memory_brain(options: Mapping[str, Any]) -> LLM:
    """The factory."""
    del options
    return MemoryBrain()
