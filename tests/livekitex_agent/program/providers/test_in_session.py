"""A session thinks with whatever a program gives it as a model: an object of LiveKit's classes, of either family, or a name."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from livekitex_agent import Agent, AgentSession, ChatContext, RunContext, function_tool
from livekitex_agent._exceptions import APIStatusError
from livekitex_agent.testing.openai_server import OpenAIServer, Reply
from protocols import ConfigurationError
from support.livekit_providers import providers_on


class Clerk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    @function_tool
    async def look(self, ctx: RunContext[Any], thing: str) -> str:
        """Look at a thing."""
        return f"the {thing} is blue"


def said(make: Callable[[], Any], *texts: str) -> list[tuple[str, Any]]:
    """The items of a conversation in which a caller says ``texts``."""

    async def talk() -> list[tuple[str, Any]]:
        async with asyncio.timeout(30), AgentSession(llm=make()) as session:
            await session.start(Clerk())
            for text in texts:
                await session.run(user_input=text)
            items = [item for item in session.history.items if item.type not in ("agent_config_update", "agent_handoff")]
            return [(item.type, getattr(item, "text_content", None) or getattr(item, "output", None)) for item in items]

    return asyncio.run(talk())


@pytest.mark.parametrize("package", ["livekitex_agent", "livekit.agents"])
def test_a_model_of_a_programs_own_answers_and_calls_tools(package: str) -> None:
    if package == "livekit.agents":
        pytest.importorskip("livekit.agents", reason="livekit-agents is not installed: tox -e plugins")
    models: list[Any] = []

    def make() -> Any:
        models.append(providers_on(package).LLM([("c1", "look", '{"thing": "sky"}')], ["It is ", "blue."]))
        return models[0]

    assert said(make, "what about the sky?") == [
        ("message", "what about the sky?"),
        ("function_call", None),
        ("function_call_output", "the sky is blue"),
        ("message", "It is blue."),
    ]
    first, second = models[0].asked
    assert [tool.info.name for tool in first["tools"]] == ["look"]
    assert [item.type for item in second["chat_ctx"].items][-2:] == ["function_call", "function_call_output"]
    assert type(first["chat_ctx"]).__module__.startswith(package)


def test_a_model_is_told_what_the_first_agent_was_given_to_know() -> None:
    model, known = providers_on("livekitex_agent").LLM(["Hello."]), ChatContext.empty()
    known.add_message(role="user", content="My name is Ada.")

    async def talk() -> list[str | None]:
        async with asyncio.timeout(30), AgentSession(llm=model) as session:
            agent = Agent(instructions="Be brief.", chat_ctx=known)
            await session.start(agent)
            await session.run(user_input="hello")
            return [message.text_content for message in agent.chat_ctx.messages()]

    assert asyncio.run(talk()) == ["Be brief.", "My name is Ada.", "hello", "Hello."]
    asked = [message.text_content for message in model.asked[0]["chat_ctx"].messages()]
    assert asked == ["Be brief.", "My name is Ada.", "hello"]


def test_a_model_that_fails_for_good_costs_its_turn_and_not_the_call() -> None:
    model = providers_on("livekitex_agent").LLM([APIStatusError("no", status_code=400)], ["Here again."])
    items = said(lambda: model, "one", "two")
    assert [text for _, text in items][-2:] == ["two", "Here again."]


def test_a_model_by_its_name_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openai", reason="the extra openai is not installed")
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        server.script("chat", Reply.of("Hello yourself."))
        assert said(lambda: "openai:m", "hello")[-1] == ("message", "Hello yourself.")


def test_a_name_that_nobody_offers_is_told_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match="no installed package offers that"):
        said(lambda: "nobody:x", "hello")
