"""A language model written for LiveKit's base class works, retries, and tells its metrics; several are one by a fallback."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from livekitex_agent import llm
from livekitex_agent._exceptions import APIConnectionError, APIError, APIStatusError
from livekitex_agent.metrics import LLMMetrics
from livekitex_agent.types import APIConnectOptions

ONCE = APIConnectOptions(max_retry=0)
TWICE = APIConnectOptions(max_retry=1)


class Scripted(llm.LLM):
    """Each answer is a list of texts, calls and exceptions; the last is repeated."""

    def __init__(self, *answers: list[Any], hang: bool = False) -> None:
        super().__init__()
        self.answers = list(answers)
        self.hang = hang

    @property
    def model(self) -> str:
        return "script"

    def chat(self, *, chat_ctx: Any, tools: Any = None, conn_options: Any = ONCE, **_: Any) -> "ScriptedStream":
        return ScriptedStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class ScriptedStream(llm.LLMStream):
    async def _run(self) -> None:
        scripted = self._llm
        assert isinstance(scripted, Scripted)
        if scripted.hang:
            await asyncio.Event().wait()
        for part in scripted.answers.pop(0) if len(scripted.answers) > 1 else scripted.answers[0]:
            if isinstance(part, Exception):
                raise part
            delta = llm.ChoiceDelta(content=part) if isinstance(part, str) else llm.ChoiceDelta(tool_calls=[part])
            self._event_ch.send_nowait(llm.ChatChunk(id="r", delta=delta))
        usage = llm.CompletionUsage(completion_tokens=2, prompt_tokens=3, total_tokens=5)
        self._event_ch.send_nowait(llm.ChatChunk(id="r", usage=usage))


CALL = llm.FunctionToolCall(name="look", arguments='{"thing": "sky"}', call_id="1")


def ask(model: llm.LLM, options: APIConnectOptions = ONCE) -> llm.LLMStream:
    return model.chat(chat_ctx=llm.ChatContext.empty(), conn_options=options)


def run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(20):
            return await work()

    return asyncio.run(bounded())


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


def test_the_next_model_answers_where_the_first_fails_and_is_asked_first_from_then_on() -> None:
    changes: list[tuple[str, bool]] = []

    async def work() -> tuple[list[str], str]:
        bad, good = Scripted([APIConnectionError()], ["recovered"]), Scripted(["from the second"])
        async with llm.FallbackAdapter([bad, good]) as both:
            both.on("llm_availability_changed", lambda change: changes.append(("bad" if change.llm is bad else "good", change.available)))
            return [(await ask(both).collect()).text for _ in range(2)], both.model

    assert run(work) == (["from the second", "from the second"], "script")
    assert changes == [("bad", False)]


def test_a_model_that_does_not_begin_in_time_is_left() -> None:
    async def work() -> str:
        return (await ask(llm.FallbackAdapter([Scripted(hang=True), Scripted(["here"])], attempt_timeout=0.05)).collect()).text

    assert run(work) == "here"


def test_where_all_models_fail_it_is_told_and_a_begun_answer_is_not_begun_again() -> None:
    async def all_fail() -> None:
        await ask(llm.FallbackAdapter([Scripted([APIConnectionError()])] * 2)).collect()

    async def begun() -> None:
        await ask(llm.FallbackAdapter([Scripted(["half", APIConnectionError()]), Scripted(["whole"])])).collect()

    with pytest.raises(APIConnectionError, match="all language models have failed"):
        run(all_fail)
    with pytest.raises(APIConnectionError, match="Connection error"):
        run(begun)
    with pytest.raises(ValueError, match="at least one"):
        llm.FallbackAdapter([])
