"""What a task that asks for one thing makes of what its model understood."""

from datetime import date, time
from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent.beta.workflows import (
    GetAddressResult,
    GetAddressTask,
    GetDOBResult,
    GetDOBTask,
    GetEmailResult,
    GetEmailTask,
    GetNameResult,
    GetNameTask,
    GetPhoneNumberResult,
    GetPhoneNumberTask,
    WorkflowInstructions,
)
from livekitex_agent.llm import Instructions, ToolError, ToolFlag

pytestmark = pytest.mark.asyncio

SPOKEN: Any = SimpleNamespace(speech_handle=SimpleNamespace(input_details=SimpleNamespace(modality="audio")))
WRITTEN: Any = SimpleNamespace(speech_handle=SimpleNamespace(input_details=SimpleNamespace(modality="text")))


def names(task: Any) -> list[str]:
    return [tool.id for tool in task.tools]


async def call(task: Any, name: str, **arguments: Any) -> Any:
    return await next(tool for tool in task.tools if tool.id == name)(**arguments)


def watched(kind: Any, **arguments: Any) -> Any:
    """A task of this ``kind``, which keeps its ``outcomes``."""

    class Watched(kind):  # type: ignore[misc]
        """Keeps them."""

        def complete(self, result: Any) -> None:
            self.outcomes.append(result)
            super().complete(result)

    task = Watched(**arguments)
    task.outcomes = []
    return task


TASKS = [
    (GetEmailTask, "email_address", {"email": " ada@example.org "}, GetEmailResult("ada@example.org"), "a d a @ e"),
    (GetPhoneNumberTask, "phone_number", {"phone_number": "+1 (555) 123-4567"}, GetPhoneNumberResult("+15551234567"), "+ 1 5 5 5"),
    (
        GetAddressTask,
        "address",
        {"street_address": "5 Rue X", "unit_number": "", "locality": "75006 Paris", "country": "France"},
        GetAddressResult("5 Rue X 75006 Paris France"),
        "['5 R u e X', '75006 Paris', 'France']",
    ),
    (GetNameTask, "name", {"first_name": "'Ada'", "last_name": "null"}, GetNameResult(first_name="Ada"), "A d a"),
    (GetDOBTask, "dob", {"year": 1990, "month": 1, "day": 15}, GetDOBResult(date(1990, 1, 15)), "January, 15, 1990"),
]


@pytest.mark.parametrize(("kind", "tool", "given", "result", "spelled"), TASKS)
async def test_what_is_written_is_taken_at_once(kind: Any, tool: str, given: dict[str, Any], result: Any, spelled: str) -> None:
    del spelled
    task = watched(kind)
    assert names(task) == [f"update_{tool}", f"decline_{tool}_capture"]
    assert await call(task, f"update_{tool}", ctx=WRITTEN, **given) is None
    assert task.outcomes == [result]
    assert await call(task, f"update_{tool}", ctx=WRITTEN, **given) is None, "a second call in the same answer does nothing"


@pytest.mark.parametrize(("kind", "tool", "given", "result", "spelled"), TASKS)
async def test_what_is_spoken_is_confirmed_first(kind: Any, tool: str, given: dict[str, Any], result: Any, spelled: str) -> None:
    task = watched(kind)
    told = await call(task, f"update_{tool}", ctx=SPOKEN, **given)
    assert "has been updated to" in told
    assert f"do not call `confirm_{tool}` by yourself" in told
    assert not task.done()
    stale = next(each for each in task.tools if each.id == f"confirm_{tool}")
    again = await call(task, f"update_{tool}", ctx=SPOKEN, **given)
    assert spelled not in told
    assert spelled in again, "the second time it is spelled"
    assert names(task).count(f"confirm_{tool}") == 1
    assert await stale() is None, "it is still the same"
    assert task.outcomes == [result]


async def test_what_has_changed_is_confirmed_anew() -> None:
    task = watched(GetEmailTask, require_confirmation=True)
    await call(task, "update_email_address", email="ada@example.org", ctx=WRITTEN)
    stale = task.tools[-1]
    await call(task, "update_email_address", email="eda@example.org", ctx=WRITTEN)
    assert "has changed" in await stale()
    assert not task.done()
    await call(task, "confirm_email_address")
    assert task.outcomes == [GetEmailResult("eda@example.org")]


async def test_who_declines_is_let_go() -> None:
    task = watched(GetPhoneNumberTask, require_confirmation=False)
    await call(task, "decline_phone_number_capture", reason="private")
    (failure,) = task.outcomes
    assert isinstance(failure, ToolError)
    assert "couldn't get the phone number: private" in str(failure)


@pytest.mark.parametrize(
    ("task", "tool", "given", "text"),
    [
        (GetEmailTask, "update_email_address", {"email": "ada at example"}, "Invalid email"),
        (GetPhoneNumberTask, "update_phone_number", {"phone_number": "12"}, "Invalid phone number"),
        (GetDOBTask, "update_dob", {"year": 1990, "month": 2, "day": 30}, "Invalid date: "),
        (GetDOBTask, "update_dob", {"year": 2990, "month": 2, "day": 1}, "is in the future"),
        (GetNameTask, "update_name", {"first_name": "none"}, "first name is required"),
        (GetNameTask, "update_name", {"first_name": "4242"}, "first name '4242' contains no letters"),
    ],
)
async def test_what_cannot_be_is_told_to_the_model(task: Any, tool: str, given: dict[str, Any], text: str) -> None:
    made = watched(task, require_confirmation=False)
    with pytest.raises(ToolError, match=text):
        await call(made, tool, ctx=SPOKEN, **given)
    assert not made.done()


@pytest.mark.parametrize(("year", "meant"), [(90, 1990), (5, 2005), (1985, 1985)])
async def test_two_digits_of_a_year_are_the_last_that_has_been(year: int, meant: int) -> None:
    task = watched(GetDOBTask, require_confirmation=False)
    await call(task, "update_dob", year=year, month=3, day=1, ctx=SPOKEN)
    assert task.outcomes[0].date_of_birth == date(meant, 3, 1)


async def test_a_time_of_birth_is_taken_with_the_date() -> None:
    task = watched(GetDOBTask, include_time=True)
    assert "date of birth is not known yet" in await call(task, "update_time", hour=7, minute=30, ctx=SPOKEN)
    with pytest.raises(ToolError, match="Invalid time"):
        await call(task, "update_time", hour=25, minute=0, ctx=SPOKEN)
    assert "at 07:30 AM" in await call(task, "update_dob", year=1990, month=1, day=15, ctx=SPOKEN)
    await call(task, "update_time", hour=8, minute=0, ctx=SPOKEN)
    await call(task, "confirm_dob")
    assert task.outcomes == [GetDOBResult(date(1990, 1, 15), time(8, 0))]


async def test_a_name_has_the_parts_and_the_order_that_are_wanted() -> None:
    task = watched(GetNameTask, last_name=True, name_format="{last_name}, {first_name}", verify_spelling=True)
    told = await call(task, "update_name", first_name="Ada", last_name="Lovelace", ctx=SPOKEN)
    assert "updated to Lovelace, Ada" in told
    assert "letter by letter" in told
    await call(task, "confirm_name")
    assert task.outcomes == [GetNameResult(first_name="Ada", last_name="Lovelace")]
    with pytest.raises(ValueError, match="At least one"):
        GetNameTask(first_name=False)


async def test_an_email_whose_spelling_is_verified_is_always_confirmed() -> None:
    task = watched(GetEmailTask, verify_spelling=True, require_confirmation=False)
    assert "character by character" in await call(task, "update_email_address", email="ada@example.org", ctx=WRITTEN)


async def test_instructions_differ_by_modality_and_are_replaced_in_parts_or_whole() -> None:
    told: Any = GetEmailTask().instructions
    heard, read = told.render(modality="audio"), told.render(modality="text")
    assert "'dot' is `.`" in heard
    assert "confirm_email_address" in heard
    assert "typed" in read
    assert "confirm_email_address" not in read
    asking: Any = GetEmailTask(require_confirmation=True).instructions
    assert "confirm_email_address" in asking.render(modality="text")
    own: Any = GetEmailTask(instructions=WorkflowInstructions(persona="You are Ada.", extra="Be brief.")).instructions
    assert own.render(modality="audio").startswith("You are Ada.")
    assert "Be brief." in own.render(modality="text")
    whole: Any = Instructions("Ask.")
    assert GetEmailTask(instructions=whole, extra_instructions="more").instructions is whole
    more: Any = GetNameTask(extra_instructions="more").instructions
    assert "more" in more.render(modality="audio")


async def test_it_is_asked_for_and_the_users_tools_are_kept() -> None:
    asked: list[str] = []

    class Task(GetAddressTask):
        """In a session that keeps what it is asked for."""

        @property
        def session(self) -> Any:
            return SimpleNamespace(generate_reply=lambda *, instructions: asked.append(instructions))

    other = GetEmailTask().tools[0]
    task = Task(tools=[other], require_explicit_ask=True)
    await task.on_enter()
    assert "Ask the user for their address" in asked[0]
    assert names(task) == ["update_email_address", "update_address", "decline_address_capture"]
    assert [tool.flags & ToolFlag.IGNORE_ON_ENTER != ToolFlag.NONE for tool in task.tools] == [False, True, True]
