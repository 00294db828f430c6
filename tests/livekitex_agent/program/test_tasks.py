"""Agents that speak as they leave, and tasks that tools await: who has the call, and what of it a death leaves."""

import asyncio
from collections.abc import Iterator

import pytest

from livekitex_agent import AgentSentence, ProgramPlace
from livekitex_agent.testing import TestSession
from protocols import AgentChanged, ToolReturned
from support.hotel_program import DONE

HOTEL = ProgramPlace(place="support.hotel_program")


@pytest.fixture(autouse=True)
def nothing_done() -> Iterator[None]:
    DONE.clear()
    yield
    DONE.clear()


def said(call: TestSession) -> list[str]:
    return [event.event.text for event in call.events if isinstance(event.event, AgentSentence)]


def moves(call: TestSession) -> list[tuple[str, str]]:
    return [(event.event.old, event.event.new) for event in call.events if isinstance(event.event, AgentChanged)]


def test_an_agent_says_goodbye_before_the_next_one_enters() -> None:
    async def check() -> None:
        async with TestSession(HOTEL) as call:
            await call.run(user_input="Upstairs, please.")
            assert DONE == ["life 1", "desk enters", "desk leaves to Bar", "bar enters"]
            assert said(call) == ["Goodbye from the desk.", "Have a nice stay.", "This is the bar."]
            names = [type(event.event).__name__ for event in call.events if isinstance(event.event, AgentSentence | AgentChanged)]
            assert names == ["AgentSentence", "AgentSentence", "AgentChanged", "AgentSentence"]

    asyncio.run(check())


@pytest.mark.parametrize("at", ["Goodbye from the desk.", "Have a nice stay.", "This is the bar."])
def test_who_is_killed_while_an_agent_says_goodbye_hears_it_once(at: str) -> None:
    async def check() -> None:
        session = TestSession(HOTEL)
        async with session as call:
            session.kill_when(lambda event: isinstance(event, AgentSentence) and event.text == at)
            await call.run(user_input="Upstairs, please.")
            assert said(call) == ["Goodbye from the desk.", "Have a nice stay.", "This is the bar."]
            assert moves(call) == [("desk", "bar")]
            await call.run(user_input="Downstairs, please.")
            await call.run(user_input="Upstairs, please.")
            assert said(call).count("Goodbye from the desk.") == 2, "whoever has the call again says goodbye again"

    asyncio.run(check())


def test_an_agent_that_has_the_call_again_enters_again_and_one_that_comes_back_after_a_death_does_not() -> None:
    async def check() -> None:
        async with TestSession(HOTEL) as call:
            for time in (2, 3):
                await ask(call, "Upstairs, please.", "Downstairs, please.")
                assert DONE.count("desk enters") == time
                await call.kill()
                await ask(call, "Hello?")
                assert DONE.count("desk enters") == time
            await ask(call, "book", "ada", "monday")
            assert DONE.count("desk enters") == 3, "back from a task it goes on"

    asyncio.run(check())


def entered(call: TestSession) -> list[str]:
    return [new for _, new in moves(call)]


async def ask(call: TestSession, *texts: str) -> list[str]:
    """Say these, and what the agent has said since."""
    before = len(said(call))
    for text in texts:
        await call.run(user_input=text)
    return said(call)[before:]


def outputs(call: TestSession) -> list[str]:
    return [event.event.result for event in call.events if isinstance(event.event, ToolReturned) and event.event.name != "keep"]


def test_two_tasks_one_after_the_other_in_one_tool() -> None:
    async def check() -> None:
        async with TestSession(HOTEL) as call:
            assert await ask(call, "book") == ["Your name?"]
            assert await ask(call, "ada") == ["Your day?"]
            assert await ask(call, "monday") == ["All right."]
            assert outputs(call) == ["booked for ada on monday"]
            assert entered(call) == ["ask", "desk", "ask", "desk"]

    asyncio.run(check())


def test_a_task_in_a_task_in_a_tool() -> None:
    async def check() -> None:
        async with TestSession(HOTEL) as call:
            assert await ask(call, "nested", "ada", "yes") == ["Your name?", "Your yes?", "All right."]
            assert outputs(call) == ["booked for ada, yes"]
            assert entered(call) == ["confirmed", "ask", "confirmed", "ask", "confirmed", "desk"]

    asyncio.run(check())


def test_of_two_tools_at_a_time_one_awaits_tasks() -> None:
    async def check() -> None:
        async with TestSession(HOTEL) as call:
            assert await ask(call, "both", "ada", "monday") == ["Your name?", "Your day?", "All right."]
            assert outputs(call) == ["seen", "booked for ada on monday"]
            assert "looked" in DONE

    asyncio.run(check())


def test_a_tool_that_fails_after_its_task_is_told_to_the_model() -> None:
    async def check() -> None:
        async with TestSession(HOTEL) as call:
            assert await ask(call, "refuse", "private") == ["Your reason?", "All right."]
            assert outputs(call) == ["An internal error occurred"]

    asyncio.run(check())


@pytest.mark.parametrize(
    ("texts", "known"),
    [
        (["book"], ["Your name?"]),
        (["book", "ada"], ["Your name?", "ada", "Your day?"]),
        (["nested", "ada"], ["Your name?", "ada", "Your yes?"]),
        (["both", "ada"], ["Your name?", "ada", "Your day?"]),
    ],
)
def test_a_death_in_a_task_that_a_tool_awaits_gives_the_call_back_and_tells_what_was_said(texts: list[str], known: list[str]) -> None:
    async def check() -> None:
        async with TestSession(HOTEL) as call:
            await ask(call, *texts)
            await call.kill()
            await ask(call, "Hello?")
            assert any("the outcome of this call is unknown" in output for output in outputs(call))
            assert entered(call)[-1] == "desk"
            assert moves(call)[-1][0] in {"ask", "confirmed"}
            assert [text for text in DONE[-1] if text in known] == known, "it knows what was said to the task"
            assert said(call)[-1] == "All right."
            assert "Goodbye from the desk." not in said(call), "it has the call again"

    asyncio.run(check())
