"""What is told of what a tool has returned."""

import pytest

from livekitex_agent.llm import ToolResult
from livekitex_agent.program.tools import described
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
