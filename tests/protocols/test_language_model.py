from collections.abc import AsyncIterator
from typing import Any

import pytest

from protocols import (
    LLM,
    CallDelta,
    ChatFinished,
    ChatOptions,
    FinishReason,
    LLMEvent,
    TextDelta,
    TokenUsage,
    ToolChoice,
)


def test_a_model_that_is_told_nothing_does_as_it_likes() -> None:
    options = ChatOptions()
    assert (options.tool_choice, options.parallel_tool_calls, options.extra) == (ToolChoice.AUTO, None, {})
    assert hash(options) == hash(ChatOptions(extra={"temperature": 0.5}))


@pytest.mark.parametrize("event", [TextDelta(text="a"), CallDelta(name="n"), ChatFinished(reason=FinishReason.STOP), TokenUsage()])
def test_an_answer_is_text_calls_its_end_and_what_it_used(event: LLMEvent) -> None:
    assert isinstance(event, LLMEvent)


def test_what_a_server_does_not_say_of_a_call_is_not_said() -> None:
    assert CallDelta(arguments="{") == CallDelta(index=None, call_id="", name="", arguments="{")


def test_a_model_with_chat_alone_is_one() -> None:
    class Model(LLM):
        async def chat(self, messages: Any, tools: Any, options: Any) -> AsyncIterator[LLMEvent]:
            yield TextDelta(text="x")

    assert Model().label == f"{__name__}.{Model.__qualname__}"
