"""What a tool has done to its call when it returns is there after a death: a task that is complete, tools, the end."""

import asyncio
from collections.abc import Iterator

import pytest

from livekitex_agent import AgentSentence, ProgramPlace
from livekitex_agent.testing import TestSession
from protocols import AgentChanged, CallEnded, ToolReturned
from support.leaving_program import DONE

SHOP = ProgramPlace(place="support.leaving_program")


@pytest.fixture(autouse=True)
def nothing_done() -> Iterator[None]:
    DONE.clear()
    yield
    DONE.clear()


def said(call: TestSession) -> list[str]:
    return [event.event.text for event in call.events if isinstance(event.event, AgentSentence)]


def moves(call: TestSession) -> list[tuple[str, str]]:
    return [(event.event.old, event.event.new) for event in call.events if isinstance(event.event, AgentChanged)]


@pytest.mark.parametrize("at", [ToolReturned, AgentChanged])
def test_a_task_that_a_tool_has_completed_is_complete_after_a_death(at: type) -> None:
    async def check() -> None:
        session = TestSession(SHOP)
        async with session as call:
            session.kill_when(at)
            await call.run(user_input="ada")
            assert DONE.count("asks") == 1
            assert "knows Ada" in DONE
            assert said(call) == ["Who is there?", "Welcome, Ada."]
            assert moves(call) == [("shop", "ask_name"), ("ask_name", "shop")]

    asyncio.run(check())


def test_a_task_of_an_agent_that_a_tool_has_handed_the_call_to_is_asked_once() -> None:
    async def check() -> None:
        async with TestSession(SHOP) as call:
            for text in ("ada", "somebody"):
                await call.run(user_input=text)
            await call.kill()
            await call.run(user_input="ada")
            assert DONE.count("asks") == 2
            assert DONE[-1] == "is told Ada"
            assert said(call).count("Who is there?") == 2
            assert moves(call)[2:] == [("shop", "stranger"), ("stranger", "ask_name"), ("ask_name", "stranger")]

    asyncio.run(check())


def test_an_agent_that_a_tool_has_given_the_call_to_has_it_though_the_process_dies_before() -> None:
    async def check() -> None:
        session = TestSession(SHOP)
        async with session as call:
            await call.run(user_input="ada")
            session.kill_when(ToolReturned)
            await call.run(user_input="go")
            assert said(call)[-3:] == ["I go.", "Goodbye.", "Who is there?"]
            assert moves(call)[2:] == [("shop", "stranger"), ("stranger", "ask_name")]
            await call.kill()
            assert moves(call)[2:] == [("shop", "stranger"), ("stranger", "ask_name")], "it was wanted once"

    asyncio.run(check())


def test_tools_that_an_agent_was_given_are_its_own_in_each_life(caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> None:
        async with TestSession(SHOP) as call:
            for text in ("ada", "log in"):
                await call.run(user_input=text)
            for times in (1, 2):
                await call.kill()
                run = await call.run(user_input="pay")
                run.expect.contains_message(role="assistant", text="Thank you.")
                assert DONE.count("paid") == times

    asyncio.run(check())
    assert "not restorable: the tool of_this_life of shop" in caplog.text


def test_a_job_that_a_tool_has_ended_ends_though_the_process_dies_before() -> None:
    async def check() -> None:
        session = TestSession(SHOP)
        async with session as call:
            await call.run(user_input="ada")
            session.kill_when(lambda event: isinstance(event, AgentSentence) and event.text == "Goodbye.")
            await call.perform(lambda handle: handle.send_text("bye"))
            await call.advance(30)
            assert said(call).count("Goodbye.") == 1
            assert any(isinstance(event.event, CallEnded) for event in call.events)
        assert DONE[-1] == "shut down"

    asyncio.run(check())
