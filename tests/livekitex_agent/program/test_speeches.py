"""The handles of what the agent says: what the history has of each, and what `AgentSession.interrupt` stops."""

import asyncio
import logging
from typing import Any

import pytest

from livekitex_agent import Agent, AgentSession, RunContext, function_tool, provider
from livekitex_agent.testing.fakes import scripted_llm, scripted_tts
from livekitex_agent.voice.speech_handle import SpeechHandle


def session_of(*replies: Any) -> AgentSession[None]:
    return AgentSession(llm=provider(scripted_llm, replies=list(replies)))


def test_a_speech_has_what_the_agent_said_and_called_and_not_what_it_answers() -> None:
    @function_tool
    async def look() -> str:
        """Look."""
        return "a table"

    async def check() -> None:
        speeches: list[SpeechHandle] = []
        replies = ({"say": "I look.", "calls": ["look"]}, {"after": "look", "say": "A table."})
        async with asyncio.timeout(20), session_of(*replies) as session:
            session.on("speech_created", lambda event: speeches.append(event.speech_handle))
            await session.start(Agent(instructions="Be brief.", tools=[look]))
            await session.run(user_input="look")
        (speech,) = speeches
        kinds = [getattr(item, "text_content", None) or item.type for item in speech.chat_items]
        assert kinds == ["I look.", "function_call", "function_call_output", "A table."]

    asyncio.run(check())


@pytest.mark.parametrize("protected", [True, False])
def test_what_is_at_its_tools_refuses_no_interruption_and_goes_on_if_it_may_not_be_stopped(protected: bool) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    @function_tool
    async def pay(ctx: RunContext[None]) -> str:
        """Pay."""
        if protected:
            ctx.disallow_interruptions()
        begun.set()
        await go_on.wait()
        return "paid"

    async def check() -> None:
        async with asyncio.timeout(20), session_of({"calls": ["pay"]}, {"after": "pay", "say": "It is paid."}) as session:
            await session.start(Agent(instructions="Be brief.", tools=[pay]))
            speech = session.generate_reply(user_input="pay")
            await begun.wait()
            stopped = session.interrupt()
            go_on.set()
            await stopped
            await speech
            assert speech.interrupted is not protected
            said = [item.text_content for item in session.history.items if item.type == "message"]
            assert said == (["pay", "It is paid."] if protected else ["pay"])

    asyncio.run(check())


def test_what_waits_and_may_not_be_interrupted_is_said_with_all_behind_it(caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> None:
        async with asyncio.timeout(20), session_of() as session:
            await session.start(Agent(instructions="Be brief."))
            waiting = [session.say("One."), session.say("Two.", allow_interruptions=False), session.say("Three.")]
            session.interrupt()
            assert [speech.interrupted for speech in waiting] == [True, False, False]
            session.interrupt(force=True)
            assert all(speech.interrupted for speech in waiting)

    with caplog.at_level(logging.WARNING, "livekitex.program"):
        asyncio.run(check())
    assert "may not be interrupted: it is said, with all behind it" in caplog.text


def test_a_speech_that_is_interrupted_before_it_is_accepted_is_stopped_all_the_same() -> None:
    async def check() -> None:
        tts = provider(scripted_tts, first_audio_ms=2_000)
        async with asyncio.timeout(20), AgentSession[None](llm=provider(scripted_llm, replies=[]), tts=tts) as session:
            await session.start(Agent(instructions="Be brief."))
            speech = session.say("Nobody wants to hear this.")
            await session.interrupt()
            assert speech.done()
            assert [item for item in session.history.items if item.type == "message"] == []

    asyncio.run(check())
