"""Providers that cannot be had, and tools that misbehave, for tests of bad input."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NoReturn

from protocols import LLM, CallDelta, ChatContext, ChatMessage, ChatOptions, LLMEvent, MissingExtraError, TextDelta, ToolSchema


def not_installed(options: Mapping[str, Any]) -> NoReturn:
    raise MissingExtraError("offline", f"the model of {len(options)} options")


class Hallucination(LLM):
    """A model that calls a tool which nobody offered it."""

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        if isinstance(context.items[-1], ChatMessage):
            yield CallDelta(call_id="call-1", name="wine_list", arguments="{}")
        else:
            yield TextDelta(text=f"{len(tools)} tools and no wine.")


def hallucinating(options: Mapping[str, Any]) -> Hallucination:
    del options
    return Hallucination()


def order(product: str, quantity: int = 1) -> str:
    """Order something."""
    return f"{quantity} {product} noted."


def unplug() -> str:
    """Break."""
    raise ConnectionError("no route to the kitchen")


def start_another_system() -> str:
    """Nest."""
    from livekitex_agent import sync

    sync.AgentSystem.start().stop()
    return "started"
