"""A tool hands the call to another agent, whatever dies meanwhile."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import SessionConfig
from actors.agent_session.core.entries import HandedOff, RoundEnded
from protocols import (
    AgentChanged,
    AgentMessage,
    AgentSentence,
    ConversationState,
    Say,
    SendText,
    SessionError,
    ToolCalled,
    UserMessage,
)
from support.chat import said
from support.session_world import CHECKED, SPOKEN, World

TOOLS = frozenset({"look", "order", "to_billing", "to_greeter", "to_broken"})
TEXT = replace(CHECKED, tools=TOOLS, idempotent=frozenset({"look", "to_billing", "to_greeter"}))
VOICE = replace(SPOKEN, tools=TOOLS, idempotent=frozenset({"look", "to_billing", "to_greeter"}))
S = ConversationState


def asked(text: str, setup: SessionConfig = TEXT) -> World:
    world = World(setup)
    world.subscribe()
    world.send(text)
    world.settle()
    return world


def events(world: World, kind: type) -> list[Any]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def instructions(world: World) -> str:
    return world.thought_about.messages[0].text


def test_the_turn_goes_on_with_the_model_of_the_new_agent() -> None:
    world = asked("use to_billing")
    assert events(world, AgentChanged) == [AgentChanged(old="agent", new="billing")]
    assert instructions(world) == "You are billing."
    assert [who for who, _ in said(world.state.memory.history)] == ["user", "assistant", "tool", "assistant"]
    assert world.state.setup.tools == {"look", "to_billing", "to_greeter", "to_broken", "ask_billing"}


def test_an_agent_with_a_greeting_says_that_instead() -> None:
    world = asked("use to_greeter", VOICE)
    assert [event.text for event in events(world, AgentSentence)] == ["One moment.", "Greeter here."]
    world.send("hello")
    world.settle()
    assert instructions(world) == "You are greeter."
    ended = [entry for entry in world.entries if isinstance(entry, RoundEnded)]
    assert all(entry.wall_s >= 1e9 for entry in ended), "each answer stands in the history with its time"


def test_the_tools_of_the_agent_before_are_gone_and_those_of_the_new_are_there() -> None:
    world = asked("use to_billing")
    world.send("use order ask_billing")
    world.settle()
    assert [event.name for event in events(world, ToolCalled)] == ["to_billing", "ask_billing"]


def test_one_that_cannot_be_loaded_leaves_the_call_where_it_was() -> None:
    world = asked("use to_broken")
    assert events(world, SessionError) == [SessionError(source="agent", text="there is no such agent", retryable=False)]
    assert not events(world, AgentChanged)
    assert instructions(world) == "Be brief."
    assert world.state.memory.handing_to == ""
    assert len(events(world, AgentMessage)) == 1


def test_the_last_of_two_has_the_call() -> None:
    world = asked("use to_billing to_greeter")
    assert [event.new for event in events(world, AgentChanged)] == ["greeter"]


def test_and_it_may_hand_it_on() -> None:
    world = asked("use to_billing")
    world.send("use to_greeter")
    world.settle()
    assert [(event.old, event.new) for event in events(world, AgentChanged)] == [("agent", "billing"), ("billing", "greeter")]


@pytest.mark.parametrize("setup", [TEXT, VOICE], ids=["text", "speech"])
def test_killed_after_every_single_effect_it_is_handed_over_once_and_the_turn_is_answered(setup: SessionConfig) -> None:
    lines = ("use to_billing", "use ask_billing", "thank you")
    for fuse in range(1_000):
        world = World(setup, fuse=fuse)
        world.subscribe()
        for number, line in enumerate(lines):
            command = SendText(command_id=f"text-{number}", text=line)
            request = world.command(command)
            world.settle()
            while world.dead:
                world.fuse = None
                world.kill()
                world.subscribe()
                if not world.accepted(request):
                    request = world.command(command)
                world.settle()
        assert [event.new for event in events(world, AgentChanged)] == ["billing"], f"killed after {fuse} effects"
        assert [event.text for event in events(world, UserMessage)] == list(lines)
        assert len([event for event in events(world, AgentMessage) if not event.interrupted]) == len(lines)
        assert instructions(world) == "You are billing."
        assert world.state.setup.agent == "billing"
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 40  # so many places there are


def test_who_interrupts_while_it_is_loaded_speaks_to_the_new_agent() -> None:
    world = World(VOICE)
    world.subscribe()
    world.send("use to_billing")
    while world.loading is None:
        assert world.commit() or world.think() or world.finish_tool() or world.wait()
    world.begin_to_speak()
    world.stop_speaking()
    world.settle("what is it")
    assert instructions(world) == "You are billing."
    assert [event.new for event in events(world, AgentChanged)] == ["billing"]


def test_what_is_said_meanwhile_needs_no_agent() -> None:
    world = World(VOICE)
    world.subscribe()
    world.send("use to_billing")
    while world.loading is None:
        assert world.commit() or world.think() or world.finish_tool() or world.wait()
    world.command(Say(command_id="say", text="Please hold."))
    world.settle()
    assert events(world, AgentMessage)[-1].text == "Please hold."
    assert world.state.phase is S.IDLE


def test_an_agent_of_which_the_session_dies_is_given_up() -> None:
    world = World(TEXT)
    world.subscribe()
    world.send("use to_billing")
    for _ in range(2):
        while world.loading is None:
            assert world.commit() or world.think() or world.finish_tool()
        world.kill()
        world.subscribe()
    world.settle()
    assert world.state.memory.handing_to == ""
    assert not any(isinstance(entry, HandedOff) for entry in world.entries)
    world.send("hello")
    world.settle()
    assert instructions(world) == "Be brief."
