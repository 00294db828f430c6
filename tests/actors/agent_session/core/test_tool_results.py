"""What tools have found stays in the history, however the caller interrupts: or the model would call them again."""

import pytest

from actors.agent_session.core.tools import NOT_RUN
from protocols import CancelResponse, ChatMessage, FunctionCall, FunctionCallOutput
from support.chat import texts
from support.session_world import SPOKEN, World


def asked(text: str = "use look") -> World:
    world = World(SPOKEN)
    world.subscribe()
    world.send(text)
    return world


def until_the_tool_runs(world: World) -> None:
    while world.tool is None:
        assert world.commit() or world.think() or world.play()


def pairs(world: World) -> list[tuple[str, str, bool]]:
    """The calls of the history with their outputs, each once and in this order."""
    items = [item for item in world.state.memory.history if isinstance(item, FunctionCall | FunctionCallOutput)]
    calls = [item for item in items if isinstance(item, FunctionCall)]
    outputs = [item for item in items if isinstance(item, FunctionCallOutput)]
    assert [call.call_id for call in calls] == [output.call_id for output in outputs]
    assert len({item.id for item in items}) == len(items)
    assert all(items.index(call) < items.index(output) for call, output in zip(calls, outputs, strict=True))
    return [(output.name, output.output, output.is_error) for output in outputs]


def test_when_the_reply_to_the_result_is_interrupted_before_it_says_anything() -> None:
    world = asked()
    until_the_tool_runs(world)
    world.finish_tool("sunny")
    world.command(CancelResponse(command_id="stop"))
    world.settle()
    assert pairs(world) == [("look", "sunny", False)]
    assert "It came back: sunny." not in texts(world.state.memory.history)


def test_when_the_reply_is_interrupted_while_it_is_heard() -> None:
    world = asked()
    until_the_tool_runs(world)
    world.finish_tool("sunny")
    while not world.output.queue or world.output.queue[0].say.text != "It came back: sunny.":
        assert world.commit() or world.think() or world.play()
    world.play(400)
    world.speak()
    world.settle("Stop!")
    assert pairs(world) == [("look", "sunny", False)]
    assert world.ran == {"call-1": 1}
    (interrupted,) = [item for item in world.state.memory.history if isinstance(item, ChatMessage) and item.interrupted]
    assert "It came back: sunny.".startswith(interrupted.text)


def test_when_the_tool_runs_at_the_interruption_it_runs_to_its_end() -> None:
    world = asked()
    until_the_tool_runs(world)
    world.speak()
    while world.commit() or world.hear_again():
        pass
    assert world.tool is not None
    world.finish_tool("sunny")
    world.settle("Stop!")
    assert pairs(world) == [("look", "sunny", False)]
    assert world.ran == {"call-1": 1}


def test_what_was_not_run_is_answered_as_failed() -> None:
    world = asked("use look order")
    until_the_tool_runs(world)
    world.command(CancelResponse(command_id="stop"))
    world.finish_tool("sunny")
    world.settle()
    assert pairs(world) == [("look", "sunny", False), ("order", NOT_RUN, True)]


@pytest.mark.parametrize("death", [1, 3, 5, 7, 9, 12, 15, 20])
def test_and_through_a_death_right_then(death: int) -> None:
    world = asked()
    until_the_tool_runs(world)
    world.speak()
    world.fuse = death
    world.finish_tool("sunny")
    world.settle("Stop!")
    world.fuse = None
    world.kill()
    world.subscribe()
    world.settle("Stop!")
    ((name, output, _),) = pairs(world)
    assert (name, output) in (("look", "sunny"), ("look", "done")), "look may run again: it is idempotent"


def test_the_next_turn_is_told_the_result() -> None:
    world = asked()
    until_the_tool_runs(world)
    world.finish_tool("sunny")
    world.command(CancelResponse(command_id="stop"))
    world.settle()
    world.send("and now")
    world.settle()
    told = [item.output for item in world.thought_about if isinstance(item, FunctionCallOutput)]
    assert told == ["sunny"]
