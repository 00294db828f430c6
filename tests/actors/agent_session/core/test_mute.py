"""A caller who is muted takes no turn and stops nothing, whatever dies meanwhile."""

from dataclasses import replace

import pytest

from actors.turn_taking import MuteStrategy
from protocols import AgentMessage, ConversationState, UserMessage
from support.session_world import SPOKEN, World

S = ConversationState
M = MuteStrategy


def saying(greeting: str = "", *mute: MuteStrategy) -> World:
    world = World(replace(SPOKEN, greeting=greeting, mute=frozenset(mute)))
    world.subscribe()
    return world


def until(world: World, phase: ConversationState) -> World:
    while world.state.phase is not phase:
        assert world.commit() or world.think() or world.play(300)
    world.commit_all()
    return world


def messages(world: World, kind: type) -> list[str]:
    return [pushed.event.text for pushed in world.events if isinstance(pushed.event, kind)]  # type: ignore[union-attr]


@pytest.mark.parametrize("mute", [M.FIRST_SPEECH, M.ALWAYS])
def test_the_greeting_is_heard_to_its_end_and_what_the_caller_said_over_it_is_gone(mute: MuteStrategy) -> None:
    world = until(saying("This call is recorded.", mute), S.SPEAKING)
    world.begin_to_speak()
    assert world.state.phase is S.SPEAKING
    assert not world.heeded
    world.stop_speaking()
    world.settle("stop")
    assert messages(world, AgentMessage) == ["This call is recorded."]
    assert not messages(world, UserMessage)
    world.speak()
    world.settle("hello")
    assert messages(world, UserMessage) == ["hello"]


def test_the_second_speech_is_interrupted() -> None:
    world = saying("This call is recorded.", M.FIRST_SPEECH)
    world.settle()
    world.send("hello")
    until(world, S.SPEAKING).speak()
    world.settle("stop")
    assert messages(world, UserMessage) == ["hello", "stop"]


def test_a_call_that_begins_with_the_caller_hears_him() -> None:
    world = saying("", M.FIRST_SPEECH)
    world.speak()
    world.settle("hello")
    assert messages(world, UserMessage) == ["hello"]


def test_while_a_tool_runs_nothing_is_heard() -> None:
    world = saying("", M.TOOLS)
    world.send("use look")
    until(world, S.TOOL_EXECUTION).speak()
    world.settle("stop")
    assert messages(world, UserMessage) == ["use look"]
    assert messages(world, AgentMessage) == ["One moment. It came back: done."]


def test_who_still_speaks_when_it_is_over_is_not_heard_by_half() -> None:
    world = until(saying("This call is recorded.", M.FIRST_SPEECH), S.SPEAKING)
    world.begin_to_speak()
    world.settle()
    assert world.state.phase is S.LISTENING
    world.stop_speaking()
    world.settle("the second half")
    assert not messages(world, UserMessage)
    assert world.state.phase is S.IDLE


def test_the_next_incarnation_mutes_too() -> None:
    world = until(saying("This call is recorded.", M.FIRST_SPEECH), S.SPEAKING)
    world.begin_to_speak()
    world.kill()
    world.subscribe()
    world.stop_speaking()
    world.settle("stop")
    assert messages(world, AgentMessage) == ["This call is recorded."]
    assert not messages(world, UserMessage)
