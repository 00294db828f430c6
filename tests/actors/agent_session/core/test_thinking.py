"""The model: asked again where that helps, never said twice, never left unsaid."""

import pytest

from actors.agent_session.core import inputs as i
from protocols import AgentSentence, ConversationState, FinishReason, SessionError
from support.chat import texts
from support.session_world import CHECKED, SPOKEN, World


def asked(world: World) -> World:
    world.subscribe()
    world.send("hello")
    world.commit_all()
    return world


def fail(world: World, *, retryable: bool) -> None:
    world.model = None
    retry_in_s = 0.3 if retryable else None
    world.feed(i.ThinkingFailed(token=world.state.thinking, text="no idea", retryable=retryable, retry_in_s=retry_in_s))


def sentences(world: World) -> list[str]:
    return [pushed.event.text for pushed in world.events if isinstance(pushed.event, AgentSentence)]


def test_the_model_is_asked_only_once_the_journal_knows_of_it() -> None:
    """What it is asked may kill this life: the next one has to know that it was asked, and how often."""
    world = World(CHECKED)
    world.send("hello")
    assert world.model is None
    world.commit_all()
    assert world.model is not None
    world.kill()
    assert world.model is None
    world.commit_all()
    assert world.model is not None


def test_a_failure_that_may_pass_is_asked_again_and_nothing_is_said_twice() -> None:
    world = asked(World(CHECKED))
    world.think()
    fail(world, retryable=True)
    assert world.model is None
    world.settle()
    assert sentences(world) == ["You said hello.", "Anything else?"]
    assert not any(isinstance(pushed.event, SessionError) for pushed in world.events)


def test_a_failure_that_stays_is_told_and_apologised_for() -> None:
    world = asked(World(CHECKED))
    for _ in range(2):
        fail(world, retryable=True)
        world.wait()
    fail(world, retryable=False)
    world.settle()
    assert sentences(world) == [CHECKED.apology]
    assert [pushed.event for pushed in world.events if isinstance(pushed.event, SessionError)] == [
        SessionError(source="llm", text="no idea", retryable=False)
    ]
    assert world.state.phase is ConversationState.IDLE


def test_a_failure_that_no_retry_cures_ends_the_reply_with_the_apology() -> None:
    world = asked(World(SPOKEN))
    world.think()
    fail(world, retryable=False)
    world.settle()
    assert sentences(world) == ["You said hello.", SPOKEN.apology]


@pytest.mark.parametrize("asked_s", [0.0, 0.3, 2.0])
def test_the_model_is_asked_again_when_its_supervisor_says_so(asked_s: float) -> None:
    world = asked(World(CHECKED))
    world.model = None
    world.feed(i.ThinkingFailed(token=world.state.thinking, text="busy", retryable=True, retry_in_s=asked_s))
    (due,) = [at for at, what in world.timers if isinstance(what, i.RetryDue)]
    assert due - world.now == pytest.approx(asked_s)


def test_a_reply_that_was_cut_is_said_and_told_to_be_cut() -> None:
    world = asked(World(CHECKED))
    world.think()
    world.model = None
    world.feed(i.RoundFinished(token=world.state.thinking, calls=(), reason=FinishReason.LENGTH))
    world.settle()
    assert sentences(world) == ["You said hello."]
    (error,) = [pushed.event for pushed in world.events if isinstance(pushed.event, SessionError)]
    assert (error.source, error.retryable) == ("llm", False)
    assert "cut at the model's limit of tokens" in error.text


def test_another_answer_after_a_restart_is_said_from_the_first_difference_on() -> None:
    world = asked(World(CHECKED))
    world.think()
    world.commit_all()
    world.kill()
    world.subscribe()
    world.commit_all()
    token = world.state.thinking
    world.model = None
    for text in ("You said hello.", "What else?", "Tell me."):
        world.feed(i.SentenceReady(token=token, text=text))
    world.feed(i.RoundFinished(token=token, calls=()))
    world.settle()
    assert texts(world.state.memory.history)[-1] == "You said hello. What else? Tell me."


@pytest.mark.parametrize("heard", [0, 1, 2])
def test_killed_after_any_sentence_the_text_is_as_the_model_wrote_it(heard: int) -> None:
    world = asked(World(CHECKED))
    answer = (("You said hello.", "\nYou  said hello."), ("Tell me.", "\n\nTell me."))
    for written_so_far in (answer[:heard], answer):
        world.model = None
        token = world.state.thinking
        for text, written in written_so_far:
            world.feed(i.SentenceReady(token=token, text=text, written=written))
        world.commit_all()
        if written_so_far is answer:
            world.feed(i.RoundFinished(token=token, calls=(), space=" \n"))
            world.settle()
            break
        world.kill()
        world.commit_all()
    assert texts(world.state.memory.history)[-1] == "\nYou  said hello.\n\nTell me. \n"


def test_a_shorter_answer_leaves_what_was_said_as_it_is() -> None:
    world = asked(World(CHECKED))
    world.think()
    world.think()
    world.commit_all()
    world.kill()
    world.commit_all()
    world.model = None
    world.feed(i.SentenceReady(token=world.state.thinking, text="You said hello."))
    world.feed(i.RoundFinished(token=world.state.thinking, calls=()))
    world.settle()
    assert texts(world.state.memory.history)[-1] == "You said hello. Anything else?"


def test_what_comes_late_is_not_said() -> None:
    world = asked(World(CHECKED))
    before = world.state
    world.feed(i.SentenceReady(token=99, text="late"))
    world.feed(i.RoundFinished(token=99, calls=()))
    world.feed(i.ThinkingFailed(token=99, text="late", retryable=True))
    world.feed(i.RetryDue(token=99))
    assert world.state == before
