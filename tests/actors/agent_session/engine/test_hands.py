"""Tools at work, and what the model is told of them."""

import asyncio
import sys

import pytest

from actors.agent_session.core import RunTool
from actors.agent_session.core.inputs import ToolFinished
from actors.agent_session.engine.hands import MAX_USER_DATA_BYTES, Hands
from actors.tools import FunctionTool, RunContext, function_tool
from protocols import FunctionCall, SystemClock
from support.engine_desk import Desk


@function_tool
def note(context: RunContext, word: str) -> str:
    """Note a word."""
    context.user_data.setdefault("words", []).append(word)
    return f"noted {word} in life {context.incarnation} of {context.call_id}"


@function_tool
async def hang_up(context: RunContext) -> str:
    """End the call."""
    context.end_call("all said")
    return "bye"


@function_tool
def spoil(context: RunContext, how: str) -> str:
    """Change the data, and fail."""
    context.user_data["words"] = object() if how == "object" else "x" * MAX_USER_DATA_BYTES if how == "size" else "half"
    context.end_call()
    if how == "exit":
        sys.exit(3)
    if how == "raise":
        raise ValueError("no such word")
    return "done"


@function_tool(timeout_s=0.02)
async def dawdle() -> str:
    """Take for ever."""
    await asyncio.Event().wait()
    return "never"


TOOLS: dict[str, FunctionTool] = {tool.schema.name: tool for tool in (note, hang_up, spoil, dawdle)}


def run(name: str, arguments: str = "{}", data: str = "{}") -> ToolFinished:
    async def work() -> ToolFinished:
        desk = Desk()
        call = FunctionCall(call_id="call-1", name=name, arguments=arguments)
        await Hands(TOOLS, "c1", SystemClock(), desk.report).run(RunTool(call=call, user_data_json=data, incarnation=2))
        await desk.close()
        return desk.all(ToolFinished)[0]

    return asyncio.run(work())


def test_a_result_and_the_data_after_it_are_told_together() -> None:
    finished = run("note", '{"word": "pizza"}', '{"words": ["tea"]}')
    assert (finished.ok, finished.result) == (True, "noted pizza in life 2 of c1")
    assert finished.user_data_json == '{"words": ["tea", "pizza"]}'
    assert finished.call_id == "call-1"
    assert finished.duration_ms >= 0


def test_a_tool_may_end_the_call() -> None:
    assert run("hang_up").end_call == "all said"


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("spoil", '{"how": "raise"}', "error: ValueError: no such word"),
        ("spoil", '{"how": "exit"}', "error: SystemExit: 3"),
        ("spoil", '{"how": "object"}', "error: user_data holds what is no JSON"),
        ("spoil", '{"how": "size"}', "error: user_data has 128"),
        ("dawdle", "{}", "error: dawdle had no result after 0.02 s"),
        ("note", '{"word": 5}', "error: "),
        ("note", "no json", "error: "),
    ],
)
def test_a_tool_that_fails_leaves_the_data_as_it_was(name: str, arguments: str, result: str) -> None:
    finished = run(name, arguments, '{"words": ["tea"]}')
    assert finished.result.startswith(result)
    assert (finished.ok, finished.user_data_json, finished.end_call) == (False, '{"words": ["tea"]}', "")
