"""Tools: their order, their outcomes, their bounds."""

from dataclasses import replace

import pytest

from actors.agent_session.core import inputs as i
from actors.agent_session.core.tools import CUT, MAX_SAME_CALLS, MAX_TURN_BYTES, OUTCOME_UNKNOWN, SAME_CALL
from protocols import CallEnded, FunctionCall, SessionError, ToolCalled, ToolReturned, ToolUsed
from support.chat import said, texts
from support.session_world import CHECKED, World


def running(text: str, world: World | None = None) -> World:
    world = world or World(CHECKED)
    world.subscribe()
    world.send(text)
    while world.tool is None:
        assert world.commit() or world.think()
    return world


def results(world: World) -> list[str]:
    return [text for who, text in said(world.state.memory.history) if who == "tool"]


def test_a_tool_runs_only_once_its_start_is_in_the_journal() -> None:
    world = World(CHECKED)
    world.commit_all()
    world.send("use order")
    world.commit_all()
    while world.think():
        pass
    assert world.tool is None
    world.commit_all()
    assert world.tool is not None
    assert world.tool.user_data_json == "{}"


def test_each_tool_is_told_of() -> None:
    world = running("use look")
    world.finish_tool("found")
    world.settle()
    told = [pushed.event for pushed in world.events if isinstance(pushed.event, ToolCalled | ToolReturned)]
    assert told == [
        ToolCalled(call_id="call-1", name="look", arguments="{}"),
        ToolReturned(call_id="call-1", name="look", result="found", ok=True),
    ]
    assert world.told == [("tool_registry", ToolUsed(name="look", ok=True, duration_ms=1.0))]


def test_the_next_tool_finds_the_data_that_the_one_before_left() -> None:
    world = running("use look order")
    world.finish_tool()
    world.commit_all()
    assert world.tool is not None
    assert world.tool.user_data_json == '{"last": "call-1"}'


def test_an_unknown_tool_is_an_error_for_the_model() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("use nothing look")
    world.settle()
    assert results(world) == ["Unknown function: nothing - available tools: look, order", "done"]


def test_an_agent_without_tools_says_so() -> None:
    world = World(replace(CHECKED, tools=()))
    world.send("use nothing")
    world.settle()
    assert results(world) == ["Unknown function: nothing - available tools: "]


def test_arguments_that_are_none_are_an_error_for_the_model() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("hello")
    world.commit_all()
    call = FunctionCall(call_id="x", name="look", arguments="[1]")
    world.feed(i.RoundFinished(token=world.state.thinking, calls=(call,)))
    world.settle()
    assert results(world) == ["Error parsing arguments for `look`: expected dict from function arguments, got list: [1]"]
    assert not [pushed for pushed in world.events if isinstance(pushed.event, ToolCalled)]


@pytest.mark.parametrize(("program", "kept"), [(True, '{"x": 1}'), (False, "{'x':1}")])
def test_a_programs_history_has_the_arguments_as_python_writes_json(program: bool, kept: str) -> None:
    world = World(replace(CHECKED, program=program))
    world.subscribe()
    world.send("hello")
    world.commit_all()
    call = FunctionCall(call_id="x", name="look", arguments="{'x':1}")
    world.feed(i.RoundFinished(token=world.state.thinking, calls=(call,)))
    world.settle()
    assert [pushed.event.arguments for pushed in world.events if isinstance(pushed.event, ToolCalled)] == [kept]


def test_a_result_that_is_late_or_double_changes_nothing() -> None:
    world = running("use look")
    before = world.state
    late = i.ToolFinished(call_id="call-9", result="", ok=True, user_data_json="{}", end_call="", duration_ms=0.0)
    world.feed(late)
    world.feed(replace(late, call_id=""))
    assert world.state == before


def test_a_result_is_cut_to_the_room_that_the_turn_has() -> None:
    world = running("use look")
    world.finish_tool("é" * MAX_TURN_BYTES)
    assert world.state.memory.turn is not None
    (outcome,) = world.state.memory.turn.outcomes
    assert outcome.result.endswith(CUT)
    assert len(outcome.result.encode()) < MAX_TURN_BYTES + len(CUT)


def test_the_model_may_not_ask_for_ever() -> None:
    world = World(replace(CHECKED, max_tool_rounds=2))
    world.subscribe()
    world.send("hello")
    for _ in range(3):
        token = world.state.thinking
        world.feed(i.RoundFinished(token=token, calls=(FunctionCall(call_id="x", name="look", arguments="{}"),)))
        world.commit_all()
        world.finish_tool()
        world.commit_all()
    assert texts(world.state.memory.history)[-1] == CHECKED.apology
    assert any(isinstance(pushed.event, SessionError) and pushed.event.source == "llm" for pushed in world.events)
    assert len(results(world)) == 2


def test_a_call_that_is_made_again_and_again_is_not_run() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("hello")
    written = ('{"of": "pizza", "n": 1}', '{"n":1,"of":"pizza"}', ' {"of": "pizza", "n": 1}', '{"n": 1, "of": "pizza"}', '{"of": "salad"}')
    for number, arguments in enumerate(written):
        call = FunctionCall(call_id=f"call-{number}", name="look", arguments=arguments)
        world.feed(i.RoundFinished(token=world.state.thinking, calls=(call,)))
        world.commit_all()
        world.finish_tool()
        world.commit_all()
    world.settle()
    assert results(world) == ["done"] * MAX_SAME_CALLS + [SAME_CALL, "done"]
    world.send("hello")
    again = FunctionCall(call_id="again", name="look", arguments=written[0])
    world.feed(i.RoundFinished(token=world.state.thinking, calls=(again,)))
    world.commit_all()
    assert world.tool is not None, "another turn may make it again"


@pytest.mark.parametrize("arguments", ["", "{'x': 1", "null"])
def test_calls_whose_arguments_are_no_json_are_told_apart_too(arguments: str) -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("hello")
    names = ("look", "look", "order", "look", "look")
    calls = tuple(FunctionCall(call_id=f"call-{number}", name=name, arguments=arguments) for number, name in enumerate(names))
    world.feed(i.RoundFinished(token=world.state.thinking, calls=calls))
    world.settle()
    assert results(world) == ["done", "done", "done", "done", SAME_CALL]


def test_calls_that_are_too_large_end_the_turn() -> None:
    world = World(CHECKED)
    world.send("hello")
    world.feed(i.RoundFinished(token=world.state.thinking, calls=(FunctionCall(call_id="x", name="look", arguments="x" * MAX_TURN_BYTES),)))
    assert texts(world.state.memory.history)[-1] == CHECKED.apology


def test_a_tool_may_end_the_call_after_the_reply() -> None:
    world = running("use look")
    world.finish_tool("thanks", end_call="all said")
    world.settle()
    assert world.left
    assert world.events[-1].event == CallEnded(reason="all said")
    assert texts(world.state.memory.history)[-1] == "It came back: thanks."


@pytest.mark.parametrize(("tool", "runs", "result"), [("order", 1, OUTCOME_UNKNOWN), ("look", 2, "done")])
def test_a_tool_that_may_have_run_runs_again_only_if_that_does_no_harm(tool: str, runs: int, result: str) -> None:
    world = running(f"use {tool}")
    world.commit_all()
    world.kill()
    world.subscribe()
    world.settle()
    assert world.ran == {"call-1": runs}
    assert results(world) == [result]


def test_a_tool_whose_start_was_not_written_runs_as_if_nothing_had_been() -> None:
    world = World(CHECKED)
    world.commit_all()
    world.send("use order")
    world.commit()
    while world.think():
        pass
    world.kill()
    world.settle()
    assert world.ran == {"call-1": 1}
    assert results(world) == ["done"]
