"""What the caller has said and is not to be answered stands in the history: once, in every life, and before the call is over."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import inputs as i
from actors.agent_session.core.commands import COMMIT_TIMEOUT_S
from protocols import (
    CallEnded,
    CommandDone,
    CommitAudio,
    ConversationItemAdded,
    EndCall,
    ErrorReply,
    SpeechCreated,
    UserMessage,
)
from support.chat import said
from support.session_world import CHECKED, SPOKEN, World

VOICE = replace(SPOKEN, program=True)
BY_HAND = replace(VOICE, by_hand=True)
QUIETLY = CommitAudio(command_id="commit", reply=False)


def world_of(setup: Any = VOICE) -> World:
    world = World(setup)
    world.subscribe()
    world.settle()
    return world


def events(world: World, kind: type) -> list[Any]:
    return [pushed.event for pushed in (*world.events, *world.passing) if isinstance(pushed.event, kind)]


def test_it_is_kept_and_nobody_answers_it() -> None:
    world = world_of()
    world.begin_to_speak()
    world.command(QUIETLY)
    world.stop_speaking()
    world.commit_voice()
    world.settle("just so you know")
    assert said(world.state.memory.history) == [("user", "just so you know")]
    assert not events(world, SpeechCreated)
    assert not world.thoughts
    assert [event.text for event in events(world, UserMessage)] == ["just so you know"]
    assert [event.text for event in events(world, ConversationItemAdded)] == ["just so you know"]
    assert events(world, CommandDone) == [CommandDone(command_id="commit")]
    world.speak()
    world.settle("and now")
    assert said(world.state.memory.history)[1:] == [("user", "and now"), ("assistant", "You said and now. Anything else?")]


def test_who_dies_before_it_is_understood_keeps_it_and_does_not_answer_it_either() -> None:
    world = world_of()
    world.begin_to_speak()
    world.command(QUIETLY)
    world.stop_speaking()
    world.commit_voice()
    world.commit_all()
    world.kill()
    world.settle("just so you know")
    assert said(world.state.memory.history) == [("user", "just so you know")]
    assert world.state.memory.inbox == ()
    world.kill()
    assert said(world.state.memory.history) == [("user", "just so you know")]
    assert world.state.memory.heard_until == world.settled


def test_it_is_known_to_an_agent_that_does_not_know_all() -> None:
    world = world_of(replace(VOICE, context=i.ChatContext()))
    world.speak()
    world.command(QUIETLY)
    world.settle("hello")
    assert world.state.memory.known is not None
    assert said(world.state.memory.known) == [("user", "hello")]


@pytest.mark.parametrize("setup", [VOICE, BY_HAND], ids=["detected", "by hand"])
def test_what_he_says_as_the_call_ends_is_its_last_message(setup: Any) -> None:
    world = world_of(setup)
    world.begin_to_speak()
    world.command(QUIETLY)
    world.command(EndCall(command_id="end", reason="bye"))
    world.commit_all()
    assert not world.state.memory.closed
    world.stop_speaking()
    world.commit_voice()
    world.settle("wait")
    assert said(world.state.memory.history) == [("user", "wait")]
    assert world.state.memory.closed
    kinds = [type(pushed.event) for pushed in world.events if isinstance(pushed.event, UserMessage | CallEnded)]
    assert kinds == [UserMessage, CallEnded]


@pytest.mark.parametrize(("setup", "left"), [(VOICE, []), (BY_HAND, [("user", "")])], ids=["detected", "by hand"])
@pytest.mark.parametrize("spoken", [False, True], ids=["silence", "no words"])
def test_a_last_turn_by_hand_is_a_message_also_if_nothing_is_in_it(setup: Any, left: Any, spoken: bool) -> None:
    world = world_of(setup)
    if spoken:
        world.begin_to_speak()
    world.command(QUIETLY)
    world.command(EndCall(command_id="end", reason="bye"))
    world.commit_all()
    if spoken:
        world.stop_speaking()
    world.commit_voice()
    world.settle("")
    assert said(world.state.memory.history) == left
    assert world.state.memory.closed


@pytest.mark.parametrize(("setup", "left"), [(VOICE, []), (BY_HAND, [("user", "")])], ids=["detected", "by hand"])
def test_a_last_turn_by_hand_may_be_over_before_the_end_of_the_call_is_accepted(setup: Any, left: Any) -> None:
    world = world_of(setup)
    world.command(QUIETLY)
    world.commit_voice()
    world.commit_all()
    assert said(world.state.memory.history) == []
    world.command(EndCall(command_id="end", reason="bye"))
    world.settle()
    assert said(world.state.memory.history) == left
    assert world.state.memory.closed


def test_who_has_spoken_since_has_not_said_nothing_at_the_end() -> None:
    world = world_of(BY_HAND)
    world.command(QUIETLY)
    world.commit_voice()
    world.speak()
    world.settle("hello")
    world.command(EndCall(command_id="end", reason="bye"))
    world.settle()
    assert said(world.state.memory.history) == [("user", "hello"), ("assistant", "You said hello. Anything else?")]


def test_a_turn_by_hand_in_which_nothing_is_said_leaves_nothing_while_the_call_goes_on() -> None:
    world = world_of(BY_HAND)
    world.command(QUIETLY)
    world.commit_voice()
    world.settle("")
    assert said(world.state.memory.history) == []
    assert events(world, CommandDone) == [CommandDone(command_id="commit")]


def test_a_call_whose_last_words_do_not_end_is_over_all_the_same() -> None:
    world = world_of(BY_HAND)
    world.command(QUIETLY)
    world.command(EndCall(command_id="end", reason="bye"))
    world.commit_all()
    began = world.now
    assert world.wait()
    world.settle()
    assert world.state.memory.closed
    assert world.now - began == pytest.approx(COMMIT_TIMEOUT_S)


def test_where_it_is_not_understood_nobody_is_asked_to_say_it_again() -> None:
    world = world_of()
    world.begin_to_speak()
    world.command(QUIETLY)
    world.stop_speaking()
    world.commit_voice()
    world.commit_all()
    assert world.recognizing is not None
    token, world.recognizing = world.recognizing.token, None
    world.feed(i.RecognitionFailed(token=token, text="deaf", retryable=False))
    world.settle()
    assert said(world.state.memory.history) == []
    assert not events(world, SpeechCreated)
    assert world.state.memory.inbox == ()


def test_a_call_without_ears_refuses_it() -> None:
    world = world_of(replace(CHECKED, program=True))
    request = world.command(QUIETLY)
    world.commit_all()
    assert isinstance(world.answers[request], ErrorReply)
