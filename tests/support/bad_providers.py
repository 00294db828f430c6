"""Providers that cannot be had, and tools that misbehave, for tests of bad input."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NoReturn

from protocols import CallDelta, ChatMessage, FunctionCall, LLMDelta, MissingExtraError, Role, TextDelta, ToolSchema


def not_installed(options: Mapping[str, Any]) -> NoReturn:
    raise MissingExtraError("offline", f"the model of {len(options)} options")


class Hallucination:
    """A model that calls a tool which nobody offered it."""

    async def chat(self, history: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> AsyncIterator[LLMDelta]:
        if history[-1].role is Role.USER:
            yield CallDelta(call=FunctionCall(call_id="call-1", name="wine_list", arguments="{}"))
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
