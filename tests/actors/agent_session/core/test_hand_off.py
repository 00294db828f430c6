"""A tool hands the call to another agent, whatever dies meanwhile."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import SessionConfig
from actors.agent_session.core.chat import settled
from actors.agent_session.core.entries import HandedOff, RoundEnded
from actors.agent_session.core.inputs import AgentReady
from actors.agent_session.core.memory import Heard, Memory, Turn, TurnHandoff, TurnSource
from actors.agent_session.core.replay import remember
from protocols import (
    AgentChanged,
    AgentHandoff,
    AgentMessage,
    AgentSentence,
    ChatContext,
    ChatMessage,
    ConversationItemAdded,
    ConversationState,
    FailedTurn,
    ModelUsage,
    Role,
    Say,
    SendText,
    SessionError,
    TokenEstimator,
    ToolCalled,
    UsageUpdated,
    UserMessage,
)
from support.chat import said
from support.session_world import CHECKED, SPOKEN, World

TOOLS = ("look", "order", "to_billing", "to_greeter", "to_broken")
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
    assert {*world.state.setup.tools} == {"look", "to_billing", "to_greeter", "to_broken", "ask_billing"}


def handoffs(world: World) -> list[tuple[str, str]]:
    return [(item.old_agent, item.new_agent) for item in world.state.memory.history if isinstance(item, AgentHandoff)]


def test_the_history_shows_it_where_it_happened_and_the_model_before_the_new_one_s_words() -> None:
    world = asked("use to_billing")
    assert [item.TAG.removeprefix("chat.") for item in world.state.memory.history] == [
        *("message", "message", "function_call", "function_call_output", "agent_handoff", "message")
    ]
    assert handoffs(world) == [("agent", "billing")]
    assert [item.id for item in world.state.memory.history if isinstance(item, AgentHandoff)] == ["turn-1.handoff-1"]
    times = [item.created_at for item in world.state.memory.history]
    assert times == sorted(times)
    told = [pushed.event.kind for pushed in world.passing if isinstance(pushed.event, ConversationItemAdded)]
    assert told.count("agent_handoff") == 1
    asked_last = world.thought_about
    assert sum(isinstance(item, AgentHandoff) for item in asked_last) == 1
    without = ChatContext(tuple(item for item in asked_last if not isinstance(item, AgentHandoff)))
    assert asked_last.to_provider_format("openai") == without.to_provider_format("openai")


def test_each_of_several_is_in_the_history_also_where_the_turn_was_over_and_where_another_was_open() -> None:
    world = World(VOICE)
    world.subscribe()
    for name, says in (("billing", ""), ("greeter", "Please hold.")):
        world.send(f"use to_{name}", name)
        while world.loading is None:
            assert world.commit() or world.think() or world.finish_tool() or world.wait()
        world.begin_to_speak()
        world.stop_speaking()
        if says:
            world.command(Say(command_id="say", text=says))
        world.settle("what is it")
    assert handoffs(world) == [("agent", "billing"), ("billing", "greeter")]


def test_a_hand_off_between_two_turns_stands_between_them_in_the_history() -> None:
    before = Memory(turns=2, handing_to="{}", history=ChatContext((ChatMessage.of(Role.USER, "hello", id="u", created_at=5.0),)))
    after = remember(before, HandedOff(done=True, old_agent="a", new_agent="b", wall_s=7.0))
    assert after.history.items[-1] == AgentHandoff(id="turn-2.handoff-1", created_at=7.0, old_agent="a", new_agent="b")


def test_a_journal_of_yesterday_tells_no_names_and_so_no_item() -> None:
    assert remember(Memory(handing_to="{}"), HandedOff(done=True)) == Memory(agent="{}")


def test_a_turn_that_is_given_up_after_it_keeps_it() -> None:
    handoff = TurnHandoff(rounds=1, old_agent="a", new_agent="b", wall_s=7.0)
    turn = Turn(turn_id="turn-1", source=TurnSource.TEXT, text="poison", deaths=("x", "x"), handoffs=(handoff,))
    assert [type(item) for item in settled(turn, Heard())] == [FailedTurn, AgentHandoff]


def test_what_is_used_and_how_tokens_are_counted_is_the_new_agent_s() -> None:
    world = World(TEXT)
    world.subscribe()
    world.send("use to_billing")
    while world.loading is None:
        assert world.commit() or world.think() or world.finish_tool()
    token, world.loading = world.loading.token, None
    tokens = TokenEstimator(characters_per_token=2.0)
    models = (ModelUsage(kind="llm", provider="theirs", model="small"),)
    world.feed(
        AgentReady(
            token=token,
            agent="billing",
            instructions="You are billing.",
            greeting="",
            tools=TOOLS,
            idempotent=frozenset(),
            models=models,
            tokens=tokens,
        )
    )
    world.settle()
    assert world.state.setup.tokens is tokens
    (usage,) = events(world, UsageUpdated)[-1:]
    assert [(model.provider, model.model, model.requests) for model in usage.models if model.kind == "llm"][-1] == ("theirs", "small", 1)


@pytest.mark.parametrize("own", [{"voice_rate_hz": 24_000}, {"voice_rate_hz": 0}, {}], ids=["a voice", "none", "the call's"])
def test_what_the_new_agent_has_of_its_own_holds_from_then_on_and_the_rest_is_the_calls(own: dict[str, int]) -> None:
    world = World(TEXT)
    world.send("use to_billing")
    while world.loading is None:
        assert world.commit() or world.think() or world.finish_tool()
    token, world.loading = world.loading.token, None
    ready = AgentReady(token=token, agent="billing", instructions="", greeting=(), tools=TOOLS, idempotent=frozenset())
    world.feed(replace(ready, min_interruption_words=3, audio_in=True, **own))
    setup = world.state.setup
    assert (setup.voice, setup.voice_rate_hz) == (own.get("voice_rate_hz", 0) > 0, own.get("voice_rate_hz", 0))
    assert (setup.min_interruption_words, setup.audio_in) == (3, True)
    assert (setup.preemptive_generation, setup.resume_false_interruption) == (TEXT.preemptive_generation, TEXT.resume_false_interruption)


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
        assert handoffs(world) == [("agent", "billing")]
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
