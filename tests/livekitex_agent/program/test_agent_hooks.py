"""The hooks of a program's agents: what they change, when they run again, and that what they do wrong stops no call."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from livekitex_agent import AgentSentence, ProgramPlace
from livekitex_agent.testing import TestSession, Utterance
from protocols import AgentChanged, SessionError, UserMessage
from support.hooks_program import DONE

BEER = Utterance(text="please give me a large and very cold beer")


@pytest.fixture(autouse=True)
def nothing_done() -> Iterator[None]:
    DONE.clear()
    yield
    DONE.clear()


def in_call(metadata: str, work: Callable[[TestSession], Coroutine[Any, Any, None]]) -> TestSession:
    """A call of the program, in which ``work`` was done."""
    call = TestSession(ProgramPlace(place="support.hooks_program", metadata=metadata))

    async def main() -> None:
        async with call:
            await work(call)

    asyncio.run(main())
    return call


def said(call: TestSession) -> list[str]:
    return [event.event.text for event in call.events if isinstance(event.event, AgentSentence)]


def heard(call: TestSession) -> list[str]:
    return [event.event.text for event in call.events if isinstance(event.event, UserMessage)]


def moves(call: TestSession) -> list[str]:
    return [event.event.new for event in call.events if isinstance(event.event, AgentChanged)]


async def nothing(_: TestSession) -> None:
    return


# On entering.


@pytest.mark.parametrize("how", ["raise", "cancelled"])
def test_an_on_enter_that_fails_is_told_in_the_log_has_ended_and_is_not_run_again(how: str, caplog: pytest.LogCaptureFixture) -> None:
    async def work(call: TestSession) -> None:
        await call.run(user_input="Hello?")
        await call.kill()
        await call.run(user_input="Still there?")

    with caplog.at_level(logging.ERROR, "livekitex.program"):
        call = in_call(f"enter {how}", work)
    assert said(call) == ["I begin.", "Yes.", "Yes."]
    assert DONE.count("first enters") == 1
    assert "error in on_enter of the agent first" in caplog.text


def test_one_that_had_returned_is_not_run_again_and_one_that_had_not_is_and_says_nothing_twice() -> None:
    async def kill_after(call: TestSession) -> None:
        await call.kill()
        await call.run(user_input="Hello?")

    assert said(in_call("nothing", kill_after)) == ["I begin.", "Yes."]
    assert DONE.count("first enters") == 1
    DONE.clear()
    call = TestSession(ProgramPlace(place="support.hooks_program"))

    async def main() -> None:
        call.kill_when(lambda event: isinstance(event, AgentSentence))
        async with call:
            await call.run(user_input="Hello?")

    asyncio.run(main())
    assert said(call) == ["I begin.", "Yes."]
    assert DONE.count("first enters") == 2


# On the caller's turn.


def test_what_a_hook_makes_of_a_turn_is_what_is_answered_and_kept() -> None:
    async def work(call: TestSession) -> None:
        await call.run(audio=BEER)

    call = in_call("edit", work)
    kept = [text.removeprefix("kept: ") for text in DONE if text.startswith("kept: ")]
    assert kept == ["I begin.", "please give me a large and very cold beer please", "Yes."], "what was added was for this answer alone"
    assert said(call) == ["I begin.", "Yes."]


def test_a_turn_that_a_hook_stops_has_no_answer() -> None:
    async def work(call: TestSession) -> None:
        await call.run(audio=Utterance(text="there is nothing but noise in here today"))
        assert said(call) == ["I begin."]
        await call.run(audio=BEER)

    assert said(in_call("nothing", work)) == ["I begin.", "Yes."]


@pytest.mark.parametrize("how", ["raise", "cancelled"])
def test_a_hook_that_fails_is_told_and_the_turn_is_answered_at_once_as_it_was(how: str, caplog: pytest.LogCaptureFixture) -> None:
    async def work(call: TestSession) -> None:
        await call.run(audio=BEER)

    with caplog.at_level(logging.ERROR, "livekitex.program"):
        call = in_call(f"turn {how}", work)
    assert (said(call), heard(call)) == (["I begin.", "Yes."], ["please give me a large and very cold beer"])
    times = [event.wall_s for event in call.events if isinstance(event.event, UserMessage | AgentSentence)]
    assert max(times) - min(times) < 10, "nobody has waited for it"
    assert any(isinstance(event.event, SessionError) and "on_user_turn_completed" in event.event.text for event in call.events)
    assert "error in on_user_turn_completed" in caplog.text


# On leaving.


@pytest.mark.parametrize("how", ["raise", "cancelled"])
def test_an_on_exit_that_fails_keeps_the_call_from_nobody(how: str, caplog: pytest.LogCaptureFixture) -> None:
    async def work(call: TestSession) -> None:
        await call.run(user_input="next")
        await call.run(user_input="Hello?")

    with caplog.at_level(logging.ERROR, "livekitex.program"):
        call = in_call(f"exit {how}", work)
    assert (said(call), moves(call)) == (["I begin.", "I go on.", "Yes."], ["next"])
    assert DONE.count("first leaves") == 1
    assert "error in on_exit" in caplog.text


def test_who_has_the_call_at_its_end_leaves_once() -> None:
    in_call("nothing", nothing)
    assert DONE == ["life 1", "first enters", "first has entered", "first leaves"]


# From one to another.


def test_one_that_cannot_work_does_not_get_the_call_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    async def work(call: TestSession) -> None:
        await call.run(user_input="try")
        await call.run(user_input="Hello?")

    with caplog.at_level(logging.ERROR, "livekitex.program"):
        call = in_call("nothing", work)
    assert moves(call) == []
    assert said(call)[-1] == "Yes."
    assert "nobody does not get the call" in caplog.text


@pytest.mark.parametrize(("metadata", "greeted"), [("nothing", 1), ("lost", 1)])
def test_after_a_death_who_had_the_call_has_it_again_and_greets_nobody_twice(metadata: str, greeted: int) -> None:
    async def work(call: TestSession) -> None:
        await call.run(user_input="next")
        await call.kill()
        await call.run(user_input="Hello?")

    call = in_call(metadata, work)
    assert DONE.count("next enters") == greeted
    assert said(call) == ["I begin.", "I go on.", "Yes."]


def test_after_a_death_one_that_cannot_be_made_again_gives_the_call_to_the_one_that_the_program_begins_with(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(call: TestSession) -> None:
        await call.run(user_input="next")
        await call.kill()
        await call.run(audio=BEER)

    with caplog.at_level(logging.WARNING, "livekitex.program"):
        in_call("lost", work)
    assert "not restorable: the agent next was made with what is no plain data" in caplog.text
    assert "heard please give me a large and very cold beer" in DONE, "the first one has the call"


# Tasks.


def test_a_result_that_cannot_be_written_is_told_once_it_is_known(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "livekitex.program"):
        in_call("task", nothing)
    assert "task came to object" in DONE
    assert "not restorable: the result of a task (builtins:object at result)" in caplog.text
