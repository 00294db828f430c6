"""Ready tasks in a call, in virtual time, whose process dies."""

import asyncio
from collections.abc import Iterator

import pytest

from livekitex_agent import AgentSentence, ProgramPlace
from livekitex_agent.testing import TestSession
from support.booking_program import DONE

BOOKING = ProgramPlace(place="support.booking_program")


@pytest.fixture(autouse=True)
def nothing_done() -> Iterator[None]:
    DONE.clear()
    yield
    DONE.clear()


def test_a_group_of_tasks_gets_one_thing_after_the_other() -> None:
    async def check() -> None:
        async with TestSession(BOOKING) as call:
            await call.run(user_input="It is ada@example.org")
            await call.run(user_input="Yes.")
            await call.run(user_input="555 123 4567")

    asyncio.run(check())
    assert DONE == ["life 1", "clerk enters", "booked for ada@example.org, +15551234567"]


def test_what_was_got_is_known_after_a_death() -> None:
    async def check() -> None:
        async with TestSession(BOOKING) as call:
            await call.run(user_input="It is ada@example.org")
            await call.run(user_input="Yes.")
            await call.kill()
            await call.run(user_input="555 123 4567")

    asyncio.run(check())
    assert DONE == ["life 1", "clerk enters", "life 2", "clerk enters", "booked for ada@example.org, +15551234567"]


def test_a_task_that_was_asking_asks_on_after_a_death_and_says_nothing_twice() -> None:
    async def check() -> list[str]:
        async with TestSession(BOOKING) as call:
            await call.kill()
            await call.run(user_input="It is ada@example.org")
            await call.run(user_input="Yes.")
            await call.kill()
            await call.kill()
            await call.run(user_input="555 123 4567")
            return [event.event.text for event in call.events if isinstance(event.event, AgentSentence)]

    said = asyncio.run(check())
    assert DONE[-1] == "booked for ada@example.org, +15551234567"
    assert DONE.count("clerk enters") == 4
    assert said == ["What is it?", "Is that right?", "And your number?", "You are booked."]


def test_that_the_caller_went_back_is_known_after_a_death() -> None:
    async def check() -> None:
        async with TestSession(BOOKING) as call:
            await call.run(user_input="It is ada@example.org")
            await call.run(user_input="Yes.")
            await call.run(user_input="That was the wrong address")
            await call.kill()
            await call.run(user_input="It is eda@example.org")
            await call.run(user_input="Yes.")
            await call.run(user_input="555 123 4567")

    asyncio.run(check())
    assert DONE[-1] == "booked for eda@example.org, +15551234567"


def test_the_caller_goes_back_to_what_he_has_said_wrong() -> None:
    async def check() -> None:
        async with TestSession(BOOKING) as call:
            await call.run(user_input="It is ada@example.org")
            await call.run(user_input="Yes.")
            await call.run(user_input="That was the wrong address")
            await call.run(user_input="It is eda@example.org")
            await call.run(user_input="Yes.")
            await call.run(user_input="555 123 4567")

    asyncio.run(check())
    assert DONE[-1] == "booked for eda@example.org, +15551234567"
