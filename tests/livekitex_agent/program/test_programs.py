"""Programs as users write them, in virtual time, with their processes killed."""

import asyncio
from collections.abc import Iterator

import pytest

from livekitex_agent import AgentSentence, ProgramPlace, ToolCalled
from livekitex_agent.program.runner import NO_SESSION
from livekitex_agent.testing import TestSession
from protocols import AgentChanged, CallEnded, SessionError, SpeechCreated, SpeechDone
from support import effects_program, failing_program, returning_program
from support.waiter_program import DONE

WAITER = ProgramPlace(place="support.waiter_program")


@pytest.fixture(autouse=True)
def nothing_done() -> Iterator[None]:
    DONE.clear()
    yield
    DONE.clear()


def test_a_program_greets_takes_orders_and_shuts_down() -> None:
    async def check() -> None:
        async with TestSession(WAITER) as call:
            call.greeting.expect.next_event().is_message(role="assistant", text="Welcome to us.")
            run = await call.run(user_input="Two pizzas, please.")
            run.expect.next_event().is_function_call(name="add", arguments={"product": "pizza", "count": 2})
            run.expect.contains_message(role="assistant", text="Two pizzas it is.")
            await call.perform(lambda handle: handle.end())
        assert DONE == [
            "life 1",
            "waiter enters",
            "started",
            "waiter greeted",
            "added pizza",
            "waiter leaves",
            "session ended: 3 messages",
            "shut down: normal",
        ]

    asyncio.run(check())


def test_after_a_death_it_is_not_greeted_twice_and_the_order_is_there() -> None:
    async def check() -> None:
        async with TestSession(WAITER) as call:
            await call.run(user_input="Two pizzas, please.")
            DONE.clear()
            await call.kill()
            run = await call.run(user_input="Two pizzas, please.")
            run.expect.contains_message(role="assistant", text="Two pizzas it is.")
            said = [event.event.text for event in call.events if isinstance(event.event, AgentSentence)]
            assert said.count("Welcome to us.") == 1
            assert [line for line in DONE if "added" in line or "life" in line or "restarted" in line] == [
                "life 2",
                "restarted as 2",
                "added pizza",
            ]

    asyncio.run(check())


def test_a_hook_that_had_not_returned_runs_again_and_says_nothing_twice() -> None:
    async def check() -> None:
        session = TestSession(WAITER)
        session.kill_when(AgentSentence)
        async with session as call:
            assert DONE.count("waiter enters") == 2
            assert "waiter greeted" in DONE, "the rerun's handle is of the speech that goes on"
            assert len([event for event in call.events if isinstance(event.event, SpeechDone)]) == 1

    asyncio.run(check())


def test_a_speech_that_is_over_before_the_rerun_asks_for_it_is_over_for_the_rerun_too() -> None:
    async def check() -> None:
        session = TestSession(WAITER)
        session.kill_when(SpeechCreated)
        async with session as call:
            assert DONE[DONE.index("life 2") :].count("waiter greeted") == 1
            assert [event.event.text for event in call.events if isinstance(event.event, AgentSentence)] == ["Welcome to us."]

    asyncio.run(check())


def test_who_is_killed_at_the_end_comes_to_the_program_s_end_all_the_same() -> None:
    async def check() -> None:
        session = TestSession(WAITER)
        async with session as call:
            DONE.clear()
            session.kill_when(CallEnded)
            await call.perform(lambda handle: handle.end())
            await call.advance(30)
        assert DONE[DONE.index("life 2") :] == ["life 2", "started", "session ended: 1 messages", "shut down: normal"]
        assert DONE.count("waiter leaves") == 1, "that was done and is remembered"

    asyncio.run(check())


def test_a_tool_hands_the_call_to_an_agent_who_comes_back_as_made() -> None:
    async def check() -> None:
        async with TestSession(WAITER) as call:
            run = await call.run(user_input="The bill, please.")
            assert [(each.old, each.new) for each in run.of_kind(AgentChanged)] == [("waiter", "cashier")]
            assert "waiter leaves" in DONE
            DONE.clear()
            await call.kill()
            await call.run(user_input="Hello?")
            assert DONE == ["life 2", "restarted as 2", "started"]

    asyncio.run(check())


def test_who_is_killed_while_a_new_agent_enters_enters_once_more() -> None:
    async def check() -> None:
        session = TestSession(WAITER)
        async with session as call:
            session.kill_when(lambda event: isinstance(event, AgentSentence) and event.text == "I cook.")
            await call.run(user_input="Is the cook there?")
            assert DONE.count("cook enters") == 2
            assert [event.event.text for event in call.events if isinstance(event.event, AgentSentence)].count("I cook.") == 1
            assert sum(isinstance(event.event, ToolCalled) for event in call.events) == 1

    asyncio.run(check())


def test_effects_happen_once_in_a_call_and_each_life_knows_how_they_ended() -> None:
    async def check() -> None:
        done = effects_program.DONE
        done.clear()
        async with TestSession(ProgramPlace(place="support.effects_program")) as call:
            await call.run(user_input="Hello?")
            assert done == ["prints 1", "has ('receipt', 1)", "asks the bank", "hears no money", "charges"]
            for _ in range(2):
                done.clear()
                await call.kill()
                await call.run(user_input="Hello?")
                assert done == ["has ('receipt', 1)", "hears no money", "does not know"]

    asyncio.run(check())


def test_an_entrypoint_that_fails_when_its_session_has_started_is_told_and_the_call_goes_on() -> None:
    async def check() -> None:
        failing_program.HEARD.clear()
        async with TestSession(ProgramPlace(place="support.failing_program")) as call:
            run = await call.run(user_input="Hello?")
            run.expect.contains_message(role="assistant", text="Yes.")
            told = [event.event.text for event in call.events if isinstance(event.event, SessionError)]
            assert told == ["the entrypoint has failed: OSError: life 1 has no oven"]
            await call.kill()
            assert [event.event.text for event in call.events if isinstance(event.event, SessionError)][1:] == [
                "the entrypoint has failed: OSError: life 2 has no oven"
            ]
            assert failing_program.HEARD == []

    asyncio.run(check())


@pytest.mark.parametrize(("name", "after_s"), [("nothing", 0.0), ("waits", 5.0)])
def test_an_entrypoint_that_returns_and_starts_no_session_ends_the_call_with_a_word_for_it(name: str, after_s: float) -> None:
    async def check() -> None:
        returning_program.ENDED.clear()
        async with TestSession(ProgramPlace(place="support.returning_program", agent_name=name)) as call:
            await call.advance(after_s + 1.0)
            (ended,) = [event.event for event in call.events if isinstance(event.event, CallEnded)]
            assert ended.reason == f"failed: {NO_SESSION}"
            assert sum(isinstance(event.event, SessionError) for event in call.events) == 1
        if name == "nothing":
            assert returning_program.ENDED == ["unregistered"]

    asyncio.run(check())


def test_a_task_of_the_entrypoint_may_start_the_session_when_that_has_returned() -> None:
    async def check() -> None:
        async with TestSession(ProgramPlace(place="support.returning_program", agent_name="later")) as call:
            await call.advance(6.0)
            run = await call.run(user_input="Hello?")
            run.expect.contains_message(role="assistant", text="Yes.")

    asyncio.run(check())


def test_an_entrypoint_that_ends_the_job_before_it_starts_a_session_says_why() -> None:
    async def check() -> None:
        async with TestSession(ProgramPlace(place="support.returning_program", agent_name="shuts down")) as call:
            await call.advance(1.0)
            (ended,) = [event.event for event in call.events if isinstance(event.event, CallEnded)]
            assert "nobody is there" in ended.reason

    asyncio.run(check())


def test_a_program_whose_session_could_not_be_started_may_start_another_which_comes_back() -> None:
    async def check() -> None:
        async with TestSession(ProgramPlace(place="support.returning_program", agent_name="mends")) as call:
            await call.run(user_input="Hello?")
            await call.kill()
            run = await call.run(user_input="And now?")
            run.expect.contains_message(role="assistant", text="Yes.")

    asyncio.run(check())
