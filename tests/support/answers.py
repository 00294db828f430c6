"""A model's answer as a whole."""

from collections.abc import AsyncIterator

from actors.providers import CallAssembler
from protocols import CallDelta, FunctionCall, LLMEvent, TextDelta


async def text_and_calls(answer: AsyncIterator[LLMEvent]) -> tuple[str, tuple[FunctionCall, ...]]:
    """What ``answer`` says, and the calls that it asks for."""
    text, calls = "", CallAssembler(lambda: "call")
    async for event in answer:
        if isinstance(event, TextDelta):
            text += event.text
        elif isinstance(event, CallDelta):
            calls.add(event)
    return text, calls.finish()
