import json
from typing import Any

import pytest

from actors.providers.offline import rule_llm
from protocols import (
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatMessage,
    ChatOptions,
    FinishReason,
    FunctionChoice,
    ProviderError,
    Role,
    TextDelta,
    ToolChoice,
    ToolSchema,
)

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
STOPPED = ChatFinished(reason=FinishReason.STOP)


async def chat(
    *texts: str, tools: tuple[ToolSchema, ...] = (ADD,), tool_choice: ToolChoice | FunctionChoice = ToolChoice.AUTO, **options: Any
) -> list[Any]:
    context = ChatContext(tuple(ChatMessage.of(Role.USER, text) for text in texts))
    return [delta async for delta in rule_llm({**RULES, **options}).chat(context, tools, ChatOptions(tool_choice=tool_choice))]


async def test_text_comes_word_by_word() -> None:
    assert await chat("hello") == [TextDelta(text="Hello "), TextDelta(text="to "), TextDelta(text="you."), STOPPED]


async def test_calls_come_whole_with_ids_that_follow_from_the_history() -> None:
    *deltas, finished = await chat("add a pizza and a crêpe")
    assert finished == ChatFinished(reason=FinishReason.TOOL_CALLS)
    assert all(isinstance(delta, CallDelta) for delta in deltas)
    assert [(delta.index, delta.name, json.loads(delta.arguments)) for delta in deltas] == [
        (0, "add", {"item": "pizza"}),
        (1, "add", {"item": "crêpe"}),
    ]
    ids = [delta.call_id for delta in deltas]
    assert ids == [delta.call_id for delta in (await chat("add a pizza and a crêpe"))[:-1]]
    assert not set(ids) & {delta.call_id for delta in await chat("please", "add a pizza and a crêpe") if isinstance(delta, CallDelta)}
    assert len(set(ids)) == 2


async def test_a_tool_that_the_agent_does_not_have_is_an_error() -> None:
    with pytest.raises(ProviderError, match="add it to the agent") as failure:
        await chat("add a pizza", tools=())
    assert not failure.value.retryable


async def test_tools_that_must_not_be_called_are_not() -> None:
    assert await chat("add a pizza", tools=(), tool_choice=ToolChoice.NONE) == [STOPPED]


@pytest.mark.parametrize("choice", [ToolChoice.REQUIRED, FunctionChoice(name="add")])
async def test_rules_cannot_be_told_which_tool_to_call(choice: ToolChoice | FunctionChoice) -> None:
    with pytest.raises(ProviderError, match="tool_choice auto or none") as failure:
        await chat("hello", tool_choice=choice)
    assert (failure.value.retryable, failure.value.fault) == (False, "caller")


async def test_a_delay_of_the_first_token_changes_nothing_else() -> None:
    assert await chat("hello", first_token_delay_ms=1) == await chat("hello")
