"""The life of an agent, as `docs/coming-from-elixir.md` has it: created, configured, active, inactive, destroyed, and what each refuses."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from livekitex_agent import Agent, AgentSession, provider
from livekitex_agent.testing import TestSession
from livekitex_agent.testing.fakes import scripted_llm
from protocols import ConfigurationError, ConversationState, SessionUnavailableError

LLM = provider(scripted_llm, replies=[{"say": "Yes."}])
NOT_STARTED = "AgentSession isn't running"
NOT_RUNNING = "the agent is not running"


def agent(name: str) -> Agent:
    return Agent(instructions=f"You are {name}.", id=name)


async def handed_to(session: AgentSession[None], coming: Agent) -> None:
    session.update_agent(coming)
    while session.current_agent is not coming:
        await session.run(user_input="go on")


async def refuses(session: AgentSession[None]) -> None:
    """A session in which no conversation goes on refuses what belongs to one."""
    for asked in (lambda: session.say("Hello."), session.generate_reply, session.interrupt, session.commit_user_turn):
        with pytest.raises(RuntimeError, match=NOT_STARTED):
            asked()
    asked_later: list[Callable[[], Awaitable[Any]]] = [session.drain, lambda: session.run(user_input="Hello?")]
    for later in asked_later:
        with pytest.raises(RuntimeError, match=NOT_STARTED):
            await later()


def has_no_session(one: Agent) -> None:
    with pytest.raises(RuntimeError, match=NOT_RUNNING):
        _ = one.session


def walk(steps: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(30):
            await steps()

    asyncio.run(main())


def test_one_that_is_created_is_data_and_its_session_says_nothing() -> None:
    async def steps() -> None:
        created, session = agent("created"), AgentSession[None](llm=LLM)
        has_no_session(created)
        await refuses(session)
        await created.update_instructions("You are changed.")
        assert created.instructions == "You are changed."
        await session.aclose()  # there is nothing to close

    walk(steps)


def test_one_that_is_wrongly_configured_is_refused_and_stays_as_it_was() -> None:
    async def steps() -> None:
        mended = agent("mended")
        wrong = AgentSession[None](llm=object())
        with pytest.raises(ConfigurationError, match="is no provider"):
            await wrong.start(mended)
        await refuses(wrong)
        has_no_session(mended)
        async with AgentSession[None](llm=LLM) as session:
            await session.start(mended)
            assert mended.session is session

    walk(steps)


def test_one_that_is_active_has_the_call_and_is_started_once() -> None:
    async def steps() -> None:
        async with AgentSession[None](llm=LLM) as session:
            active, other = agent("active"), agent("other")
            await session.start(active)
            await session.start(other)
            assert session.current_agent is active
            assert active.session is session
            has_no_session(other)
            await session.run(user_input="Hello?")
            assert [item.text_content for item in active.chat_ctx.messages()] == ["You are active.", "Hello?", "Yes."]

    walk(steps)


def test_one_that_is_inactive_keeps_what_it_knows_and_is_active_again_when_it_has_the_call() -> None:
    async def steps() -> None:
        async with AgentSession[None](llm=LLM) as session:
            one, two = agent("one"), agent("two")
            await session.start(one)
            await session.run(user_input="Hello?")
            await handed_to(session, two)
            has_no_session(one)
            assert [item.text_content for item in one.chat_ctx.messages()][:3] == ["You are one.", "Hello?", "Yes."]
            await one.update_instructions("You are one, later.")
            await handed_to(session, one)
            assert one.session is session
            has_no_session(two)
            await session.run(user_input="Who are you?")
            assert one.chat_ctx.messages()[0].text_content == "You are one, later."

    walk(steps)


def test_one_that_is_destroyed_refuses_everything_and_its_session_may_begin_another_conversation() -> None:
    async def steps() -> None:
        destroyed, session = agent("destroyed"), AgentSession[None](llm=LLM)
        await session.start(destroyed)
        await session.run(user_input="Hello?")
        await session.aclose()
        await refuses(session)
        has_no_session(destroyed)
        assert [item.text_content for item in session.history.messages()] == ["Hello?", "Yes."]
        await session.aclose()
        await session.start(agent("another"))
        assert session.history.messages() == []
        await session.aclose()

    walk(steps)


def test_a_call_is_inactive_between_two_lives_and_refuses_commands_once_it_is_over() -> None:
    async def steps() -> None:
        async with TestSession(Agent.text(instructions="You listen.", llm=LLM)) as call:
            await call.run(user_input="Hello?")
            await call.kill()
            run = await call.run(user_input="And now?")
            run.expect.contains_message(role="assistant", text="Yes.")
            states = list[ConversationState]()

            async def end(handle: Any) -> None:
                states.append((await handle.info()).state)
                await handle.end()

            await call.perform(end)
            assert states == [ConversationState.IDLE]
            with pytest.raises(SessionUnavailableError):
                await call.perform(lambda handle: handle.send_text("Is anybody there?"))

    walk(steps)
