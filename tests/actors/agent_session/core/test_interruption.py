"""Stopping the agent: what was heard is known, and tools end first."""

from dataclasses import replace

import pytest

from actors.agent_session.core import inputs as i
from actors.agent_session.core.tools import NOT_RUN
from protocols import (
    AgentMessage,
    AgentSentence,
    CancelResponse,
    CommandDone,
    ConversationState,
    Degraded,
    PartRecovered,
    Say,
    SessionError,
    SpeechDone,
    SpeechOutcome,
)
from support.chat import said, texts
from support.session_world import CHECKED, SPOKEN, VOICE_HZ, World

S = ConversationState


def speaking(text: str = "hello", samples: int = 700) -> World:
    world = World(SPOKEN)
    world.subscribe()
    world.send(text, "ask")
    while world.state.phase is not S.SPEAKING:
        assert world.commit() or world.think() or world.play(samples)
    world.commit_all()
    return world


def cancel(world: World, command_id: str = "stop") -> None:
    world.command(CancelResponse(command_id=command_id))


def events(world: World, kind: type) -> list[object]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def test_history_keeps_what_was_heard() -> None:
    world = speaking()
    cancel(world)
    assert world.state.phase is S.INTERRUPTED
    world.settle()
    assert texts(world.state.memory.history)[-1] == "You"
    assert events(world, AgentMessage) == [AgentMessage(speech_id="speech-1", text="You", interrupted=True)]
    assert events(world, CommandDone) == [CommandDone(command_id="ask"), CommandDone(command_id="stop")]
    assert world.state.phase is S.IDLE


@pytest.mark.parametrize(("heard_s", "kept"), [(0.2, []), (0.3, ["Go"])])
def test_of_what_is_cut_at_once_nothing_was_made_out(heard_s: float, kept: list[str]) -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.settle()
    world.command(Say(command_id="say", text="Go on and on. And on."))
    world.commit_all()
    world.play(round(heard_s * VOICE_HZ))
    world.commit_all()
    cancel(world)
    world.settle()
    assert texts(world.state.memory.history) == kept
    assert [event.outcome for event in events(world, SpeechDone)] == [SpeechOutcome.INTERRUPTED]


def test_what_was_heard_of_an_answer_before_stands_though_the_next_sentence_is_cut_at_once() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.settle()
    world.command(Say(command_id="say", text="I. Go on."))
    world.commit_all()
    while world.state.played < 1:
        assert world.play() or world.commit()
    world.play(20)
    world.commit_all()
    cancel(world)
    world.settle()
    assert texts(world.state.memory.history) == ["I."]


def test_an_answer_behind_tools_is_cut_at_once_by_itself() -> None:
    world = World(replace(SPOKEN, program=True))
    world.subscribe()
    world.send("use look")
    world.commit_all()
    while not (world.state.memory.turn and len(world.state.memory.turn.starts) == 2):
        assert world.commit() or world.play(100) or world.think() or world.finish_tool()
    world.commit_all()
    cancel(world)
    world.settle()
    assert [text for text in texts(world.state.memory.history) if text] == ["use look", "One moment.", "done"]


def test_a_second_cancellation_is_done_with_the_first() -> None:
    world = speaking()
    cancel(world)
    cancel(world, "again")
    world.settle()
    assert events(world, CommandDone)[1:] == [CommandDone(command_id="stop"), CommandDone(command_id="again")]


def test_a_text_that_is_being_written_is_kept_as_far_as_it_stands() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("hello")
    world.commit_all()
    world.think()
    cancel(world)
    world.settle()
    assert events(world, AgentMessage) == [AgentMessage(speech_id="speech-1", text="You said hello.", interrupted=True)]


def test_a_reply_that_ended_meanwhile_is_whole() -> None:
    world = speaking(samples=100_000)
    while world.state.played < 1:
        world.play()
    world.feed(i.SentencePlaying(speech_id="speech-1", index=1, position=1_500))
    world.think()
    world.commit_all()
    cancel(world)
    world.feed(i.SentencePlayed(speech_id="speech-1", index=1))
    world.timers.clear()
    world.feed(i.SpeechStopped(speech_id="speech-1", index=2, char=0))
    world.settle()
    assert events(world, AgentMessage) == [AgentMessage(speech_id="speech-1", text="You said hello. Anything else?", interrupted=False)]


def test_a_tool_that_runs_is_awaited_and_the_next_is_not_run() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("use look order")
    while world.tool is None:
        assert world.commit() or world.think()
    cancel(world)
    assert world.state.phase is S.TOOL_EXECUTION
    world.settle()
    results = [text for who, text in said(world.state.memory.history) if who == "tool"]
    assert results == ["done", NOT_RUN]
    assert world.ran == {"call-1": 1}
    assert world.state.phase is S.IDLE


def test_a_filler_stops_at_once_though_the_tool_goes_on() -> None:
    world = World(replace(SPOKEN, resume_false_interruption=False))
    world.subscribe()
    world.send("use look")
    while world.tool is None:
        assert world.commit() or world.think()
    world.play(300)
    world.begin_to_speak(lasts=False)
    world.feed(i.VoiceLasted())
    assert world.output.stopped == ("speech-1",)
    assert world.state.phase is S.TOOL_EXECUTION
    world.finish_tool()
    assert world.state.phase is S.INTERRUPTED
    world.stop_speaking()
    world.settle("stop")
    assert texts(world.state.memory.history)[:3] == ["use look", "One", "done"]


def test_a_voice_that_fails_ends_the_reply_before_its_sentence_and_the_caller_hears_the_apology() -> None:
    world = speaking()
    world.output.queue.clear()
    world.feed(i.SpeechFailed(speech_id="speech-1", index=0, text="hoarse", retryable=False))
    world.settle()
    assert events(world, SessionError) == [SessionError(source="tts", text="hoarse", retryable=False)]
    assert events(world, AgentMessage) == [
        AgentMessage(speech_id="speech-1", text="", interrupted=True),
        AgentMessage(speech_id="speech-2", text=SPOKEN.apology, interrupted=False),
    ]
    assert world.state.phase is S.IDLE


def fail(world: World, speech_id: str, index: int = 0) -> None:
    """The voice cannot say a sentence of a speech, and so none of it."""
    world.output.queue.clear()
    world.feed(i.SpeechFailed(speech_id=speech_id, index=index, text="hoarse", retryable=False))
    world.commit_all()


def voiceless() -> World:
    """A call whose voice could not even say the apology."""
    world = speaking()
    fail(world, "speech-1")
    fail(world, "speech-2")
    world.settle()
    return world


def test_what_a_voice_cannot_say_for_want_of_better_is_told_as_text() -> None:
    world = voiceless()
    assert len(events(world, SessionError)) == 2
    assert events(world, Degraded) == [Degraded(part="tts", to="text", text="hoarse")]
    assert [event.text for event in events(world, AgentMessage)] == ["", SPOKEN.apology]  # type: ignore[attr-defined]
    assert events(world, AgentSentence)[-1] == AgentSentence(speech_id="speech-2", text=SPOKEN.apology)
    assert world.state.phase is S.IDLE


def test_while_the_voice_fails_each_reply_tries_it_once_and_is_then_told_to_its_end() -> None:
    world = voiceless()
    world.send("again")
    while world.state.phase is not S.SPEAKING and not world.output.queue:
        assert world.commit() or world.think()
    fail(world, "speech-3")
    assert [sentence.text for sentence in events(world, AgentSentence)][-1] == "You said again."  # type: ignore[attr-defined]
    world.settle()
    assert texts(world.state.memory.history)[-1] == "You said again. Anything else?"
    assert not world.output.queue
    assert (world.state.phase, world.state.played) == (S.IDLE, 0)


def test_a_voice_that_works_again_is_given_the_apology_first_when_it_fails_the_next_time() -> None:
    world = voiceless()
    world.feed(i.PartReported(event=PartRecovered(part="llm")))
    assert world.state.voice_fails
    world.feed(i.PartReported(event=PartRecovered(part="tts")))
    assert not world.state.voice_fails
    world.send("again")
    while not world.output.queue:
        assert world.commit() or world.think()
    fail(world, "speech-3")
    world.settle()
    assert [event.text for event in events(world, AgentMessage)][-2:] == ["", SPOKEN.apology]  # type: ignore[attr-defined]


def test_a_reply_that_is_told_can_be_cancelled() -> None:
    world = voiceless()
    world.send("again")
    while not world.output.queue:
        assert world.commit() or world.think()
    fail(world, "speech-3")
    cancel(world)
    world.settle("stop")
    assert events(world, AgentMessage)[-1] == AgentMessage(speech_id="speech-3", text="You said again.", interrupted=True)


def test_a_voice_that_fails_while_it_is_stopped_answers_how_far_it_got() -> None:
    world = speaking()
    cancel(world)
    world.timers.clear()
    world.feed(i.SpeechFailed(speech_id="speech-1", index=0, text="hoarse", retryable=False))
    world.feed(i.SpeechFailed(speech_id="speech-1", index=0, text="hoarse", retryable=False))
    world.settle()
    assert world.state.phase is S.IDLE


def test_word_of_another_reply_changes_nothing() -> None:
    world = speaking()
    before = world.state
    world.feed(i.SpeechStopped(speech_id="speech-9", index=0, char=0))
    world.feed(i.SpeechStopped(speech_id="speech-1", index=0, char=0))
    world.feed(i.SpeechFailed(speech_id="speech-9", index=0, text="", retryable=True))
    world.feed(i.SentencePlayed(speech_id="speech-9", index=0))
    world.feed(i.SentencePlaying(speech_id="speech-9", index=0, position=0))
    world.feed(i.SentencePlaying(speech_id="speech-1", index=9, position=0))
    assert world.state == before


def test_what_an_earlier_life_had_played_counts_as_heard() -> None:
    world = speaking(samples=100_000)
    while len(world.state.memory.turn.starts if world.state.memory.turn else ()) < 2:
        assert world.commit() or world.think() or world.play(400)
    world.commit_all()
    world.kill()
    world.subscribe()
    cancel(world)  # before anything is heard in this life
    world.settle()
    assert texts(world.state.memory.history)[-1].startswith("You said hello.")


def test_what_was_stopped_before_its_words_were_in_the_journal_is_never_said() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.commit_all()
    for number in range(2):
        world.command(Say(command_id=f"say-{number}", text="Please wait."))
        world.command(CancelResponse(command_id=f"stop-{number}"))
        world.wait()
    world.send("hello")
    world.settle()
    assert set(world.played) == {"speech-3"}
    assert world.played["speech-3"][0][0] == 0
