"""Ready tasks in a call, in virtual time."""

import asyncio
from collections.abc import Iterator

import pytest

from livekitex_agent import ProgramPlace
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
