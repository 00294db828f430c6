"""The model is asked before it is sure that the caller's turn is over, and nothing shows of it until it is."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import inputs as i
from actors.agent_session.core.preemption import MAX_GUESS_S, MAX_GUESSES
from protocols import SESSION_RATE_HZ, AgentMessage, CancelResponse, ConversationState, SessionError, UserMessage
from support.session_world import SPOKEN, World

S = ConversationState


def pausing(text: str = "two pizzas", setup: object = SPOKEN) -> World:
    """The caller pauses after ``text``, and may go on."""
    world = World(setup)  # type: ignore[arg-type]
    world.subscribe()
    world.commit_all()
    world.begin_to_speak()
    world.commit_all()
    assert world.preflight(text)
    world.commit_all()
    return world


def events(world: World, kind: type) -> list[Any]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def think_to_the_end(world: World) -> None:
    while world.think():
        pass


def test_the_answer_stands_when_the_turn_is_over() -> None:
    world = pausing()
    think_to_the_end(world)
    told = len(world.events)
    assert world.state.phase is S.LISTENING
    world.stop_speaking()
    world.commit_all()
    world.recognize("two pizzas")
    assert world.model is None, "it is not asked again"
    assert world.state.phase is S.RESPONDING
    world.settle()
    assert [event.text for event in events(world, AgentMessage)] == ["You said two pizzas. Anything else?"]
    assert isinstance(world.events[told].event, object)
    assert [event.text for event in events(world, UserMessage)] == ["two pizzas"]


def test_the_model_goes_on_with_what_it_has_begun() -> None:
    world = pausing()
    world.think()
    world.stop_speaking()
    world.commit_all()
    world.recognize("two pizzas")
    assert world.model is not None
    world.settle()
    assert [event.text for event in events(world, AgentMessage)] == ["You said two pizzas. Anything else?"]


def test_nothing_of_it_is_told_or_journalled_before() -> None:
    world = pausing("use order")
    before = len(world.entries), len(world.events)
    think_to_the_end(world)
    world.commit_all()
    assert (len(world.entries), len(world.events)) == before
    assert world.tool is None


def test_its_tools_run_once_the_turn_is_sure() -> None:
    world = pausing("use order")
    think_to_the_end(world)
    world.stop_speaking()
    world.settle("use order")
    assert sum(world.ran.values()) == 1


def test_who_goes_on_is_answered_what_he_said_in_all() -> None:
    world = pausing()
    world.think()
    world.begin_to_speak()
    assert world.model is None
    world.stop_speaking()
    world.settle("two pizzas and a salad")
    assert [event.text for event in events(world, AgentMessage)] == ["You said two pizzas and a salad. Anything else?"]


@pytest.mark.parametrize("heard", ["three pizzas", ""])
def test_other_words_are_answered_anew_and_none_not_at_all(heard: str) -> None:
    world = pausing()
    think_to_the_end(world)
    world.stop_speaking()
    world.settle(heard)
    assert [event.text for event in events(world, UserMessage)] == ([heard] if heard else [])
    assert [event.text for event in events(world, AgentMessage)] == ([f"You said {heard}. Anything else?"] if heard else [])
    assert world.state.guess is None
    assert world.model is None


def test_a_guess_that_fails_is_asked_again_and_only_then_told() -> None:
    world = pausing()
    assert world.state.guess is not None
    world.feed(i.ThinkingFailed(token=world.state.guess.question.token, text="busy", retryable=False))
    assert world.state.guess is None
    world.stop_speaking()
    world.settle("two pizzas")
    assert not events(world, SessionError)
    assert len(events(world, AgentMessage)) == 1


def test_the_same_words_are_guessed_once_and_others_so_often_in_a_turn() -> None:
    world = pausing()
    first = world.state.token
    world.preflight("two pizzas")
    assert world.state.token == first
    for number in range(2 * MAX_GUESSES):
        world.preflight(f"two pizzas and {number}")
    assert world.state.token == first + MAX_GUESSES - 1
    world.stop_speaking()
    world.settle("that was long")
    assert world.state.guesses == 0


def test_a_guess_dies_with_its_incarnation() -> None:
    world = pausing()
    think_to_the_end(world)
    world.kill()
    world.subscribe()
    world.stop_speaking()
    world.settle("two pizzas")
    assert [event.text for event in events(world, AgentMessage)] == ["You said two pizzas. Anything else?"]


def test_a_model_that_kills_what_guesses_with_it_is_given_up() -> None:
    world = pausing()
    for _ in range(2):
        world.commit_all()
        world.kill()
        world.subscribe()
        world.hear_again()
        world.commit_all()
        world.preflight("two pizzas")
    world.stop_speaking()
    world.settle("two pizzas")
    assert world.state.phase is S.IDLE
    assert not events(world, UserMessage)


@pytest.mark.parametrize("why", ["option", "speaking", "too long", "nothing", "another turn"])
def test_what_is_not_guessed(why: str) -> None:
    world = World(replace(SPOKEN, preemptive_generation=why != "option"))
    world.subscribe()
    if why == "speaking":
        world.send("hello")
        while world.state.phase is not S.SPEAKING:
            assert world.commit() or world.think() or world.play(300)
    world.commit_all()
    world.begin_to_speak(lasts=why != "speaking")
    world.commit_all()
    assert world.state.utterance is not None
    start, token = world.state.utterance.start, world.state.token
    end = start + int(MAX_GUESS_S * SESSION_RATE_HZ) + 1 if why == "too long" else start + 1_000
    text = "" if why == "nothing" else "two pizzas"
    world.feed(i.PreflightTranscript(start=start - 1 if why == "another turn" else start, end=end, text=text))
    assert world.state.guess is None
    assert world.state.token == token


def test_who_cancels_meanwhile_cancels_no_guess() -> None:
    world = pausing()
    world.command(CancelResponse(command_id="stop"))
    world.stop_speaking()
    world.settle("two pizzas")
    assert len(events(world, AgentMessage)) == 1
