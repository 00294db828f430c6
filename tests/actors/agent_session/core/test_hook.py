"""The program's hook of the caller's turn: what it makes of his words, and what becomes of that."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import SessionConfig
from actors.agent_session.core.chat import MAX_HISTORY_BYTES, MAX_HISTORY_ITEMS
from actors.agent_session.core.entries import HookRan
from actors.agent_session.core.thinking import HOOK_TIMEOUT_S
from protocols import (
    AgentConfigUpdate,
    AgentMessage,
    CancelResponse,
    ChatContext,
    ChatMessage,
    ConversationState,
    GenerateReply,
    Role,
    SessionError,
    SpeechDone,
    SpeechOutcome,
    TextContent,
    UserMessage,
)
from support.chat import said, texts
from support.session_world import SPOKEN, World

HOOKED = replace(SPOKEN, program=True, turn_hook=True, preemptive_generation=False)
EDITED = ChatMessage(role=Role.USER, content=(TextContent(text="hello, it is Ann"),), extra={"mood": "fine"})


def spoken(text: str = "hello", setup: SessionConfig = HOOKED, *, preflight: bool = False, before: str = "") -> World:
    world = World(setup)
    world.subscribe()
    if before:
        world.send(before)
    world.settle()
    world.begin_to_speak()
    world.commit_all()
    if preflight:
        world.preflight(text)
        world.commit_all()
    world.stop_speaking()
    world.commit_all()
    world.recognize(text)
    world.commit_all()
    return world


def events(world: World, kind: type) -> list[Any]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def test_it_sees_the_callers_message_and_the_history_before_the_model_does() -> None:
    world = spoken()
    assert world.hook is not None
    assert (world.hook.turn_id, world.hook.message.text, world.hook.message.id) == ("turn-1", "hello", "turn-1.user")
    assert (world.hook.context, world.hook.context.messages) == (world.state.memory.history, ())
    assert not world.thoughts
    assert not events(world, UserMessage)
    world.settle()
    assert said(world.state.memory.history) == [("user", "hello"), ("assistant", "You said hello. Anything else?")]
    assert [event.text for event in events(world, UserMessage)] == ["hello"]


def test_it_sees_what_its_agent_knows() -> None:
    given = ChatContext().add_message("user", "given", id="g", created_at=5.0)
    world = spoken(setup=replace(HOOKED, context=given))
    assert world.hook is not None
    assert world.hook.context.messages == given.messages
    assert [item.instructions for item in world.hook.context if isinstance(item, AgentConfigUpdate)] == ["Be brief."]
    world.run_hook(context=world.hook.context)
    world.settle()
    assert [entry.context for entry in world.entries if isinstance(entry, HookRan)] == [None]
    assert texts(world.thought_about) == ["Be brief.", "given", "hello"]


@pytest.mark.parametrize("how", ["text", "reply"])
def test_what_the_caller_has_not_spoken_is_not_shown_to_it(how: str) -> None:
    world = World(HOOKED)
    world.subscribe()
    if how == "text":
        world.send("hello")
    else:
        world.command(GenerateReply(command_id="reply", user_input="hello"))
    world.commit_all()
    assert world.hook is None
    assert world.thoughts


def test_a_message_that_it_edits_is_the_callers_in_the_history_and_in_the_next_life() -> None:
    world = spoken()
    world.run_hook(EDITED)
    world.settle()
    world.kill()
    first, second = world.state.memory.history.messages
    assert (first.text, first.id, first.extra["mood"]) == ("hello, it is Ann", "turn-1.user", "fine")
    assert second.text == "You said hello, it is Ann. Anything else?"
    assert [event.text for event in events(world, UserMessage)] == ["hello, it is Ann"]


def test_what_it_adds_now_stands_behind_his_words() -> None:
    world = spoken()
    now = world.hook.message.created_at + 1.0 if world.hook is not None else 0.0
    world.run_hook(context=ChatContext().add_message("assistant", "The book says: whales.", created_at=now))
    world.commit_all()
    assert said(world.thought_about) == [("system", "Be brief."), ("user", "hello"), ("assistant", "The book says: whales.")]


def test_a_context_that_it_edits_is_told_in_this_turn_alone() -> None:
    world = spoken()
    note = ChatContext().add_message("system", "He likes salad.", id="note", created_at=5.0)
    world.run_hook(context=note)
    world.commit_all()
    assert said(world.thought_about) == [("system", "Be brief."), ("system", "He likes salad."), ("user", "hello")]
    world.kill()
    world.subscribe()
    world.settle()
    assert world.hook is None, "its outcome is known"
    assert said(world.thought_about)[1] == ("system", "He likes salad.")
    world.send("and now")
    world.settle()
    assert "He likes salad." not in texts(world.thought_about)
    assert "He likes salad." not in texts(world.state.memory.history)


def test_a_turn_that_it_stops_is_as_if_it_had_not_been() -> None:
    world = spoken()
    world.run_hook(stop=True)
    world.settle()
    assert not world.state.memory.history.messages
    assert not world.thoughts
    assert not events(world, UserMessage)
    assert [(event.text, event.interrupted) for event in events(world, AgentMessage)] == [("", False)]
    assert [event.outcome for event in events(world, SpeechDone)] == [SpeechOutcome.COMPLETED]
    assert world.state.phase is ConversationState.IDLE
    world.kill()
    assert (world.state.memory.turn, world.state.memory.history.messages) == (None, ())


@pytest.mark.parametrize("how", ["raised", "too late", "too large", "too many"])
def test_one_that_fails_costs_the_caller_nothing(how: str) -> None:
    world = spoken()
    match how:
        case "raised":
            world.run_hook(EDITED, error="ValueError: no such customer")
        case "too late":
            hook = world.hook
            at = world.now
            assert world.wait()
            assert world.now == at + HOOK_TIMEOUT_S
            world.hook = hook
            world.run_hook(EDITED)
        case "too large":
            world.run_hook(ChatMessage.of(Role.USER, "x" * (MAX_HISTORY_BYTES + 1)))
        case _:
            items = tuple(ChatMessage.of(Role.USER, "x", id=str(number), created_at=1.0) for number in range(MAX_HISTORY_ITEMS + 1))
            world.run_hook(context=ChatContext(items))
    world.settle()
    assert said(world.state.memory.history) == [("user", "hello"), ("assistant", "You said hello. Anything else?")]
    (error,) = events(world, SessionError)
    assert (error.source, error.retryable) == ("program", False)


def test_what_the_model_said_ahead_is_taken_over_if_nothing_was_changed() -> None:
    world = spoken(setup=replace(HOOKED, preemptive_generation=True), preflight=True, before="hi")
    assert len(world.thoughts) == 2
    while world.think():
        pass
    assert not world.output.queue
    assert world.hook is not None
    world.run_hook(ChatMessage.of(Role.USER, "hello"), ChatContext(tuple(replace(item, created_at=7.0) for item in world.hook.context)))
    world.settle()
    assert len(world.thoughts) == 2
    assert [entry.context for entry in world.entries if isinstance(entry, HookRan)] == [None]
    assert texts(world.state.memory.history)[-1] == "You said hello. Anything else?"


@pytest.mark.parametrize("change", [{"message": EDITED}, {"context": ChatContext().add_message("system", "x", id="x", created_at=5.0)}])
def test_and_dropped_if_something_was(change: Any) -> None:
    world = spoken(setup=replace(HOOKED, preemptive_generation=True), preflight=True)
    world.think()
    world.run_hook(**change)
    world.settle()
    assert len(world.thoughts) == 2


def test_who_goes_on_speaking_interrupts_it_and_its_outcome_still_counts() -> None:
    world = spoken()
    world.begin_to_speak()
    world.stop_speaking()
    world.commit_all()
    assert world.state.phase is ConversationState.INTERRUPTED
    world.run_hook(EDITED)
    world.settle("and a salad")
    assert [text for kind, text in said(world.state.memory.history) if kind == "user"] == ["hello, it is Ann", "and a salad"]
    assert len(world.thoughts) == 1


def test_a_reply_that_is_cancelled_meanwhile_is_over_once_it_has_ended() -> None:
    world = spoken(setup=replace(HOOKED, preemptive_generation=True), preflight=True)
    world.command(CancelResponse(command_id="stop"))
    world.commit_all()
    assert not events(world, SpeechDone)
    world.run_hook()
    world.settle()
    assert [event.outcome for event in events(world, SpeechDone)] == [SpeechOutcome.INTERRUPTED]
    assert said(world.state.memory.history) == [("user", "hello")]


@pytest.mark.parametrize("stop", [True, False])
def test_killed_after_every_single_effect_its_outcome_is_one(*, stop: bool) -> None:
    for fuse in range(1_000):
        world = World(HOOKED, fuse=fuse)
        world.subscribe()
        world.speak()
        for _ in range(3):
            while not world.dead and (
                world.commit()
                or world.hear_again()
                or world.recognize("hello")
                or world.run_hook(EDITED, stop=stop)
                or world.think()
                or world.play()
                or world.wait()
            ):
                pass
            if world.dead:
                world.fuse = None
                world.kill()
                world.subscribe()
        assert sum(isinstance(entry, HookRan) for entry in world.entries) == 1
        replies = [] if stop else [("user", "hello, it is Ann"), ("assistant", "You said hello, it is Ann. Anything else?")]
        assert said(world.state.memory.history) == replies, f"killed after {fuse} effects"
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 15
