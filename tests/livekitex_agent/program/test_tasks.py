"""Agents that speak as they leave, and tasks that tools await: who has the call, and what of it a death leaves."""

import asyncio
from collections.abc import Iterator

import pytest

from livekitex_agent import AgentSentence, ProgramPlace
from livekitex_agent.testing import TestSession
from protocols import AgentChanged
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
