"""What a tool of a program knows of the call that it works for, and what it may do there."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from livekitex_agent import Agent, AgentSession, RunContext, function_tool, provider
from livekitex_agent.testing.fakes import scripted_llm, scripted_tts


def session(*replies: Any, **given_on: Any) -> AgentSession[Any]:
    asked = replies or ({"calls": ["work"]}, {"after": "work", "say": "Done."})
    return AgentSession(llm=provider(scripted_llm, replies=list(asked)), **{"userdata": {"count": 0}} | given_on)


def in_a_tool(work: Callable[[RunContext[Any]], Any], *replies: Any, **given_on: Any) -> AgentSession[Any]:
    """Do ``work`` in a tool, and give the session that it was called in; what ``work`` raises goes on."""
    failed: list[BaseException] = []

    @function_tool(name="work")
    async def tool(ctx: RunContext[Any]) -> str:
        """Work."""
        try:
            await work(ctx)
        except BaseException as failure:
            failed.append(failure)
            raise
        return "worked"

    async def main() -> AgentSession[Any]:
        async with asyncio.timeout(20), session(*replies, **given_on) as begun:
            await begun.start(Agent(instructions="Be brief.", tools=[tool]))
            await begun.run(user_input="work")
            for failure in failed:
                raise failure
        return begun

    return asyncio.run(main())


def test_it_knows_its_session_its_data_its_call_and_the_speech_that_it_was_called_in() -> None:
    seen: list[Any] = []

    async def work(ctx: RunContext[dict[str, int]]) -> None:
        ctx.userdata["count"] += 1
        seen.append(ctx)
        assert ctx.session.current_speech is ctx.speech_handle
        assert ctx.session.agent_state == "thinking"

    of = in_a_tool(work)
    (ctx,) = seen
    assert ctx.session is of
    assert of.userdata == {"count": 1} == ctx.userdata
    assert (ctx.function_call.name, ctx.function_call.arguments, ctx.incarnation) == ("work", "{}", 1)
    assert ctx.call_id
    calls = [item for item in of.history.items if item.type == "function_call"]
    assert [call.call_id for call in calls] == [ctx.function_call.call_id]
    assert ctx.speech_handle.done()


def test_data_that_there_is_not_is_asked_for_in_vain() -> None:
    async def work(ctx: RunContext[Any]) -> None:
        with pytest.raises(ValueError, match="userdata is not set"):
            _ = ctx.userdata

    async def main() -> None:
        @function_tool(name="work")
        async def tool(ctx: RunContext[Any]) -> str:
            """Work."""
            await work(ctx)
            return "worked"

        llm = provider(scripted_llm, replies=[{"calls": ["work"]}, {"after": "work", "say": "Done."}])
        async with asyncio.timeout(20), AgentSession[Any](llm=llm) as begun:
            await begun.start(Agent(instructions="Be brief.", tools=[tool]))
            run = await begun.run(user_input="work")
            run.expect.contains_function_call_output(output="worked")

    asyncio.run(main())


def test_its_parameter_is_not_shown_to_the_model() -> None:
    @function_tool
    async def add(ctx: RunContext[Any], product: str) -> str:
        """Add."""
        return product

    assert list(add.schema.parameters["properties"]) == ["product"]


def test_a_speech_that_must_not_be_interrupted_says_so_from_then_on() -> None:
    async def work(ctx: RunContext[Any]) -> None:
        assert ctx.speech_handle.allow_interruptions
        ctx.disallow_interruptions()
        assert not ctx.speech_handle.allow_interruptions
        with pytest.raises(RuntimeError, match="does not allow interruptions"):
            ctx.speech_handle.interrupt()

    assert in_a_tool(work).history.items[-1].text_content == "Done."  # type: ignore[union-attr]


def test_one_that_was_interrupted_already_cannot_be_kept_from_it() -> None:
    async def work(ctx: RunContext[Any]) -> None:
        ctx.speech_handle.interrupt()
        with pytest.raises(RuntimeError, match="already interrupted"):
            ctx.disallow_interruptions()

    in_a_tool(work)


def test_a_call_that_it_ends_is_over_once_the_reply_was_spoken() -> None:
    async def main() -> tuple[list[Any], list[str]]:
        told: list[Any] = []
        closed = asyncio.Event()

        @function_tool(name="work")
        async def tool(ctx: RunContext[Any]) -> str:
            """Work."""
            ctx.end_call("all is done")
            ctx.end_call("another reason")
            return "worked"

        async with asyncio.timeout(20), session() as begun:
            begun.on("close", lambda event: (told.append(event), closed.set()))
            await begun.start(Agent(instructions="Be brief.", tools=[tool]))
            begun.generate_reply(user_input="work")
            await closed.wait()
            said = [item.text_content for item in begun.history.items if item.type == "message"]
        return told, said

    told, said = asyncio.run(main())
    assert len(told) == 1
    assert said == ["work", "Done."]


def test_it_may_wait_until_what_was_said_before_it_was_heard() -> None:
    heard: list[Any] = []

    async def work(ctx: RunContext[Any]) -> None:
        await ctx.wait_for_playout()
        heard.extend(item.text_content for item in ctx.session.history.items if item.type == "message")
        with pytest.raises(RuntimeError, match=r"RunContext\.wait_for_playout"):
            await ctx.speech_handle

    in_a_tool(work, {"say": "One moment.", "calls": ["work"]}, {"after": "work", "say": "Done."}, tts=provider(scripted_tts))
    assert heard == ["work", "One moment."]


def test_with_nothing_said_before_it_it_waits_for_nothing() -> None:
    async def work(ctx: RunContext[Any]) -> None:
        await ctx.wait_for_playout()

    in_a_tool(work, tts=provider(scripted_tts))


def test_a_filler_is_said_while_its_block_runs() -> None:
    async def work(ctx: RunContext[Any]) -> None:
        said = asyncio.Event()
        ctx.session.on("conversation_item_added", lambda event: said.set() if event.item.text_content == "Hm." else None)
        async with ctx.with_filler("Hm."):
            await said.wait()

    of = in_a_tool(work)
    assert [item.text_content for item in of.history.items if item.type == "message"].count("Hm.") == 1


def test_a_fillers_time_that_is_negative_is_refused_on_entering() -> None:
    async def work(ctx: RunContext[Any]) -> None:
        block = ctx.with_filler("Hm.", delay=-1)
        with pytest.raises(ValueError, match="delay must be non-negative"):
            async with block:
                pass

    in_a_tool(work)
