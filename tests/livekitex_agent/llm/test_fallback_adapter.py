"""Several models as one: whatever one fails with the next answers, and it is back as soon as it answers again."""

import asyncio

import pytest

from livekitex_agent import llm
from livekitex_agent._exceptions import APIConnectionError, APIStatusError
from livekitex_agent.types import APIConnectOptions
from support.scripted_llm import Scripted, ask, run

BROKEN = APIConnectionError()


async def text_of(model: llm.LLM) -> str:
    return (await ask(model).collect()).text


@pytest.mark.parametrize("failure", [BROKEN, APIStatusError("no", status_code=400), ValueError("a bug"), OSError("gone")])
def test_whatever_a_model_fails_with_the_next_answers(failure: Exception) -> None:
    async def work() -> str:
        async with llm.FallbackAdapter([Scripted([failure]), Scripted(["here"])]) as both:
            return await text_of(both)

    assert run(work) == "here"


@pytest.mark.parametrize(("sticky", "then"), [(False, "first"), (True, "second")])
def test_one_that_failed_is_asked_in_the_background_and_is_back_when_it_answers(sticky: bool, then: str) -> None:
    changes: list[tuple[str, bool]] = []

    async def work() -> list[str]:
        first, second = Scripted([BROKEN], [BROKEN], ["first"]), Scripted(["second"])
        async with llm.FallbackAdapter([first, second], sticky=sticky) as both:
            back = asyncio.Event()

            def changed(change: llm.AvailabilityChangedEvent) -> None:
                changes.append(("first" if change.llm is first else "second", change.available))
                if change.available:
                    back.set()

            both.on("llm_availability_changed", changed)
            told = [await text_of(both), await text_of(both)]
            await back.wait()
            return [*told, await text_of(both)]

    assert run(work) == ["second", "second", then]
    assert changes == [("first", False), ("first", True)]


def test_closing_ends_what_is_asked_in_the_background() -> None:
    async def work() -> set[str]:
        both = llm.FallbackAdapter([Scripted(hang=True), Scripted(["here"])], attempt_timeout=0.05)
        assert await text_of(both) == "here"
        probes = {task for task in asyncio.all_tasks() if task.get_name().startswith("probe of")}
        assert len(probes) == 1
        await both.aclose()
        await both.aclose()
        return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("probe of")}

    assert run(work) == set()


def test_a_model_that_does_not_begin_in_time_is_left() -> None:
    async def work() -> str:
        async with llm.FallbackAdapter([Scripted(hang=True), Scripted(["here"])], attempt_timeout=0.05) as both:
            return await text_of(both)

    assert run(work) == "here"


@pytest.mark.parametrize(("retried", "told"), [(False, ""), (True, "halfwhole")])
def test_a_begun_answer_is_not_begun_again_unless_that_is_asked_for(retried: bool, told: str) -> None:
    async def work() -> str:
        models = [Scripted(["half", BROKEN]), Scripted(["whole"])]
        async with llm.FallbackAdapter(models, retry_on_chunk_sent=retried) as both:
            return await text_of(both)

    if retried:
        assert run(work) == told
    else:
        with pytest.raises(APIConnectionError, match="Connection error"):
            run(work)


def test_nor_does_its_own_model_begin_it_again() -> None:
    async def work() -> str:
        model = Scripted(["half", BROKEN], ["again"])
        async with llm.FallbackAdapter([model], max_retry_per_llm=1, retry_interval=0) as one:
            return await text_of(one)

    with pytest.raises(APIConnectionError):
        run(work)


def test_a_model_is_asked_as_often_as_it_may_before_the_next() -> None:
    async def work() -> str:
        async with llm.FallbackAdapter([Scripted([BROKEN], ["again"]), Scripted(["next"])], max_retry_per_llm=1, retry_interval=0) as both:
            return await text_of(both)

    assert run(work) == "again"


def test_where_all_fail_it_is_told_and_all_are_asked_again() -> None:
    async def work() -> str:
        async with llm.FallbackAdapter([Scripted([BROKEN]), Scripted([BROKEN], [BROKEN], ["back"])]) as both:
            with pytest.raises(APIConnectionError, match="all language models have failed"):
                await text_of(both)
            return (await both.chat(chat_ctx=llm.ChatContext.empty(), conn_options=APIConnectOptions(max_retry=3)).collect()).text

    assert run(work) == "back"


def test_there_is_a_model() -> None:
    with pytest.raises(ValueError, match="at least one"):
        llm.FallbackAdapter([])
