"""A model that keeps its contract passes each check; for each check there is a model that breaks what it promises."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from livekitex_agent.testing.conformance import llm
from protocols import (
    CallDelta,
    ChatFinished,
    ChatOptions,
    FinishReason,
    FunctionCallOutput,
    ProviderError,
    TextDelta,
    TokenUsage,
    ToolSchema,
)
from support.conforming import GoodLLM, breaks, require_found

TOOL = ToolSchema(name="add", description="", parameters={"type": "object", "properties": {"what": {}}, "required": ["what"]})


def subject(make: Any, **changes: Any) -> llm.LLMSubject:
    return llm.LLMSubject(**{"make": make, "question": "hello there", "task": "do add a pizza", "tool": TOOL, "timeout_s": 5.0, **changes})


def test_a_good_model_passes() -> None:
    for check in llm.CHECKS:
        assert check(subject(GoodLLM)), str(check)


def of(*events: Any) -> Any:
    async def chat(self: Any, context: Any, tools: Any, options: ChatOptions) -> AsyncIterator[Any]:
        for event in events:
            yield event

    return chat


def without_choice(self: Any, context: Any, tools: Any, options: ChatOptions) -> AsyncIterator[Any]:
    return GoodLLM.chat(self, context, tools, ChatOptions())


def only_once(self: Any, context: Any, tools: Any, options: ChatOptions) -> AsyncIterator[Any]:
    if getattr(self, "asked", False):
        raise ProviderError("Broken: busy", retryable=True)
    self.asked = True
    return GoodLLM.chat(self, context, tools, options)


async def mixed(self: Any, context: Any, tools: Any, options: ChatOptions) -> AsyncIterator[Any]:
    self.shared = tools or getattr(self, "shared", ())
    async for event in GoodLLM.chat(self, context, tools, options):
        yield event
    if self.shared and not tools:
        yield CallDelta(name="add", arguments="{}")


def that_changes(self: Any, context: Any, tools: Any, options: ChatOptions) -> AsyncIterator[Any]:
    answer = GoodLLM.chat(self, context, list(tools), options)
    if isinstance(tools, list):
        tools.clear()
    return answer


async def silent_after_tools(self: Any, context: Any, tools: Any, options: ChatOptions) -> AsyncIterator[Any]:
    if isinstance(context.items[-1], FunctionCallOutput):
        return
    async for event in GoodLLM.chat(self, context, tools, options):
        yield event


async def twice_closed(self: Any) -> None:
    if getattr(self, "closed", False):
        raise RuntimeError("Broken: closed twice")
    self.closed = True


STOP = ChatFinished(reason=FinishReason.STOP)
BROKEN: dict[str, list[type]] = {
    "says_what_it_is": [breaks(GoodLLM, label=""), breaks(GoodLLM, label=5)],
    "answers_with_text": [breaks(GoodLLM, chat=of()), breaks(GoodLLM, chat=of(TextDelta(text=" \n"))), breaks(GoodLLM, chat=of("text"))],
    "ends_its_answer_once": [
        breaks(GoodLLM, chat=of(TextDelta(text="x"), STOP, STOP)),
        breaks(GoodLLM, chat=of(STOP, TextDelta(text="x"))),
        breaks(GoodLLM, chat=of(TextDelta(text="x"), TokenUsage(), TokenUsage())),
        breaks(GoodLLM, chat=of(TextDelta(text="x"), TokenUsage(prompt_tokens=1, cached_prompt_tokens=2))),
    ],
    "calls_a_tool": [
        breaks(GoodLLM, chat=of(TextDelta(text="x"))),
        breaks(GoodLLM, chat=of(CallDelta(name="remove", arguments='{"what": 1}'))),
        breaks(GoodLLM, chat=of(CallDelta(name="add", arguments="[1]"))),
        breaks(GoodLLM, chat=of(CallDelta(name="add", arguments='{"what":'))),
        breaks(GoodLLM, chat=of(CallDelta(name="add", arguments="{}"))),
        breaks(GoodLLM, chat=of(CallDelta(call_id="a", arguments="{}"))),
        breaks(GoodLLM, chat=of(CallDelta(name="add", arguments='{"what": 1}'), STOP)),
    ],
    "calls_no_tool_that_it_must_not": [breaks(GoodLLM, chat=without_choice)],
    "calls_the_tool_that_it_has_to_or_refuses": [breaks(GoodLLM, chat=without_choice)],
    "speaks_after_the_result_of_a_tool": [breaks(GoodLLM, chat=silent_after_tools)],
    "works_after_it_was_stopped": [breaks(GoodLLM, chat=only_once)],
    "works_after_it_was_cancelled": [breaks(GoodLLM, chat=only_once)],
    "keeps_answers_apart": [breaks(GoodLLM, chat=mixed)],
    "leaves_what_it_was_given": [breaks(GoodLLM, chat=that_changes)],
}
CASES = [(name, broken) for name, kinds in BROKEN.items() for broken in kinds]


@pytest.mark.parametrize(("name", "broken"), CASES)
def test_a_model_that_breaks_a_promise_is_found(name: str, broken: type) -> None:
    require_found(next(check for check in llm.CHECKS if str(check) == name), subject(broken))


def test_each_check_can_fail() -> None:
    assert {*BROKEN, "warms_up_and_closes_more_than_once"} == {str(check) for check in llm.CHECKS}
    with pytest.raises(RuntimeError, match="closed twice"):
        llm.CHECKS[-1](subject(breaks(GoodLLM, aclose=twice_closed)))


def test_a_model_without_a_tool_is_checked_without() -> None:
    ran = {str(check): check(subject(GoodLLM, tool=None)) for check in llm.CHECKS}
    assert not ran["calls_a_tool"]
    assert ran["answers_with_text"]


def test_a_model_that_never_ends_is_found() -> None:
    import asyncio

    async def hangs(self: Any, context: Any, tools: Any, options: Any) -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield

    require_found(llm.CHECKS[1], subject(breaks(GoodLLM, chat=hangs), timeout_s=0.05))
