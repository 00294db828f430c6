"""Tools that the model asks for at a time run at a time; and what a tool may leave, as LiveKit Agents has it."""

from collections import Counter
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.core import inputs as i
from actors.agent_session.core.entries import ToolBegun, ToolEnded
from actors.agent_session.core.tools import NOT_RUN, OUTCOME_UNKNOWN
from protocols import (
    AgentMessage,
    CancelResponse,
    FunctionCall,
    FunctionCallOutput,
    FunctionToolsExecuted,
    SendText,
    SessionError,
    ToolChoice,
    ToolReturned,
    TurnCompleted,
    TurnFailed,
)
from support.chat import said, texts
from support.session_world import CHECKED, SPOKEN, World

TEXT = replace(CHECKED, parallel_tools=True, program=True)
VOICE = replace(SPOKEN, parallel_tools=True, program=True)


def running(text: str, setup: Any = TEXT) -> World:
    world = World(setup)
    world.subscribe()
    world.send(text)
    while not world.tools:
        assert world.commit() or world.think() or world.play() or world.wait()
    world.commit_all()
    return world


def events(world: World, kind: type) -> list[Any]:
    return [pushed.event for pushed in (*world.events, *world.passing) if isinstance(pushed.event, kind)]


def outputs(world: World) -> list[tuple[str, str]]:
    return [(item.call_id, item.output) for item in world.state.memory.history if isinstance(item, FunctionCallOutput)]


def test_all_calls_of_an_answer_run_at_a_time_each_with_its_start_in_the_journal() -> None:
    world = running("use look order look")
    assert [work.call.name for work in world.tools] == ["look", "order", "look"]
    assert {work.speech_id for work in world.tools} == {"speech-1"}
    assert [entry.call_id for entry in world.entries if isinstance(entry, ToolBegun)] == ["call-1", "call-2", "call-3"]
    assert world.state.running == {"call-1", "call-2", "call-3"}


def test_one_after_the_other_is_the_default() -> None:
    world = running("use look order", CHECKED)
    assert len(world.tools) == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_outcomes_stand_and_are_reported_in_the_order_in_which_they_came(order: tuple[int, ...]) -> None:
    world = running("use look order look")
    for place in order:
        work = next(work for work in world.tools if work.call.call_id == f"call-{place + 1}")
        world.tools.remove(work)
        world.tools.appendleft(work)
        world.finish_tool(f"result {place}")
        world.commit_all()
        world.now += 1.0
        assert len(world.thoughts) == 1 + (place == order[-1]), "the model is asked when all have ended"
    world.settle()
    assert outputs(world) == [(f"call-{place + 1}", f"result {place}") for place in order]
    called = [item.call_id for item in world.state.memory.history if isinstance(item, FunctionCall)]
    assert called == ["call-1", "call-2", "call-3"], "the history has the calls as they were made"
    asked = [item.call_id for item in world.thought_about if isinstance(item, FunctionCall)]
    assert asked == [f"call-{place + 1}" for place in order], "the model that answers them is told them as they ended"
    times = [item.created_at for item in world.state.memory.history]
    assert times == sorted(times)
    (executed,) = events(world, FunctionToolsExecuted)
    assert [call.result for call in executed.calls] == [f"result {place}" for place in order]
    assert [event.call_id for event in events(world, ToolReturned)] == [f"call-{place + 1}" for place in order]


def test_those_that_are_refused_keep_none_of_the_others() -> None:
    world = running("use nothing look")
    assert [work.call.name for work in world.tools] == ["look"]
    world.settle()
    assert [output for _, output in outputs(world)] == ["Unknown function: nothing - available tools: look, order", "done"]


def test_a_death_leaves_the_outcome_of_those_unknown_that_may_not_run_twice() -> None:
    world = running("use order look order")
    world.finish_tool("ordered")
    world.commit_all()
    world.kill()
    world.subscribe()
    world.commit_all()
    assert [work.call.call_id for work in world.tools] == ["call-2"]
    world.settle()
    assert outputs(world) == [("call-1", "ordered"), ("call-3", OUTCOME_UNKNOWN), ("call-2", "done")]
    assert world.ran == {"call-1": 1, "call-2": 2, "call-3": 1}


def test_an_interruption_waits_for_all_that_run() -> None:
    world = running("use look order", VOICE)
    world.command(CancelResponse(command_id="stop"))
    world.wait()
    world.commit_all()
    world.finish_tool("one")
    world.commit_all()
    assert not events(world, AgentMessage)
    world.finish_tool("two")
    world.settle()
    assert [event.interrupted for event in events(world, AgentMessage)] == [True]
    assert outputs(world) == [("call-1", "one"), ("call-2", "two")]
    assert len(world.thoughts) == 1


def test_none_begins_while_the_reply_is_held_and_none_is_run_if_the_caller_meant_it() -> None:
    world = World(VOICE)
    world.subscribe()
    world.send("use look order")
    while world.model is None:
        assert world.commit() or world.wait()
    world.think()
    world.commit_all()
    world.play(100)
    world.begin_to_speak()
    while world.think():
        pass
    world.commit_all()
    assert not world.tools
    world.stop_speaking()
    world.settle("stop that")
    assert [output for _, output in outputs(world)] == [NOT_RUN] * 2
    assert not world.ran


@given(st.lists(st.integers(0, 45), max_size=3), st.lists(st.booleans(), min_size=3, max_size=3))
def test_killed_after_any_effects_each_runs_once_or_is_unknown(fuses: list[int], lasts: list[bool]) -> None:
    burning = iter(fuses)
    world = World(VOICE, fuse=next(burning, None))
    world.subscribe()
    command = SendText(command_id="text", text="use order look order")
    request = world.command(command)
    while True:
        ends = iter(lasts)
        while not world.dead and (
            world.commit() or world.think() or world.finish_tool(last=next(ends, False)) or world.play() or world.wait()
        ):
            pass
        if not world.dead:
            break
        world.fuse = next(burning, None)
        world.kill()
        world.subscribe()
        if not world.accepted(request):
            request = world.command(command)
    ended = Counter(entry.call_id for entry in world.entries if isinstance(entry, ToolEnded))
    assert set(ended.values()) <= {1}
    for event in events(world, ToolReturned):
        if event.name == "order":
            assert world.ran[event.call_id] <= 1
            assert event.result == OUTCOME_UNKNOWN or world.ran[event.call_id] == 1
    assert (world.state.memory.turn, world.state.running) == (None, frozenset())
    if not any(isinstance(pushed.event, TurnFailed) for pushed in world.events):
        assert sorted(call_id for call_id, _ in outputs(world)) == ["call-1", "call-2", "call-3"]


# What a tool leaves.


def test_no_reply_is_asked_for_where_no_call_wants_one() -> None:
    world = running("use look order", VOICE)
    world.finish_tool("one", reply=False)
    world.finish_tool("two", reply=False)
    world.settle()
    assert len(world.thoughts) == 1
    assert [(event.text, event.interrupted) for event in events(world, AgentMessage)] == [("One moment.", False)]
    assert outputs(world) == [("call-1", "one"), ("call-2", "two")]
    assert [event.rounds for event in events(world, TurnCompleted)] == [1]


def test_one_that_wants_one_is_enough() -> None:
    world = running("use look order")
    world.finish_tool("one", reply=False)
    world.finish_tool("two")
    world.settle()
    assert len(world.thoughts) == 2
    assert [output for _, output in outputs(world)] == ["one", "two"]


def test_the_words_before_it_are_heard_to_their_end() -> None:
    world = World(VOICE)
    world.subscribe()
    world.send("use look")
    while not world.tools:
        assert world.commit() or world.think()
    world.finish_tool("one", reply=False)
    world.commit_all()
    assert world.state.memory.turn is not None
    world.settle()
    assert [(event.text, event.interrupted) for event in events(world, AgentMessage)] == [("One moment.", False)]


def test_one_that_stops_the_response_leaves_an_empty_output() -> None:
    world = running("use look")
    world.finish_tool("said to nobody", output=False)
    world.settle()
    assert outputs(world) == [("call-1", "")]
    assert len(world.thoughts) == 1


def test_a_death_after_it_asks_for_no_reply_either() -> None:
    world = running("use look", VOICE)
    world.finish_tool("one", reply=False)
    world.commit()
    world.kill()
    world.subscribe()
    world.settle()
    assert len(world.thoughts) == 1
    assert [(event.text, event.interrupted) for event in events(world, AgentMessage)] == [("One moment.", False)]


def test_at_the_bound_the_model_is_told_to_call_nothing_and_what_it_calls_is_not_run() -> None:
    world = World(replace(TEXT, max_tool_rounds=2))
    world.subscribe()
    world.send("hello")
    call = FunctionCall(call_id="x", name="look", arguments="{}")
    for number in range(4):
        world.commit_all()
        assert world.thoughts[-1].options.tool_choice is (ToolChoice.NONE if number == 3 else ToolChoice.AUTO)
        assert world.thoughts[-1].tools == {*CHECKED.tools}, "it may be told of tools where it is told to call none"
        if number == 3:
            world.feed(i.SentenceReady(token=world.state.thinking, text="I give up."))
        world.feed(i.RoundFinished(token=world.state.thinking, calls=(replace(call, arguments=f'{{"n": {number}}}'),)))
        world.commit_all()
        world.finish_tool()
    world.settle()
    assert world.ran.total() == 3
    assert texts(world.state.memory.history)[-1] == "I give up."
    assert not events(world, SessionError)
    assert said(world.state.memory.history)[-1][0] == "assistant"
