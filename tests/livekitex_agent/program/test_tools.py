"""What is told of what a tool has returned."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from livekitex_agent import AgentSession, function_tool, provider
from livekitex_agent.llm import ToolResult
from livekitex_agent.program.tools import described
from livekitex_agent.testing.fakes import scripted_llm
from livekitex_agent.voice.agent import Agent

AGENT = Agent(instructions="Be brief.")


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (None, None),
        ("", ""),
        ("noted", "noted"),
        ({"a": 1}, "{'a': 1}"),
        (ToolResult(output="noted", reply_required=False), "noted"),
        (ToolResult(output=None), None),
        (AGENT, None),
        ((AGENT, None), None),
        ((AGENT, "handed over"), str((AGENT, "handed over"))),
    ],
)
def test_what_a_tool_has_returned_is_told_as_text_but_for_nothing_and_an_agent(returned: object, told: str | None) -> None:
    assert described(returned) == told


@dataclass
class Ticket:
    """No output of a tool's."""

    number: int


class Counter(Agent):
    """Gives what it is asked for."""

    def __init__(self, returned: object) -> None:
        super().__init__(instructions="Give.")
        self.returned = returned

    @function_tool
    async def give(self) -> Any:
        """Give it."""
        return self.returned


@pytest.mark.parametrize(
    ("returned", "told", "is_error", "answered"),
    [
        ("", "", False, True),
        (None, "", False, False),
        (3.5, "3.5", False, True),
        (True, "True", False, True),
        ([1, {"a": ("b", None)}], "[1, {'a': ('b', None)}]", False, True),
        (ToolResult(output=[1], reply_required=False), "[1]", False, False),
        (ToolResult(output=None), "", False, False),
        (Ticket(7), "the tool returned an invalid output", True, True),
        ([1, {"a": Ticket(7)}], "the tool returned an invalid output", True, True),
        (b"x", "the tool returned an invalid output", True, True),
        (ToolResult(output=Ticket(7), reply_required=False), "the tool returned an invalid output", True, False),
        ((AGENT, Ticket(7)), "the tool returned an invalid output", True, True),
    ],
)
def test_what_the_model_is_told_of_it(
    returned: object, told: str, is_error: bool, answered: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        llm = provider(scripted_llm, replies=[{"to": "give", "calls": ["give"]}, {"after": "give", "say": "Here."}])
        async with asyncio.timeout(20), AgentSession[Any](llm=llm) as session:
            await session.start(Counter(returned))
            run = await session.run(user_input="give")
            run.expect.next_event().is_function_call(name="give")
            run.expect.next_event().is_function_call_output(output=told, is_error=is_error)
            if answered:
                run.expect.next_event().is_message(role="assistant")

    asyncio.run(main())
    if told.startswith("the tool"):
        assert "give has returned a" in caplog.text
