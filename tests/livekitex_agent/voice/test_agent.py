"""An agent as user code makes it: what it is, and what may be changed, before it has a call and after."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent import Agent, AgentSession, ModelSettings, function_tool, provider
from livekitex_agent.llm import ChatContext, FunctionCall, FunctionCallOutput
from livekitex_agent.testing.fakes import scripted_llm
from livekitex_agent.types import NOT_GIVEN
from livekitex_agent.voice.agent import AGENT_MADE
from protocols import Instructions, InvalidAgentError


@function_tool
async def look() -> str:
    """Look."""
    return "a table"


class HTTPWaiter(Agent):
    """A waiter with a tool of its own."""

    def __init__(self, language: str = "English", **given_on: Any) -> None:
        super().__init__(instructions=f"Take orders, in {language}.", **given_on)

    @function_tool
    async def bill(self) -> str:
        """Bring the bill."""
        return "ten"

    async def tts_node(self, text: Any, model_settings: ModelSettings) -> AsyncIterator[Any]:  # type: ignore[override]
        """Say nothing."""
        return
        yield


def plain(**given_on: Any) -> Agent:
    return Agent(instructions="Be brief.", **given_on)


def names(agent: Agent) -> list[str]:
    return [tool.id for tool in agent.tools]


def context(*called: str) -> ChatContext:
    """A conversation in which these tools were called."""
    made = ChatContext.empty()
    made.add_message(role="user", content="Hello.")
    for name in called:
        made.items.append(FunctionCall(call_id=f"of {name}", name=name, arguments="{}"))
        made.items.append(FunctionCallOutput(call_id=f"of {name}", name=name, output="seen", is_error=False))
    return made


def called_in(context: ChatContext) -> list[str | None]:
    return [item.name for item in context.items if isinstance(item, FunctionCall | FunctionCallOutput)]


def run(agent: Agent, work: Callable[[AgentSession[None]], Any]) -> None:
    """Do ``work`` while ``agent`` has a call."""

    async def main() -> None:
        llm = provider(scripted_llm, replies=[{"say": "Yes."}])
        async with asyncio.timeout(20), AgentSession[None](llm=llm) as session:
            await session.start(agent)
            await work(session)

    asyncio.run(main())


# What it is.


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (plain, "default_agent"),
        (lambda: plain(id="desk"), "desk"),
        (lambda: plain(name="desk"), "desk"),
        (HTTPWaiter, "http_waiter"),
        (lambda: HTTPWaiter(id="desk"), "desk"),
    ],
)
def test_its_id_is_given_or_its_classs_in_snake_case(agent: Callable[[], Agent], name: str) -> None:
    assert (agent().id, agent().label) == (name, name)


def test_it_has_the_tools_that_it_is_given_and_those_that_are_its_methods() -> None:
    assert names(HTTPWaiter(tools=[look])) == ["look", "bill"]
    assert names(HTTPWaiter(tools=(look,))) == ["look", "bill"]
    assert names(HTTPWaiter(tools=None)) == names(HTTPWaiter()) == ["bill"]
    assert names(plain()) == []


def test_what_it_tells_of_itself_are_copies() -> None:
    agent = HTTPWaiter(tools=[look], chat_ctx=context())
    agent.tools.clear()
    agent.chat_ctx.items.clear()
    assert names(agent) == ["look", "bill"]
    assert len(agent.chat_ctx.items) == 1


@pytest.mark.parametrize("nothing", [NOT_GIVEN, None])
def test_without_a_context_it_knows_nothing(nothing: Any) -> None:
    assert plain(chat_ctx=nothing).chat_ctx.items == []


def test_of_the_conversation_it_is_given_it_keeps_a_copy_without_calls_of_tools_that_it_has_not() -> None:
    given_on = context("look", "bill", "pay")
    agent = HTTPWaiter(chat_ctx=given_on, tools=[look])
    assert called_in(agent.chat_ctx) == ["look", "look", "bill", "bill"]
    assert [item.type for item in agent.chat_ctx.items].count("message") == 1
    given_on.items.clear()
    assert len(agent.chat_ctx.items) == 5


def test_its_providers_are_as_they_were_given() -> None:
    stt, tts = object(), object()
    agent = plain(stt=stt, tts=tts, llm=None)
    assert (agent.stt, agent.tts, agent.llm) == (stt, tts, None)
    assert agent.vad is NOT_GIVEN


def test_an_agent_of_text_neither_hears_nor_speaks() -> None:
    agent = Agent.text(instructions="Read.", llm="openai:m")
    assert (agent.vad, agent.stt, agent.tts, agent.llm) == (None, None, None, "openai:m")


def test_only_what_it_overrides_is_its_own() -> None:
    assert HTTPWaiter()._overrides("tts_node")
    assert not HTTPWaiter()._overrides("llm_node")
    assert not plain()._overrides("tts_node")


# How it travels.


def test_one_of_a_subclass_does_not_travel_and_says_what_does() -> None:
    with pytest.raises(InvalidAgentError, match=r"HTTPWaiter is no plain Agent: .* ProgramPlace"):
        HTTPWaiter().to_wire()


def test_a_plain_one_travels_and_may_be_had_with_other_providers() -> None:
    one, other = (provider(scripted_llm, replies=[{"say": text}]) for text in ("Yes.", "No."))
    agent = Agent.text(instructions="Read.", llm=one)
    assert agent.with_providers(llm=other).to_wire() == Agent.text(instructions="Read.", llm=other).to_wire()
    assert agent.llm is one


def test_what_it_is_made_with_is_noted_and_who_listens_is_told() -> None:
    told: list[Agent] = []
    token = AGENT_MADE.set(told.append)
    try:
        agent = HTTPWaiter("Spanish", id="desk")
    finally:
        AGENT_MADE.reset(token)
    assert agent._made_with == (("Spanish",), {"id": "desk"})
    assert told == [agent]
    HTTPWaiter()
    assert told == [agent]


# Before it has a call.


@pytest.mark.asyncio
async def test_before_it_has_a_call_changes_are_of_the_object_alone() -> None:
    agent = HTTPWaiter(llm="a")
    await agent.update_instructions("Take them in Welsh.")
    await agent.update_tools([look])
    agent.update_options(llm="b", stt=None)
    assert (agent.instructions, names(agent), agent.llm, agent.stt) == ("Take them in Welsh.", ["look"], "b", None)
    assert agent.tts is NOT_GIVEN


@pytest.mark.asyncio
@pytest.mark.parametrize(("exclude", "left"), [(True, ["bill", "bill"]), (False, ["bill", "bill", "pay", "pay"])])
async def test_the_context_that_it_is_given_later_is_without_calls_of_others_unless_they_are_wanted(exclude: bool, left: list[str]) -> None:
    agent, given_on = HTTPWaiter(), context("bill", "pay")
    await agent.update_chat_ctx(given_on, exclude_invalid_function_calls=exclude)
    assert called_in(agent.chat_ctx) == left
    given_on.items.clear()
    assert called_in(agent.chat_ctx) == left


@pytest.mark.asyncio
@pytest.mark.parametrize("wrong", [["look"], [5]])
async def test_what_is_no_tool_is_refused_and_the_tools_stay(wrong: list[Any]) -> None:
    agent = plain(tools=[look])
    with pytest.raises(TypeError):
        await agent.update_tools(wrong)
    assert names(agent) == ["look"]


@pytest.mark.asyncio
async def test_what_needs_a_call_says_that_it_has_none() -> None:
    agent = plain()

    async def nothing() -> AsyncIterator[Any]:
        return
        yield

    asked: list[Callable[[], Any]] = [
        lambda: agent.session,
        lambda: agent.llm_node(ChatContext.empty(), [], ModelSettings()),
        lambda: agent.stt_node(nothing(), ModelSettings()),
        lambda: agent.tts_node(nothing(), ModelSettings()),
    ]
    for ask in asked:
        with pytest.raises(RuntimeError, match="the agent is not running"):
            ask()


@given(pieces=st.lists(st.text(max_size=5), max_size=8))
def test_what_is_shown_is_by_default_what_is_said(pieces: list[str]) -> None:
    async def said() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece

    async def main() -> list[str]:
        return [piece async for piece in plain().transcription_node(said(), ModelSettings())]

    assert asyncio.run(main()) == pieces


def test_its_instructions_may_be_others_without_a_voice() -> None:
    both = Instructions("Be brief.", audio="Speak.", text="Write.")
    assert Agent(instructions=both).instructions is both


# While it has one, and after.


def test_while_it_has_a_call_its_session_and_what_it_knows_are_the_calls() -> None:
    agent = plain()

    async def work(session: AgentSession[None]) -> None:
        assert agent.session is session
        await session.run(user_input="Hello?")
        assert [item.text_content for item in agent.chat_ctx.items if item.type == "message"] == ["Be brief.", "Hello?", "Yes."]

    run(agent, work)


def test_changes_while_it_has_a_call_are_told_to_the_model() -> None:
    agent = plain(tools=[look])

    async def work(session: AgentSession[None]) -> None:
        await agent.update_instructions("Be long.")
        await agent.update_tools([])
        kinds = [item.type for item in session.history.items]
        assert kinds.count("agent_config_update") >= 2
        assert agent.chat_ctx.items[0].text_content == "Be long."  # type: ignore[union-attr]

    run(agent, work)


def test_what_is_refused_while_it_has_a_call_changes_nothing() -> None:
    agent = plain(tools=[look])

    async def work(_: AgentSession[None]) -> None:
        with pytest.raises(TypeError):
            await agent.update_tools(["look"])
        assert names(agent) == ["look"]

    run(agent, work)


def test_after_the_call_it_has_no_session() -> None:
    agent = plain()

    async def work(_: AgentSession[None]) -> None:
        assert agent.session is not None

    run(agent, work)
    with pytest.raises(RuntimeError, match="not running"):
        _ = agent.session
    asyncio.run(agent.update_instructions("Be long."))
    assert agent.instructions == "Be long."


def test_by_default_it_cuts_in_shortly_when_the_caller_speaks_too_long() -> None:
    asked: list[dict[str, Any]] = []

    class Session:
        async def generate_reply(self, **how: Any) -> None:
            asked.append(how)

    class Activity:
        session = Session()

    class Exceeded:
        transcript = "and then"

    agent = plain()
    agent._run_by(Activity())  # type: ignore[arg-type]
    asyncio.run(agent.on_user_turn_exceeded(Exceeded()))  # type: ignore[arg-type]
    ((how),) = asked
    assert (how["user_input"], how["allow_interruptions"], how["tool_choice"]) == ("and then", False, "none")
