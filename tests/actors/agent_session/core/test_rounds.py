"""Text that comes with a tool call: an item of its own, told when it was heard, before what the tool came to and before the next answer."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.core.entries import AnswerTold, ToolEnded
from actors.agent_session.core.memory import Turn, TurnSource
from protocols import AgentMessage, CancelResponse, ConversationItemAdded, FunctionToolsExecuted, SendText
from support.session_world import CHECKED, SAMPLES_PER_CHAR, SPOKEN, World

TEXT = replace(CHECKED, parallel_tools=True, program=True)
VOICE = replace(SPOKEN, parallel_tools=True, program=True)


def told(world: World) -> list[Any]:
    """What was told of the agent's answers and of its tools, in order."""
    wanted = []
    for pushed in world.passing:
        match pushed.event:
            case ConversationItemAdded(role="assistant", item_id=item_id, interrupted=interrupted):
                wanted.append((item_id, interrupted))
            case FunctionToolsExecuted(calls=calls):
                wanted.append([call.result for call in calls])
            case _:
                pass
    return wanted


def in_tool(setup: Any) -> World:
    """The model has said something and called a tool, which runs; nothing was heard yet where there is a voice."""
    world = World(setup)
    world.subscribe()
    world.send("use look")
    while not world.tools:
        assert world.commit() or world.think() or world.wait()
    world.commit_all()
    return world


@pytest.mark.parametrize("setup", [TEXT, VOICE], ids=["text", "speech"])
def test_each_answer_of_a_program_is_an_item_told_before_what_its_tools_came_to(setup: Any) -> None:
    world = in_tool(setup)
    world.settle()
    assert told(world) == [("turn-1.reply-1", False), ["done"], ("turn-1.reply-2", False)]
    assert [pushed.event.text for pushed in world.events if isinstance(pushed.event, AgentMessage)] == ["One moment. It came back: done."]


def test_everybody_else_is_told_the_items_of_a_reply_when_it_is_over() -> None:
    world = in_tool(replace(TEXT, program=False))
    world.settle()
    assert told(world) == [["done"], ("turn-1.reply-1", False), ("turn-1.reply-2", False)]


def test_without_a_voice_the_words_are_told_while_the_tool_runs() -> None:
    assert told(in_tool(TEXT)) == [("turn-1.reply-1", False)]


def test_the_outcomes_are_told_and_the_model_is_asked_once_the_words_before_were_heard() -> None:
    world = in_tool(VOICE)
    world.finish_tool("seen")
    world.commit_all()
    assert (told(world), len(world.thoughts)) == ([], 1)
    while len(world.thoughts) == 1:
        assert world.play() or world.commit() or world.wait()
    assert told(world) == [("turn-1.reply-1", False), ["seen"]]


def test_words_that_were_cut_are_told_as_such_and_before_the_outcomes() -> None:
    world = in_tool(VOICE)
    world.play(5 * SAMPLES_PER_CHAR)
    world.command(CancelResponse(command_id="stop"))
    world.settle()
    first, second = told(world)
    assert (first, second) == (("turn-1.reply-1", True), ["done"])
    assert len(world.thoughts) == 1


def test_a_turn_knows_what_was_not_told() -> None:
    turn = Turn(turn_id="turn-1", source=TurnSource.TEXT, text="hello")
    assert not turn.untold
    assert not turn.unreported


@given(st.lists(st.integers(0, 60), max_size=3), st.booleans())
def test_killed_after_any_effects_nothing_is_noted_as_told_twice_and_nothing_is_missing(fuses: list[int], voice: bool) -> None:
    burning = iter(fuses)
    world = World(VOICE if voice else TEXT, fuse=next(burning, None))
    world.subscribe()
    command = SendText(command_id="text", text="use look")
    request = world.command(command)
    while True:
        while not world.dead and (world.commit() or world.think() or world.finish_tool("done") or world.play() or world.wait()):
            pass
        if not world.dead:
            break
        world.fuse = next(burning, None)
        world.kill()
        world.subscribe()
        if not world.accepted(request):
            request = world.command(command)
    noted = [entry for entry in world.entries if isinstance(entry, AnswerTold)]
    items = [item for entry in noted for item in entry.items]
    assert len(items) == len(set(items))
    ended = sum(isinstance(entry, ToolEnded) for entry in world.entries)
    if ended == 1 and world.state.memory.turns == 1:
        assert items == ["turn-1.reply-1"]
        assert sum(entry.outcomes for entry in noted) == 1
    assert world.state.memory.turn is None
