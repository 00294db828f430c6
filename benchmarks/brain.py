"""A brain that only remembers: it answers "what is my name" from the history and says "Noted" to everything else.

A real implementation of the LLM contract whose time is next to nothing, so that a benchmark measures the runtime.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from protocols import LLM, ChatMessage, LLMDelta, ProviderRef, Role, TextDelta, ToolSchema

MEMORY_BRAIN = ProviderRef(factory="benchmarks.brain:memory_brain", options={})
NAME = "Rosalind"
FACT = f"My name is {NAME}."
QUESTION = "What is my name?"
ANSWER = f"Your name is {NAME}."


class MemoryBrain:
    """See the module."""

    async def chat(self, history: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> AsyncIterator[LLMDelta]:
        """One sentence."""
        del tools
        said = [message.content for message in history if message.role is Role.USER]
        asked = "name" in said[-1].lower() and "what" in said[-1].lower() if said else False
        known = any(NAME in text for text in said)
        yield TextDelta(text=(ANSWER if known else "I do not know.") if asked else "Noted.")


def memory_brain(options: Mapping[str, Any]) -> LLM:
    """The factory."""
    del options
    return MemoryBrain()
