import json
from typing import Any

import pytest

from actors.providers.offline import rule_llm
from protocols import CallDelta, ChatMessage, ProviderError, Role, TextDelta, ToolSchema

pytestmark = pytest.mark.asyncio
RULES: dict[str, Any] = {
    "intents": [
        {"name": "hello", "examples": ["hello"], "say": "Hello to you."},
        {
            "name": "add",
            "examples": ["add {product}"],
            "slots": {"items": {"type": "items", "of": "product", "ask": "What?"}},
            "call": {"tool": "add", "for_each": "items", "arguments": {"item": "{item}"}},
        },
    ],
    "vocabularies": {"product": {"pizza": [], "crêpe": []}},
}
ADD = ToolSchema(name="add", description="", parameters={})


async def chat(*texts: str, tools: tuple[ToolSchema, ...] = (ADD,), **options: Any) -> list[Any]:
    history = [ChatMessage(role=Role.USER, content=text) for text in texts]
    return [delta async for delta in rule_llm({**RULES, **options}).chat(history, tools)]


async def test_text_comes_word_by_word() -> None:
    assert await chat("hello") == [TextDelta(text="Hello "), TextDelta(text="to "), TextDelta(text="you.")]


async def test_calls_come_whole_with_ids_that_follow_from_the_history() -> None:
    deltas = await chat("add a pizza and a crêpe")
    assert all(isinstance(delta, CallDelta) for delta in deltas)
    assert [(delta.call.name, json.loads(delta.call.arguments)) for delta in deltas] == [
        ("add", {"item": "pizza"}),
        ("add", {"item": "crêpe"}),
    ]
    ids = [delta.call.call_id for delta in deltas]
    assert ids == [delta.call.call_id for delta in await chat("add a pizza and a crêpe")]
    assert not set(ids) & {delta.call.call_id for delta in await chat("please", "add a pizza and a crêpe")}
    assert len(set(ids)) == 2


async def test_a_tool_that_the_agent_does_not_have_is_an_error() -> None:
    with pytest.raises(ProviderError, match="add it to the agent") as failure:
        await chat("add a pizza", tools=())
    assert not failure.value.retryable


async def test_a_delay_of_the_first_token_changes_nothing_else() -> None:
    assert await chat("hello", first_token_delay_ms=1) == await chat("hello")
