"""The programs that are killed: how what they came to is judged, and a sample of the table with each state of a conversation once."""

from typing import Any

import pytest

from actors.agent_session.core.tools import OUTCOME_UNKNOWN
from compat import compare, killed, verdicts
from compat.verdicts import Outcome, judge


def caller(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [text], "interrupted": False}


def agent(text: str, *, interrupted: bool = False) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [text], "interrupted": interrupted}


def tool(output: str, call: int = 1) -> list[dict[str, Any]]:
    return [
        {"type": "function_call", "call": call, "name": "add", "arguments": {}},
        {"type": "function_call_output", "call": call, "name": "add", "output": output, "is_error": False},
    ]


def outcome(*items: dict[str, Any], at_work: tuple[str, ...] = (), **fields: Any) -> Outcome:
    return Outcome(items={0: list(items)}, killed=True, at_work=list(at_work), **fields)


ORDER = [caller("order"), *tool("added"), agent("Noted."), caller("bye"), agent("Bye.")]
UNKNOWN = [caller("order"), *tool(OUTCOME_UNKNOWN), agent("I do not know."), caller("bye"), agent("Bye.")]


def kind(wanted: list[dict[str, Any]], found: Outcome, name: str = "a program") -> str:
    return judge(name, outcome(*wanted), found)[0]


def test_the_same_is_kept_and_what_is_more_less_or_twice_is_not() -> None:
    assert kind(ORDER, outcome(*ORDER)) == "KEPT"
    assert kind(ORDER, outcome(*ORDER[:-1])) == "OTHER"
    assert kind(ORDER, outcome(*ORDER, ORDER[-1])) == "OTHER"
    assert kind(ORDER, outcome(*ORDER, tools=[("call-1", "add"), ("call-1", "add")])) == "OTHER"
    assert kind(ORDER, outcome(*ORDER, said=["Noted."])) == "OTHER", "heard, though the history has it once"
    assert kind(ORDER, outcome(*ORDER, failures=["step 1"])) == "OTHER"
    assert kind(ORDER, Outcome(items={0: ORDER})) == "OTHER", "nobody was killed"


def test_an_unknown_outcome_is_that_of_what_was_at_work_and_nothing_else_is_lost_by_it() -> None:
    assert kind(ORDER, outcome(*UNKNOWN, at_work=("add",))) == "UNKNOWN TOOL"
    assert kind(ORDER, outcome(*UNKNOWN)) == "OTHER", "no tool was at work"
    assert kind(ORDER, outcome(*UNKNOWN, at_work=("other",))) == "OTHER"
    assert kind(ORDER, outcome(*UNKNOWN[:-1], at_work=("add",))) == "OTHER", "the last answer is lost"
    assert kind(ORDER, outcome(*UNKNOWN[:2], *UNKNOWN[3:], at_work=("add",))) == "OTHER", "the call has no output"
    assert kind(ORDER, outcome(*UNKNOWN[1:], at_work=("add",))) == "OTHER", "the caller's message is lost"
    assert kind(ORDER, outcome(*UNKNOWN, *tool("added", 1), at_work=("add",))) == "OTHER", "it was called again"
    other = [*UNKNOWN[:-1], agent("Who is there?")]
    assert kind(ORDER, outcome(*other, at_work=("add",))) == "OTHER"
    assert kind(ORDER, outcome(*other, at_work=("add",)), "17_handoff_return") == "UNKNOWN TOOL", "what comes after is another's"


def test_a_split_reply_is_one_message_as_two() -> None:
    wanted = [caller("hello"), agent("One two three."), caller("bye"), agent("Bye.")]
    assert kind(wanted, outcome(wanted[0], agent("One two", interrupted=True), agent("three."), *wanted[2:])) == "SPLIT REPLY"
    assert kind(wanted, outcome(wanted[0], agent("One two"), agent("three."), *wanted[2:])) == "OTHER"
    assert kind(wanted, outcome(wanted[0], agent("One two", interrupted=True), agent("two three."), *wanted[2:])) == "OTHER"
    assert kind(wanted, outcome(wanted[0], agent("One", interrupted=True), agent("three."), *wanted[2:])) == "OTHER"


def test_how_much_was_heard_of_what_the_caller_interrupts_is_a_matter_of_when() -> None:
    wanted = [caller("tell me"), agent("One two", interrupted=True), caller("stop")]
    assert kind(wanted, outcome(wanted[0], agent("One two three", interrupted=True), wanted[2])) == "KEPT"
    assert kind(wanted, outcome(wanted[0], agent("One two"), wanted[2])) == "OTHER"


def test_of_one_life_is_what_is_named_and_no_more() -> None:
    wanted = [caller("hello"), agent("Hello."), agent("Are you there?")]
    again = outcome(*wanted, agent("Are you there?"), said=["Are you there?"])
    assert kind(wanted, again, "29_loop_of_callback") == "OF ONE LIFE"
    assert kind(wanted, outcome(*wanted), "29_loop_of_callback") == "KEPT"
    assert kind(wanted, again) == "OTHER"
    assert kind(wanted, outcome(wanted[0], *wanted[2:]), "29_loop_of_callback") == "OTHER"


def test_what_is_named_is_there_and_little() -> None:
    names = {program.stem for program in (compare.HERE / "programs").glob("*.py")}
    assert {*verdicts.TURNS, *verdicts.OF_ONE_LIFE} <= names
    assert len(verdicts.OF_ONE_LIFE) <= 3


SAMPLE: dict[str, list[verdicts.State]] = {
    "01_text_reply": [("a session starts", 1), ("the model is asked", 1), ("the model answers", 2), ("the agent is listening", 3)],
    "02_tool_method": [("the tool add runs", 1), ("tool_call_ended done", 1)],
    "10_on_exit": [("on_exit of First begins", 1), ("item agent_handoff", 2), ("the end of the job begins", 1)],
    "20_task_on_enter": [("on_enter of AskName begins", 1), ("the agent is thinking", 1), ("the tool keep has run", 1), ("closed", 1)],
    "25_say": [("words are made a voice", 1), ("in the midst of a speech", 1)],
    "53_turn_edits_message": [
        ("the caller is speaking", 1),
        ("the caller is listening", 1),
        ("on_user_turn_completed of Discreet begins", 1),
    ],
}
UNKNOWN_THERE = {("02_tool_method", "the tool add runs"), ("20_task_on_enter", "the tool keep has run")}


@pytest.mark.processes
@pytest.mark.asyncio
async def test_a_sample_of_the_programs_is_killed_in_each_state_of_a_conversation_and_comes_to_the_same() -> None:
    rows = [row async for some in killed.table(list(SAMPLE), jobs=4, states=SAMPLE) for row in some]
    assert len(rows) == sum(map(len, SAMPLE.values()))
    unknown = {(row.program, row.state[0]) for row in rows if row.kind == "UNKNOWN TOOL" and row.state is not None}
    assert unknown == UNKNOWN_THERE
    others = [f"{row.program}{row}" for row in rows if row.kind not in {"KEPT", "UNKNOWN TOOL"}]
    assert others == []
