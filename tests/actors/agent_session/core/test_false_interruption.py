"""A reply that the caller speaks over is held, until it is known whether he means to interrupt it."""

from dataclasses import replace

import pytest

from actors.agent_session.core import inputs as i
from actors.agent_session.core.tools import NOT_RUN
from protocols import (
    AgentMessage,
    AgentState,
    CancelResponse,
    CommandDone,
    ConversationState,
    FalseInterruption,
    Say,
    SessionError,
    UserMessage,
)
from support.chat import said
from support.session_world import SAMPLES_PER_CHAR, SPOKEN, World

S = ConversationState
SENTENCE = "This is a rather long sentence."
REST = "And another one."


def held(text: str = f"{SENTENCE} {REST}", setup: object = SPOKEN, at: int = 500) -> World:
    """A reply that is held in its first sentence, since the caller speaks."""
    world = World(setup)  # type: ignore[arg-type]
    world.subscribe()
    world.command(Say(command_id="say", text=text))
    while world.state.phase is not S.SPEAKING:
        assert world.commit() or world.wait() or world.play(at)
    world.commit_all()
    world.begin_to_speak()
    return world


def events(world: World, kind: type) -> list[object]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def heard_once(world: World, speech_id: str, text: str) -> None:
    """Each sample of it was played, and none twice."""
    at = 0
    for start, end in world.played[speech_id]:
        assert start == at
        at = end
    assert at == len(text.replace(" And", "And")) * SAMPLES_PER_CHAR


def test_it_is_held_at_once_and_goes_on_where_it_was_held_if_he_said_nothing() -> None:
    world = held()
    assert world.state.phase is S.INTERRUPTED
    assert world.output.held
    assert not world.play()
    world.stop_speaking()
    world.settle("")
    assert events(world, FalseInterruption) == [FalseInterruption(speech_id="speech-1", text="")]
    assert events(world, AgentMessage) == [AgentMessage(speech_id="speech-1", text=f"{SENTENCE} {REST}", interrupted=False)]
    heard_once(world, "speech-1", f"{SENTENCE} {REST}")
    assert not events(world, UserMessage)
    assert world.state.phase is S.IDLE


@pytest.mark.parametrize(
    ("language", "text", "goes_on"),
    [
        ("en", "Uh-huh.", True),
        ("en-US", "Okay, yeah.", True),
        ("en", "No, wait.", False),
        ("en", "Yeah, but not today.", False),
        ("de", "Genau.", True),
        ("de", "Nein.", False),
        ("", "Mm-hm.", True),
        ("", "Genau.", False),
        ("tlh", "Genau.", False),
    ],
)
def test_who_only_shows_that_he_listens_does_not_interrupt(language: str, text: str, goes_on: bool) -> None:
    world = held(setup=replace(SPOKEN, language=language))
    world.stop_speaking()
    world.settle(text)
    assert [event.text for event in events(world, FalseInterruption)] == ([text] if goes_on else [])  # type: ignore[attr-defined]
    assert [event.text for event in events(world, UserMessage)] == ([] if goes_on else [text])  # type: ignore[attr-defined]


def test_it_is_stopped_for_his_words_and_they_are_answered() -> None:
    world = held()
    world.stop_speaking()
    world.settle("spoken words")
    first, second = events(world, AgentMessage)
    assert first == AgentMessage(speech_id="speech-1", text="This", interrupted=True)
    assert second.text.startswith("You said spoken words.")  # type: ignore[attr-defined]
    assert events(world, UserMessage) == [UserMessage(turn_id="turn-2", text="spoken words", source="audio")]
    assert not events(world, FalseInterruption)


def test_he_who_goes_on_is_listened_to_until_he_ends() -> None:
    world = held()
    world.stop_speaking()
    world.commit_all()
    token = world.state.recognizing
    assert token
    world.begin_to_speak()
    assert not world.state.recognizing
    world.feed(i.Recognized(token=token, text="half a"))
    assert world.state.phase is S.INTERRUPTED, "what is recognised of half a turn is none"
    world.stop_speaking()
    world.settle("the whole of it")
    assert [event.text for event in events(world, UserMessage)] == ["the whole of it"]  # type: ignore[attr-defined]


def test_whoever_cancels_while_it_is_held_stops_it_and_he_is_listened_to() -> None:
    world = held()
    world.command(CancelResponse(command_id="stop"))
    world.settle("spoken words")
    assert world.state.phase is S.LISTENING
    world.stop_speaking()
    world.settle("spoken words")
    assert [event.command_id for event in events(world, CommandDone)] == ["say", "stop"]  # type: ignore[attr-defined]
    assert [event.interrupted for event in events(world, AgentMessage)] == [True, False]  # type: ignore[attr-defined]
    assert [event.text for event in events(world, UserMessage)] == ["spoken words"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("ended", [False, True])
def test_one_that_was_heard_to_its_end_meanwhile_is_over(ended: bool) -> None:
    world = held(SENTENCE)
    if ended:
        world.stop_speaking()
        world.commit_all()
    world.output.queue.clear()
    world.feed(i.SentencePlayed(speech_id="speech-1", index=0))
    assert world.state.phase is (S.PROCESSING if ended else S.LISTENING)
    if not ended:
        world.stop_speaking()
    world.settle("spoken words")
    assert [event.interrupted for event in events(world, AgentMessage)] == [False, False]  # type: ignore[attr-defined]
    assert [event.text for event in events(world, UserMessage)] == ["spoken words"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("what", [i.RecognitionFailed, i.AudioLost])
def test_where_his_words_are_lost_he_is_asked_again(what: type) -> None:
    world = held()
    world.stop_speaking()
    while world.recognizing is None:
        assert world.commit()
    token, world.recognizing = world.recognizing.token, None
    world.feed(what(token=token, **({"text": "no network", "retryable": True} if what is i.RecognitionFailed else {})))
    world.settle()
    assert [event.text for event in events(world, AgentMessage)] == ["This", SPOKEN.repeat]  # type: ignore[attr-defined]
    assert len(events(world, SessionError)) == 1


def test_a_voice_that_fails_while_it_is_held_ends_it() -> None:
    world = held()
    world.feed(i.SpeechFailed(speech_id="speech-1", index=1, text="no voice", retryable=False))
    world.stop_speaking()
    world.settle("spoken words")
    first, _second = events(world, AgentMessage)
    assert first == AgentMessage(speech_id="speech-1", text=SENTENCE, interrupted=True)
    assert [event.text for event in events(world, UserMessage)] == ["spoken words"]  # type: ignore[attr-defined]


def test_killed_while_it_is_held_it_is_decided_anew() -> None:
    for heard in ("", "spoken words"):
        world = held()
        world.stop_speaking()
        world.commit_all()
        world.kill()
        world.subscribe()
        world.settle(heard)
        assert [event.text for event in events(world, UserMessage)] == ([heard] if heard else [])  # type: ignore[attr-defined]
        assert world.state.phase is S.IDLE
        whole = events(world, AgentMessage)[0]
        assert whole.interrupted is bool(heard)  # type: ignore[attr-defined]


def held_while_written(text: str = "hello", setup: object = SPOKEN, thoughts: int = 1) -> World:
    """A reply that is held in its first sentence, while the model is still at it: it had so many ``thoughts``."""
    world = World(setup)  # type: ignore[arg-type]
    world.subscribe()
    world.send(text, "ask")
    thought = 0
    while world.state.phase not in {S.SPEAKING, S.TOOL_EXECUTION} or thought < thoughts:
        if thought < thoughts and world.think():
            thought += 1
        else:
            assert world.commit() or world.wait() or world.play(400)
    world.commit_all()
    if not world.played:
        world.play(400)
    world.commit_all()
    world.begin_to_speak()
    return world


def results(world: World) -> list[str]:
    return [text for who, text in said(world.state.memory.history) if who == "tool"]


def test_one_that_is_still_written_is_held_too_and_goes_on_being_written() -> None:
    world = held_while_written()
    assert world.state.held
    assert world.output.held
    while world.think():
        assert not world.play()
    world.commit_all()
    assert world.state.memory.turn is not None
    assert world.state.memory.turn.written
    assert world.state.phase is S.INTERRUPTED
    assert not world.play(), "what was written waits"
    world.stop_speaking()
    world.settle("")
    assert events(world, FalseInterruption) == [FalseInterruption(speech_id="speech-1", text="")]
    assert [event.text for event in events(world, AgentMessage)] == ["You said hello. Anything else?"]  # type: ignore[attr-defined]
    at = 0
    for start, end in world.played["speech-1"]:
        assert start == at, "at the sample where it was held"
        at = end
    assert world.state.phase is S.IDLE


def test_the_model_stops_where_his_words_are_meant() -> None:
    world = held_while_written()
    world.stop_speaking()
    world.commit_all()
    assert world.model is not None
    world.recognize("I want a pizza.")
    world.commit_all()
    assert world.model is None
    world.settle()
    first, second = events(world, AgentMessage)
    assert first == AgentMessage(speech_id="speech-1", text="You", interrupted=True)
    assert second.text.startswith("You said I want a pizza.")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("text", "goes_on"), [("A pizza.", True), ("Okay.", True), ("Stop.", False), ("A pizza with cheese.", False)])
def test_so_few_words_do_not_stop_one_that_is_still_written(text: str, goes_on: bool) -> None:
    world = held_while_written(setup=replace(SPOKEN, min_interruption_words=3))
    world.stop_speaking()
    world.settle(text)
    assert bool(events(world, FalseInterruption)) is goes_on
    assert [event.text for event in events(world, UserMessage)][1:] == ([] if goes_on else [text])  # type: ignore[attr-defined]


def test_where_nothing_of_it_is_left_to_be_heard_the_agent_thinks_when_it_goes_on() -> None:
    world = held_while_written()
    world.output.queue.clear()
    world.feed(i.SentencePlayed(speech_id="speech-1", index=0))
    assert world.state.phase is S.INTERRUPTED, "the rest is still written"
    world.stop_speaking()
    world.commit_all()
    world.recognize("")
    assert world.state.agent is AgentState.THINKING
    world.settle("")
    assert [event.interrupted for event in events(world, AgentMessage)] == [False]  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["", "I want a pizza."])
def test_no_tool_begins_while_it_is_held(text: str) -> None:
    world = held_while_written("use look look")
    while world.think():
        pass
    world.commit_all()
    assert world.state.memory.turn is not None
    assert len(world.state.memory.turn.waiting_calls) == 2
    assert world.tool is None
    world.stop_speaking()
    world.settle(text)
    assert results(world)[:2] == (["done", "done"] if not text else [NOT_RUN, NOT_RUN])
    assert world.ran == ({"call-1": 1, "call-2": 1} if not text else {})
    assert next(event.interrupted for event in events(world, AgentMessage)) is bool(text)  # type: ignore[attr-defined]
    assert world.state.phase is S.IDLE


@pytest.mark.parametrize(("text", "expected"), [("", ["done", "done"]), ("I want a pizza.", ["done", NOT_RUN])])
def test_a_tool_that_runs_goes_on_and_the_next_waits(text: str, expected: list[str]) -> None:
    world = held_while_written("use look order", thoughts=2)
    assert world.tool is not None
    assert world.state.held
    world.finish_tool()
    world.commit_all()
    assert world.tool is None
    assert world.state.memory.turn is not None
    assert len(world.state.memory.turn.waiting_calls) == 1
    world.stop_speaking()
    world.settle(text)
    assert results(world)[:2] == expected
    assert world.state.phase is S.IDLE


def test_the_model_is_asked_again_while_it_is_held_and_what_it_says_waits() -> None:
    world = held_while_written("use look", thoughts=2)
    world.finish_tool()
    world.commit_all()
    while world.think():
        pass
    world.commit_all()
    assert world.state.memory.turn is not None
    assert world.state.memory.turn.written
    assert world.state.phase is S.INTERRUPTED
    world.stop_speaking()
    world.settle("")
    assert [event.text for event in events(world, AgentMessage)] == ["One moment. It came back: done."]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "whole"), [("hello", "You said hello. Anything else?"), ("use look look", "One moment. It came back: done.")]
)
@pytest.mark.parametrize("thoughts", [1, 2])
def test_killed_after_every_effect_nothing_of_one_that_is_still_written_is_lost(text: str, whole: str, thoughts: int) -> None:
    for fuse in range(400):
        world = held_while_written(text, thoughts=thoughts)
        world.fuse = fuse
        world.stop_speaking()
        world.settle("")
        if world.dead:
            world.fuse = None
            world.kill()
            world.subscribe()
            world.settle("")
        assert [event.text for event in events(world, AgentMessage)] == [whole]  # type: ignore[attr-defined]
        assert [event.command_id for event in events(world, CommandDone)] == ["ask"]  # type: ignore[attr-defined]
        assert [event.text for event in events(world, UserMessage)] == [text]  # type: ignore[attr-defined]
        assert results(world) == ["done"] * text.count("look")
        if world.lives == 1:
            return
    raise AssertionError("it has no end")


@pytest.mark.parametrize("thoughts", [1, 2])
def test_killed_after_every_effect_his_words_over_one_that_is_still_written_are_answered(thoughts: int) -> None:
    for fuse in range(400):
        world = held_while_written("use look look", thoughts=thoughts)
        world.fuse = fuse
        world.stop_speaking()
        world.settle("I want a pizza.")
        if world.dead:
            world.fuse = None
            world.kill()
            world.subscribe()
            world.settle("I want a pizza.")
        assert [event.text for event in events(world, UserMessage)] == ["use look look", "I want a pizza."]  # type: ignore[attr-defined]
        assert [event.command_id for event in events(world, CommandDone)] == ["ask"]  # type: ignore[attr-defined]
        assert events(world, AgentMessage)[-1].text == "You said I want a pizza.. Anything else?"  # type: ignore[attr-defined]
        assert len(results(world)) in {0, 2}
        if world.lives == 1:
            return
    raise AssertionError("it has no end")


def test_it_is_stopped_at_once_where_that_is_wanted() -> None:
    world = held(setup=replace(SPOKEN, resume_false_interruption=False))
    assert not world.state.held
    world.stop_speaking()
    world.settle("")
    assert events(world, AgentMessage) == [AgentMessage(speech_id="speech-1", text="This", interrupted=True)]


def test_killed_after_every_effect_nothing_of_it_is_lost() -> None:
    """The reply is heard whole, and with it the caller's answer is known, whichever effect was the last of a life."""
    for fuse in range(400):
        world = held()
        world.fuse = fuse
        world.stop_speaking()
        world.settle("")
        if world.dead:
            world.fuse = None
            world.kill()
            world.subscribe()
            world.settle("")
        assert [event.text for event in events(world, AgentMessage)] == [f"{SENTENCE} {REST}"]  # type: ignore[attr-defined]
        assert [event.command_id for event in events(world, CommandDone)] == ["say"]  # type: ignore[attr-defined]
        if world.lives == 1:
            return
    raise AssertionError("it has no end")


@pytest.mark.parametrize(
    ("least", "text", "goes_on"),
    [(0, "Pizza.", False), (2, "Pizza.", True), (2, "A pizza.", False), (3, "A pizza.", True), (3, "Stop.", False), (2, "", True)],
)
def test_so_few_words_do_not_interrupt_unless_they_say_so(least: int, text: str, goes_on: bool) -> None:
    world = held(setup=replace(SPOKEN, min_interruption_words=least))
    world.stop_speaking()
    world.settle(text)
    assert bool(events(world, FalseInterruption)) is goes_on
    assert [event.text for event in events(world, UserMessage)] == ([] if goes_on else [text])  # type: ignore[attr-defined]


def echoing(text: str = f"{SENTENCE} {REST}", *, protected: bool = False) -> World:
    """A reply over which something is heard that may be the agent's own voice."""
    world = World(SPOKEN)
    world.subscribe()
    world.command(Say(command_id="say", text=text, allow_interruptions=not protected))
    while world.state.phase is not S.SPEAKING:
        assert world.commit() or world.wait() or world.play(500)
    world.commit_all()
    world.begin_to_speak(lasts=False)
    world.feed(i.VoiceLasted(echo=True))
    return world


@pytest.mark.parametrize("text", ["", "This is a rather", "rather long sentence", "Okay."])
def test_its_own_voice_changes_nothing(text: str) -> None:
    world = echoing()
    assert world.state.phase is S.SPEAKING
    assert not world.output.held
    world.stop_speaking()
    world.settle(text)
    assert events(world, AgentMessage) == [AgentMessage(speech_id="speech-1", text=f"{SENTENCE} {REST}", interrupted=False)]
    assert not events(world, FalseInterruption)
    assert not events(world, UserMessage)
    assert world.state.phase is S.IDLE
    heard_once(world, "speech-1", f"{SENTENCE} {REST}")


@pytest.mark.parametrize("text", ["Stop.", "No, wait.", "I want a pizza."])
def test_words_that_are_not_its_own_interrupt(text: str) -> None:
    world = echoing()
    world.stop_speaking()
    while world.recognizing is None:
        assert world.commit()
    assert not world.output.held
    assert world.recognize(text)
    world.settle()
    assert [event.text for event in events(world, UserMessage)] == [text]  # type: ignore[attr-defined]
    first = events(world, AgentMessage)[0]
    assert first == AgentMessage(speech_id="speech-1", text="This", interrupted=True)


@pytest.mark.parametrize(("text", "holds"), [("I want a", True), ("No", True), ("rather long", False), ("want", False), ("okay", False)])
@pytest.mark.parametrize("pause", [False, True])
def test_words_that_are_not_its_own_hold_it_before_they_end(text: str, *, holds: bool, pause: bool) -> None:
    world = echoing()
    world.commit_all()
    if pause:
        assert world.preflight(text)
    else:
        world.feed(i.InterimTranscript(text=text))
    world.commit_all()
    assert world.state.held is holds
    assert world.output.held is holds
    world.stop_speaking()
    world.settle("rather long sentence")
    assert bool(events(world, FalseInterruption)) is holds, "it was its own voice after all"
    assert not events(world, UserMessage)
    heard_once(world, "speech-1", f"{SENTENCE} {REST}")


def test_killed_after_every_effect_what_was_its_own_voice_changes_nothing() -> None:
    for fuse in range(400):
        world = echoing()
        world.fuse = fuse
        world.feed(i.InterimTranscript(text="I want a"))
        world.stop_speaking()
        world.settle("rather long sentence")
        if world.dead:
            world.fuse = None
            world.kill()
            world.subscribe()
            world.settle("")
        assert [event.text for event in events(world, AgentMessage)] == [f"{SENTENCE} {REST}"]  # type: ignore[attr-defined]
        assert not events(world, UserMessage)
        if world.lives == 1:
            return
    raise AssertionError("it has no end")


@pytest.mark.parametrize(("text", "answered"), [("rather long sentence", []), ("I want a pizza.", ["I want a pizza."])])
def test_over_speech_that_may_not_be_interrupted_whosever_voice_it_is_waits(text: str, answered: list[str]) -> None:
    world = echoing(protected=True)
    world.stop_speaking()
    world.commit_all()
    assert world.recognizing is None
    world.settle(text)
    first = events(world, AgentMessage)[0]
    assert first == AgentMessage(speech_id="speech-1", text=f"{SENTENCE} {REST}", interrupted=False)
    assert [event.text for event in events(world, UserMessage)] == answered  # type: ignore[attr-defined]


def test_its_own_voice_that_is_understood_when_the_reply_is_over_is_nobody_s() -> None:
    world = echoing()
    world.stop_speaking()
    while world.recognizing is None:
        assert world.commit()
    while world.state.memory.turn is not None:
        assert world.commit() or world.play()
    assert world.recognize("rather long sentence")
    world.settle()
    assert not events(world, UserMessage)


@pytest.mark.parametrize("what", [i.RecognitionFailed, i.AudioLost])
def test_what_may_be_its_own_voice_and_is_not_understood_is_nothing(what: type) -> None:
    world = echoing()
    world.stop_speaking()
    while world.recognizing is None:
        assert world.commit()
    token, world.recognizing = world.recognizing.token, None
    world.feed(what(token=token, **({"text": "no network", "retryable": True} if what is i.RecognitionFailed else {})))
    world.settle()
    assert [event.text for event in events(world, AgentMessage)] == [f"{SENTENCE} {REST}"]  # type: ignore[attr-defined]
    assert world.state.phase is S.IDLE


def test_words_that_are_understood_when_the_reply_is_over_are_a_turn() -> None:
    world = echoing()
    world.stop_speaking()
    while world.recognizing is None:
        assert world.commit()
    while world.state.memory.turn is not None:
        assert world.commit() or world.play()
    assert world.recognize("I want a pizza.")
    world.settle()
    assert [event.text for event in events(world, UserMessage)] == ["I want a pizza."]  # type: ignore[attr-defined]
