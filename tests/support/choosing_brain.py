"""A model that tells what it is offered and has to call, and calls it; with the results it only tells."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from protocols import (
    LLM,
    CallDelta,
    ChatContext,
    ChatOptions,
    FunctionChoice,
    LLMEvent,
    ProviderRef,
    TextDelta,
    ToolChoice,
    ToolSchema,
)

CHOOSING_BRAIN = ProviderRef(factory="support.choosing_brain:choosing_brain", options={})


def look() -> str:
    """Look at something."""
    return "seen"


def order() -> str:
    """Order something."""
    return "ordered"


class ChoosingBrain(LLM):
    """See the module."""

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """One sentence, and then a call if it has to make one."""
        choice, names = options.tool_choice, sorted(tool.name for tool in tools)
        wanted = choice.name if isinstance(choice, FunctionChoice) else names[0] if choice is ToolChoice.REQUIRED else ""
        yield TextDelta(text=f"{wanted or choice} of {' and '.join(names) or 'nothing'}.")
        if wanted:
            yield CallDelta(call_id=f"call-{len(context)}", name=wanted, arguments="{}")


def choosing_brain(options: Mapping[str, Any]) -> LLM:
    """The factory."""
    del options
    return ChoosingBrain()
