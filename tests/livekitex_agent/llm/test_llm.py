"""A language model written for LiveKit's base class works, retries, and tells its metrics."""

import asyncio
from typing import Any

import pytest

from livekitex_agent import llm
from livekitex_agent._exceptions import APIConnectionError, APIError, APIStatusError
from livekitex_agent.metrics import LLMMetrics
from livekitex_agent.types import APIConnectOptions
from support.scripted_llm import ONCE, Scripted, ask, run

TWICE = APIConnectOptions(max_retry=1)
CALL = llm.FunctionToolCall(name="look", arguments='{"thing": "sky"}', call_id="1")


def test_an_answer_is_collected_and_its_metrics_are_told() -> None:
    told: list[LLMMetrics] = []

    async def work() -> llm.CollectedResponse:
        model = Scripted(["hel", "lo ", CALL])
        model.on("metrics_collected", told.append)
        return await ask(model).collect()

    collected = run(work)
    assert (collected.text, collected.tool_calls) == ("hello", [CALL])
    assert collected.usage is not None
    assert told[0].total_tokens == 5
    assert told[0].metadata is not None
    assert told[0].metadata.model_name == "script"
    assert told[0].ttft >= 0


def test_the_text_alone_may_be_read() -> None:
    async def work() -> list[str]:
        return [text async for text in ask(Scripted(["a", CALL, "b"])).to_str_iterable()]

    assert run(work) == ["a", "b"]


def test_a_retryable_failure_is_tried_again_and_told() -> None:
    errors: list[llm.LLMError] = []

    async def work() -> str:
        model = Scripted([APIConnectionError()], ["well"])
        model.on("error", errors.append)
        return (await ask(model, TWICE).collect()).text

    assert run(work) == "well"
    assert [error.recoverable for error in errors] == [True]


@pytest.mark.parametrize(
    ("failure", "options", "raised"),
    [
        (APIConnectionError(), ONCE, "Connection error"),
        (APIStatusError("no", status_code=401), TWICE, "status_code=401"),
        (APIError("again"), TWICE, "failed to generate LLM completion after 2 attempts"),
        (RuntimeError("ours"), TWICE, "ours"),
    ],
)
def test_a_failure_that_stays_is_raised(failure: Exception, options: APIConnectOptions, raised: str) -> None:
    async def work() -> None:
        await ask(Scripted([failure]), options).collect()

    with pytest.raises(Exception, match=raised):
        run(work)


def test_a_closed_request_is_no_failure() -> None:
    async def work() -> str:
        return (await ask(Scripted(["half", APIStatusError("bye", status_code=499)])).collect()).text

    assert run(work) == "half"


def test_closing_ends_an_answer_that_never_comes() -> None:
    async def work() -> list[Any]:
        stream = ask(Scripted(hang=True))
        await asyncio.sleep(0)
        await stream.aclose()
        return [chunk async for chunk in stream]

    assert run(work) == []
