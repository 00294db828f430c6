"""What a program changes in a call while it goes on: the instructions and the history, through deaths."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import known_so_far, restore
from actors.agent_session.core.chat import MAX_HISTORY_BYTES, MAX_HISTORY_ITEMS
from actors.agent_session.core.entries import HandedOff
from actors.agent_session.core.replay import PROGRAM, remember
from protocols import (
    MAX_INSTRUCTIONS_CHARS,
    AgentConfigUpdate,
    ChatContext,
    CommandAccepted,
    CommandDone,
    ErrorReply,
    FunctionCall,
    FunctionCallOutput,
    SessionCommand,
    UpdateChatContext,
    UpdateInstructions,
)
from support.chat import said, texts
from support.session_world import CHECKED, World

OTHER = (
    ChatContext()
    .add_message("user", "earlier", id="a", created_at=5.0)
    .append(FunctionCall(id="b", created_at=5.0, call_id="x", name="look", arguments="{}"))
    .append(FunctionCallOutput(id="c", created_at=5.0, call_id="x", output="found"))
    .append(FunctionCall(id="d", created_at=5.0, call_id="lost", name="look", arguments="{}"))
    .add_message("assistant", "Then.", id="e", created_at=6.0)
)


def update(world: World, command: SessionCommand) -> None:
    request = world.command(command)
    world.commit_all()
    assert world.answers[request] == CommandAccepted(command_id=command.command_id)


def done(world: World) -> list[str]:
    return [pushed.event.command_id for pushed in world.events if isinstance(pushed.event, CommandDone)]


def test_other_instructions_hold_from_the_models_next_round_on_and_through_a_death() -> None:
    world = World(CHECKED)
    world.subscribe()
    update(world, UpdateInstructions(command_id="u", instructions="Be long."))
    assert done(world) == ["u"]
    (item,) = world.state.memory.history
    assert item == AgentConfigUpdate(id="update-u", created_at=1e9, instructions="Be long.")
    for _ in range(2):
        world.send("hello", command_id=f"text-{world.lives}")
        world.settle()
        assert said(world.thought_about)[0] == ("system", "Be long.")
        world.kill()
        world.subscribe()
    assert restore(world.entries).memory.instructions == "Be long."


def test_in_the_middle_of_a_turn_they_hold_from_its_next_round_on() -> None:
    world = World(CHECKED)
    world.send("use look")
    while world.tool is None:
        assert world.commit() or world.think()
    assert said(world.thought_about)[0] == ("system", "Be brief.")
    update(world, UpdateInstructions(command_id="u", instructions="Be long."))
    world.settle()
    assert said(world.thought_about)[0] == ("system", "Be long.")


def test_the_next_agent_has_its_own() -> None:
    world = World(CHECKED)
    update(world, UpdateInstructions(command_id="u", instructions="Be long."))
    assert remember(world.state.memory, HandedOff(done=True)).instructions is None
    assert remember(world.state.memory, HandedOff(done=False)).instructions == "Be long."


def test_another_history_takes_the_place_of_this_one_without_halves_of_pairs() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("hello")
    world.settle()
    update(world, UpdateChatContext(command_id="u", context=OTHER))
    assert [item.id for item in world.state.memory.history] == ["a", "b", "c", "e"]
    world.kill()
    assert [item.id for item in world.state.memory.history] == ["a", "b", "c", "e"]
    world.send("and now")
    world.settle()
    assert said(world.thought_about)[1:] == [("user", "earlier"), ("tool", "found"), ("assistant", "Then."), ("user", "and now")]


def test_the_turn_that_is_open_goes_on_behind_it() -> None:
    world = World(CHECKED)
    world.send("hello")
    world.commit_all()
    update(world, UpdateChatContext(command_id="u", context=OTHER))
    world.settle()
    assert texts(world.state.memory.history) == ["earlier", "found", "Then.", "hello", "You said hello. Anything else?"]


def test_the_history_that_was_told_may_be_given_back() -> None:
    world = World(CHECKED)
    world.send("hello")
    world.settle()
    before = world.state.memory.history
    update(world, UpdateChatContext(command_id="u", context=before))
    assert world.state.memory.history == before
    update(world, UpdateChatContext(command_id="v", context=ChatContext()))
    world.send("again")
    world.settle()
    update(world, UpdateChatContext(command_id="w", context=world.state.memory.history.merge(before)))
    world.send("and again")
    world.settle()
    ids = [item.id for item in world.state.memory.history]
    assert len(set(ids)) == len(ids) == 6


def test_a_command_that_comes_again_changes_nothing() -> None:
    world = World(CHECKED)
    update(world, UpdateChatContext(command_id="u", context=OTHER))
    world.send("hello")
    world.settle()
    before = world.state.memory.history
    update(world, UpdateChatContext(command_id="u", context=OTHER))
    assert world.state.memory.history == before


@pytest.mark.parametrize(
    ("command", "error", "says"),
    [
        (UpdateInstructions(command_id="u", instructions=" \n"), "UsageError", "2 characters: give 1 to 64000"),
        (UpdateInstructions(command_id="u", instructions="x" * (MAX_INSTRUCTIONS_CHARS + 1)), "UsageError", "64001 characters"),
        (
            UpdateChatContext(command_id="u", context=ChatContext().add_message("user", "é" * (MAX_HISTORY_BYTES // 2 + 1))),
            "MessageTooLargeError",
            "1 items and 400002 bytes, the limits are 1000 items and 400000 bytes: truncate it",
        ),
        (
            UpdateChatContext(command_id="u", context=ChatContext(tuple(AgentConfigUpdate() for _ in range(MAX_HISTORY_ITEMS + 1)))),
            "MessageTooLargeError",
            "1001 items",
        ),
    ],
)
def test_what_is_too_much_or_nothing_is_refused(command: Any, error: str, says: str) -> None:
    world = World(CHECKED)
    request = world.command(command)
    world.commit_all()
    answer = world.answers[request]
    assert isinstance(answer, ErrorReply)
    assert (answer.error, answer.retryable) == (error, False)
    assert says in answer.text
    assert not world.state.memory.history.items


def test_killed_after_every_effect_the_change_is_made_once() -> None:
    for fuse in range(60):
        world = World(CHECKED, fuse=fuse)
        world.send("hello", command_id="t")
        world.command(UpdateInstructions(command_id="u", instructions="Be long."))
        world.command(UpdateChatContext(command_id="v", context=OTHER))
        world.settle()
        world.fuse = None
        world.kill()
        world.send("hello", command_id="t")
        world.command(UpdateInstructions(command_id="u", instructions="Be long."))
        world.command(UpdateChatContext(command_id="v", context=OTHER))
        world.settle()
        memory = world.state.memory
        assert memory.instructions == "Be long."
        assert texts(memory.history)[:3] == ["earlier", "found", "Then."]
        assert texts(memory.history).count("earlier") == 1
        assert not memory.inbox


def test_what_a_program_puts_in_the_place_of_its_agents_history_counts_from_the_next_turn_on() -> None:
    world = World(replace(CHECKED, program=True, parallel_tools=True, context=OTHER))
    world.subscribe()
    world.commit_all()
    world.send("use look")
    while not world.tools:
        assert world.commit() or world.think()
    asked = world.thoughts[-1].context
    seen = known_so_far(world.state.memory)
    assert texts(seen)[-1] == "use look", "the words of the turn that goes on are known"
    given = ChatContext(
        (*seen.items[-1:], *ChatContext().add_message("system", "Be discreet.", id="d", created_at=world.now + 10**9).items)
    )
    world.command(UpdateChatContext(command_id="u", context=given), owner=PROGRAM)
    world.finish_tool()
    world.settle()
    assert texts(world.thoughts[-1].context)[: len(texts(asked))] == texts(asked), "the turn goes on with what it began with"
    world.send("hello")
    world.settle()
    told = texts(world.thoughts[-1].context)
    assert told.count("use look") == 1
    assert "Be discreet." in told
    assert not set(texts(OTHER)) & set(told)
