"""The floor: who holds it speaks with the caller by itself, and no result of another tool is told meanwhile."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import AgentChange, SessionConfig
from actors.agent_session.core.floor import MAX_FLOOR
from protocols import AgentSentence, CommandAccepted, EndCall, ErrorReply, Say, ToolReply
from support.session_world import CHECKED, SPOKEN, World
from support.turns import rest

TEXT = replace(CHECKED, program=True, parallel_tools=True)
VOICE = replace(SPOKEN, program=True, parallel_tools=True)
GRANTED = CommandAccepted(command_id="floor")


def in_tool(setup: SessionConfig, *, detached: bool) -> World:
    world = World(setup)
    world.subscribe()
    world.send("use order")
    rest(world, waits=False)
    if detached:
        world.progress()
        rest(world, waits=False)
    return world


@pytest.fixture(params=[(TEXT, False), (TEXT, True), (VOICE, False), (VOICE, True)], ids=["text", "detached", "speech", "detached speech"])
def world(request: Any) -> World:
    setup, detached = request.param
    return in_tool(setup, detached=detached)


def statuses(world: World) -> list[str]:
    return [pushed.event.status for pushed in world.events if isinstance(pushed.event, ToolReply)]


def test_it_is_given_where_only_tools_are_at_work(world: World) -> None:
    asked = world.ask_floor()
    rest(world, waits=False)
    assert world.answers[asked] == GRANTED


def test_it_is_given_to_one_at_a_time_in_the_order_of_asking(world: World) -> None:
    first, second, third = (world.ask_floor() for _ in range(3))
    rest(world, waits=False)
    assert second not in world.answers
    world.release_floor(first)
    rest(world, waits=False)
    assert world.answers[second] == GRANTED
    assert third not in world.answers
    world.release_floor(third)
    world.release_floor(second)
    rest(world, waits=False)
    assert third in world.answers, "whoever gives up is answered too"
    assert (world.state.floor, world.state.floor_held) == ((), False)


def test_who_has_it_speaks_and_lets_agents_enter(world: World) -> None:
    asked = world.ask_floor()
    world.command(Say(command_id="say", text="Now this."))
    entered = world.want_agent("billing", AgentChange.ENTER)
    rest(world, waits=False)
    assert isinstance(world.answers[entered], CommandAccepted)
    assert "Now this." in [pushed.event.text for pushed in world.events if isinstance(pushed.event, AgentSentence)]
    world.release_floor(asked)


def test_while_it_is_held_nothing_is_told_of_what_has_come(world: World) -> None:
    asked = world.ask_floor()
    rest(world, waits=False)
    if not world.state.memory.detached:
        world.progress()
        rest(world, waits=False)
    world.finish_tool("booked")
    rest(world, waits=False)
    assert statuses(world) == ["pending"]
    world.send("hello")
    rest(world, waits=False)
    assert statuses(world) == ["pending"], "the caller is answered, and that waits"
    world.release_floor(asked)
    rest(world, waits=False)
    assert statuses(world) == ["pending", "scheduled", "completed"]


def test_what_has_come_before_is_told_before_it_is_given() -> None:
    world = in_tool(VOICE, detached=True)
    world.begin_to_speak()
    world.progress("more")
    asked = world.ask_floor()
    rest(world, waits=False)
    assert asked not in world.answers, "the caller speaks"
    world.stop_speaking()
    rest(world, waits=False)
    assert world.answers[asked] == GRANTED
    assert statuses(world) == ["pending", "scheduled", "completed"]


def test_a_call_that_ends_waits_for_nobody_who_holds_it() -> None:
    world = in_tool(TEXT, detached=True)
    world.ask_floor()
    rest(world, waits=False)
    waiting = world.ask_floor()
    world.command(EndCall(command_id="end", reason="bye"))
    rest(world, waits=False)
    answer = world.answers[waiting]
    assert isinstance(answer, ErrorReply)
    assert answer.error == "SessionUnavailableError", "nor does it let anybody wait for it"
    rest(world)
    assert world.state.memory.closed


def test_more_than_may_wait_are_refused() -> None:
    world = World(VOICE)
    world.begin_to_speak()
    for _ in range(MAX_FLOOR):
        world.ask_floor()
    refused = world.ask_floor()
    world.commit_all()
    answer = world.answers[refused]
    assert isinstance(answer, ErrorReply)
    assert answer.error == "CapacityError"


def test_it_is_of_one_life_alone(world: World) -> None:
    world.ask_floor()
    rest(world, waits=False)
    world.kill()
    assert (world.state.floor, world.state.floor_held) == ((), False)
