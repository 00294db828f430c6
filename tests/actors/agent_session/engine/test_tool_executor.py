"""Tools at work, and what the model is told of them."""

import asyncio
import json
import sys

import pytest

from actors.agent_session.core import MAX_USER_DATA_BYTES, RunTool
from actors.agent_session.core.inputs import ToolFinished
from actors.agent_session.engine.tool_executor import MAX_AGENT_BYTES, ToolExecutor
from actors.tools import FunctionTool, RunContext, function_tool
from protocols import FunctionCall, SystemClock
from support.engine_desk import Desk
from support.wayward import AWAITED, RAISED, async_tool, surrogates, sync_tool


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


@function_tool
def replace_data(context: RunContext, how: str) -> str:
    """Put something else in the place of the call's data, or end the call for no reason that can be told."""
    if how == "reason":
        context.end_call(5)  # type: ignore[arg-type]
    else:
        context.user_data = None  # type: ignore[assignment]
    return "done"


class Specialist:
    """An agent as it travels, with instructions of this length, or of what cannot."""

    def __init__(self, instructions: object) -> None:
        self.instructions = instructions

    def to_wire(self) -> dict[str, object]:
        return {"name": "specialist", "instructions": self.instructions}


@function_tool
def transfer(how: str) -> tuple[Specialist, str]:
    """Hand the call to somebody who knows."""
    instructions: object = {"size": "x" * MAX_AGENT_BYTES, "set": {1}, "nan": float("nan")}.get(how, how)
    return Specialist(instructions), "transferred"


OWN = (transfer, note, hang_up, spoil, dawdle, replace_data)
TOOLS: dict[str, FunctionTool] = {tool.schema.name: tool for tool in (*OWN, *map(function_tool, (surrogates, sync_tool, async_tool)))}


def run(name: str, arguments: str = "{}", data: str = "{}") -> ToolFinished:
    async def work() -> ToolFinished:
        desk = Desk()
        call = FunctionCall(call_id="call-1", name=name, arguments=arguments)
        await ToolExecutor(
            TOOLS, "c1", services=dict.fromkeys(TOOLS, "tool"), clock=SystemClock(), bulkhead=desk.bulkhead, report=desk.report
        ).run(RunTool(call=call, user_data_json=data, incarnation=2))
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


@pytest.mark.parametrize(
    ("tool", "deed"), [*(("sync_tool", deed) for deed in RAISED), *(("async_tool", deed) for deed in AWAITED)], ids=lambda name: name
)
def test_whatever_a_tool_raises_is_told_in_words_that_can_travel(tool: str, deed: str) -> None:
    finished = run(tool, f'{{"deed": "{deed}"}}')
    assert finished.result.startswith("error: ")
    assert len(finished.result.encode()) < 2_000
    assert not finished.ok


def test_a_tool_that_finds_nothing_is_told_of_as_such() -> None:
    told = "error: RuntimeError: a function raised StopIteration(None): give next() a default"
    assert run("sync_tool", '{"deed": "stop_iteration"}').result == told


def test_a_result_that_no_utf8_can_hold_is_mended() -> None:
    assert run("surrogates").result == "a pizza �"


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("data", "error: user_data is a NoneType now: change the map that it is, do not replace it"),
        ("reason", "error: end_call(5): give the reason as text"),
    ],
)
def test_what_a_tool_leaves_behind_is_checked(how: str, told: str) -> None:
    finished = run("replace_data", f'{{"how": "{how}"}}')
    assert (finished.result, finished.user_data_json, finished.end_call) == (told, "{}", "")


def test_an_agent_that_it_returns_is_told_as_it_travels() -> None:
    done = run("transfer", '{"how": "Be kind."}')
    assert (done.ok, done.result, json.loads(done.hand_off)) == (True, "transferred", {"name": "specialist", "instructions": "Be kind."})
    assert run("note", '{"word": "a"}').hand_off == ""


@pytest.mark.parametrize(
    ("how", "told"),
    [("size", "bytes, the limit is 256000: shorten it"), ("set", "holds what is no JSON"), ("nan", "holds what is no JSON")],
)
def test_an_agent_that_cannot_travel_is_an_error_of_the_tool(how: str, told: str) -> None:
    done = run("transfer", json.dumps({"how": how}))
    assert (done.ok, done.hand_off) == (False, "")
    assert told in done.result


@function_tool
async def report(context: RunContext, oversized: bool = False) -> str:
    """Say more of this run than its result."""
    context.reply, context.output, context.failed = False, False, True
    context.user_data_json = '"' + "x" * MAX_USER_DATA_BYTES + '"' if oversized else '["all"]'
    assert context.call is not None
    return f"{context.call.call_id} of {context.speech_id}"


def of_program(arguments: str) -> ToolFinished:
    async def work() -> ToolFinished:
        desk = Desk()
        executor = ToolExecutor(
            {"report": report}, "c1", services={"report": ""}, clock=SystemClock(), bulkhead=desk.bulkhead, report=desk.report
        )
        call = FunctionCall(call_id="call-1", name="report", arguments=arguments)
        await executor.run(RunTool(call=call, user_data_json="[]", incarnation=1, speech_id="speech-1"))
        await desk.close()
        return desk.all(ToolFinished)[0]

    return asyncio.run(work())


def test_what_runs_tools_for_a_program_says_more_of_a_run() -> None:
    finished = of_program("{}")
    assert (finished.result, finished.ok, finished.reply, finished.output) == ("call-1 of speech-1", False, False, False)
    assert finished.user_data_json == '["all"]'


def test_data_that_it_encoded_itself_is_bounded_too_and_a_failure_is_always_told() -> None:
    finished = of_program('{"oversized": true}')
    assert finished.result.startswith("error: user_data has 128")
    assert (finished.ok, finished.reply, finished.output, finished.user_data_json) == (False, True, True, "[]")


def test_several_run_at_a_time() -> None:
    async def work() -> list[ToolFinished]:
        desk, met = Desk(), asyncio.Barrier(3)

        @function_tool(timeout_s=20)
        async def meet() -> str:
            """Wait for the others."""
            return str(await met.wait())

        executor = ToolExecutor(
            {"meet": meet}, "c1", services={"meet": ""}, clock=SystemClock(), bulkhead=desk.bulkhead, report=desk.report
        )
        calls = [FunctionCall(call_id=f"call-{number}", name="meet", arguments="{}") for number in range(3)]
        await asyncio.gather(*(executor.run(RunTool(call=call, user_data_json="{}", incarnation=1)) for call in calls))
        await desk.close()
        return desk.all(ToolFinished)

    finished = asyncio.run(work())
    assert sorted(one.result for one in finished) == ["0", "1", "2"]
