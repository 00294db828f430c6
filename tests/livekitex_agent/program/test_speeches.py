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


class Host(Agent):
    """Its tool has the agent speak; ``seen`` is what the model was asked, and what was told, in order."""

    def __init__(self, *, goes_on: bool = False, awaits: str = "", then: str = "found") -> None:
        super().__init__(instructions="Be brief.")
        self.seen: list[str] = []
        self._goes_on, self._awaits, self._then = goes_on, awaits, then

    @function_tool
    async def look(self, ctx: RunContext[None]) -> str | None:
        """Look."""
        speech = ctx.session.say("I am looking.")
        if self._awaits == "its end":
            await speech
        elif self._awaits == "its beginning":
            begun = asyncio.Event()
            ctx.session.on("agent_state_changed", lambda event: begun.set() if event.new_state == "speaking" else None)
            await begun.wait()
        elif self._goes_on:
            await asyncio.gather(self._nothing())
        return self._then or None

    async def _nothing(self) -> None:
        pass

    async def llm_node(self, chat_ctx: Any, tools: Any, model_settings: Any) -> Any:
        self.seen.append("asked")
        async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
            yield chunk


async def heard_of(host: Host, **providers: Any) -> list[str]:
    """What is asked and told, in order, in a turn in which the tool of ``host`` is called; at last what the history has then."""
    replies = [{"calls": ["look"]}, {"after": "look", "say": "Here it is."}]
    async with asyncio.timeout(20), AgentSession[None](llm=provider(scripted_llm, replies=replies), **providers) as session:
        session.on("conversation_item_added", lambda event: host.seen.append(getattr(event.item, "text_content", None) or event.item.type))
        session.on("function_tools_executed", lambda _event: host.seen.append("returned"))
        await session.start(host)
        await session.run(user_input="look")
        await session.drain()
        kinds = [getattr(item, "text_content", None) or item.type for item in session.history.items]
    seen, history = ([what for what in told if not what.startswith("agent_")] for told in (host.seen, kinds))
    return [*seen, ", ".join(history)]


RETURNED_FIRST = "look, function_call, function_call_output, I am looking., Here it is."
SAID_FIRST = "look, function_call, I am looking., function_call_output, Here it is."


@pytest.mark.parametrize("voice", [False, True])
@pytest.mark.parametrize("goes_on", [False, True])
def test_what_a_tool_says_that_returns_at_once_is_heard_while_the_model_answers(voice: bool, goes_on: bool) -> None:
    providers = {"tts": provider(scripted_tts)} if voice else {}
    seen = asyncio.run(heard_of(Host(goes_on=goes_on), **providers))
    *before, history = seen
    assert [what for what in before if what != "look"] == ["asked", "returned", "asked", "I am looking.", "Here it is."]
    assert history == RETURNED_FIRST


def test_where_the_tool_ends_while_it_is_heard_the_model_is_asked_then() -> None:
    seen = asyncio.run(heard_of(Host(awaits="its beginning"), tts=provider(scripted_tts, sound="tone", ms_per_char=60)))
    *before, history = seen
    assert [what for what in before if what != "look"] == ["asked", "returned", "asked", "I am looking.", "Here it is."]
    assert history == SAID_FIRST


@pytest.mark.parametrize("voice", [False, True])
def test_what_a_tool_awaits_is_said_before_it_returns(voice: bool) -> None:
    providers = {"tts": provider(scripted_tts)} if voice else {}
    *before, history = asyncio.run(heard_of(Host(awaits="its end"), **providers))
    assert [what for what in before if what != "look"] == ["asked", "I am looking.", "returned", "asked", "Here it is."]
    assert history == SAID_FIRST


def test_a_tool_that_needs_no_answer_is_over_before_it_is_heard() -> None:
    *before, history = asyncio.run(heard_of(Host(then="")))
    assert [what for what in before if what != "look"] == ["asked", "returned", "I am looking."]
    assert history == "look, function_call, function_call_output, I am looking."


def test_what_is_asked_for_after_it_in_the_same_tool_does_not_overtake_it() -> None:
    class Closing(Host):
        @function_tool
        async def look(self, ctx: RunContext[None]) -> None:
            """Look."""
            ctx.session.say("Goodbye.")
            ctx.session.shutdown()

    *before, _ = asyncio.run(heard_of(Closing()))
    assert "Goodbye." in before


def test_who_is_to_have_the_call_next_has_it_behind_what_the_tool_has_said_and_its_reply() -> None:
    class Leaving(Host):
        @function_tool
        async def look(self, ctx: RunContext[None]) -> str:
            """Look."""
            ctx.session.say("I am looking.")
            ctx.session.update_agent(Agent(instructions="You are next."))
            return "found"

    *before, history = asyncio.run(heard_of(Leaving()))
    assert [what for what in before if what != "look"] == ["asked", "returned", "asked", "I am looking.", "Here it is."]
    assert history == RETURNED_FIRST
