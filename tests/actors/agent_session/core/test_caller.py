"""The caller's voice: whose turn it is, and what is no turn."""

from actors.agent_session.core import inputs as i
from protocols import CommandDone, CommitAudio, ConversationState, SessionError, StateChanged, UserMessage
from support.chat import texts
from support.session_world import SPOKEN, World

S = ConversationState


def listening() -> World:
    world = World(SPOKEN)
    world.subscribe()
    world.commit_all()
    return world


def speaking(text: str = "hello") -> World:
    """The agent is heard, in the middle of its first sentence."""
    world = listening()
    world.send(text)
    while world.state.phase is not S.SPEAKING:
        assert world.commit() or world.think() or world.play(300)
    world.commit_all()
    return world


def states(world: World) -> list[str]:
    return [str(pushed.event.new) for pushed in world.events if isinstance(pushed.event, StateChanged)]


def test_words_are_a_message() -> None:
    world = listening()
    world.speak()
    world.settle("two pizzas")
    assert any(pushed.event == UserMessage(turn_id="turn-1", text="two pizzas", source="audio") for pushed in world.events)
    assert world.state.memory.heard_until == world.position


def test_nothing_is_recognised_that_the_journal_does_not_know_of() -> None:
    world = listening()
    world.begin_to_speak()
    assert not world.heeded
    world.commit_all()
    assert world.heeded == [world.spoken[0].start]
    world.stop_speaking()
    assert world.recognizing is None
    world.commit_all()
    assert world.recognizing is not None


def test_sounds_without_words_are_nothing() -> None:
    world = listening()
    world.speak()
    world.settle("")
    assert states(world) == ["listening", "processing", "idle"]
    assert not world.state.memory.history
    assert (world.state.memory.caller, world.state.memory.heard_until) == (None, world.position)


def test_going_on_before_the_words_are_understood_is_one_turn() -> None:
    world = listening()
    world.speak()
    world.commit_all()
    first = world.recognizing
    assert first is not None
    world.begin_to_speak()
    world.stop_speaking()
    world.commit_all()
    job = world.recognizing
    assert job is not None
    assert (job.start, job.end) == (first.start, world.position)
    world.feed(i.Recognized(token=first.token, text="half"))
    world.settle("one whole sentence")
    assert texts(world.state.memory.history)[0] == "one whole sentence"
    assert states(world)[:5] == ["listening", "processing", "listening", "processing", "thinking"]


def test_speaking_over_the_agent_interrupts_once_it_lasts() -> None:
    world = speaking()
    world.begin_to_speak(lasts=False)
    assert world.state.phase is S.SPEAKING
    world.feed(i.VoiceLasted())
    assert world.state.phase is S.INTERRUPTED
    world.stop_speaking()
    world.settle("stop")
    assert texts(world.state.memory.history)[2] == "stop"


def test_a_short_word_over_the_agent_is_no_turn() -> None:
    world = speaking()
    world.speak(lasts=False)
    assert world.state.utterance is None
    assert world.state.phase is S.SPEAKING
    world.settle()
    assert len(world.state.memory.history) == 2
    assert world.state.memory.heard_until == world.position


def test_a_short_word_that_outlasts_the_agent_is_a_turn() -> None:
    world = speaking()
    world.begin_to_speak(lasts=False)
    world.settle()
    assert world.state.phase is S.LISTENING
    world.stop_speaking()
    world.settle("yes")
    assert texts(world.state.memory.history)[2] == "yes"


def test_a_short_word_before_the_agent_is_heard_takes_the_turn() -> None:
    world = listening()
    world.send("hello")
    world.speak(lasts=False)
    assert world.state.phase is S.PROCESSING
    world.settle("no wait")
    assert texts(world.state.memory.history)[:2] == ["hello", "no wait"]


def test_who_interrupted_with_nothing_is_answered_what_he_had_asked() -> None:
    world = listening()
    world.send("hello")
    world.speak()
    world.settle("")
    contents = texts(world.state.memory.history)
    assert contents == ["hello", "You said hello. Anything else?"]


def test_noise_after_an_answer_asks_for_nothing() -> None:
    world = speaking()
    world.speak()
    world.settle("")
    assert len(world.state.memory.history) == 2
    assert world.state.phase is S.IDLE


def test_during_a_tool_the_caller_waits_for_its_result() -> None:
    world = listening()
    world.send("use look")
    while world.tool is None:
        assert world.commit() or world.think()
    world.speak()
    assert world.state.phase is S.TOOL_EXECUTION
    world.settle("never mind")
    contents = texts(world.state.memory.history)
    assert contents == ["use look", "done", "never mind", "You said never mind. Anything else?"]


def test_a_second_utterance_in_the_same_wait_is_one_turn_with_the_first() -> None:
    world = listening()
    world.send("use look")
    while world.tool is None:
        assert world.commit() or world.think()
    world.speak()
    start = world.state.utterance.start if world.state.utterance else -1
    world.speak()
    world.finish_tool()
    while world.recognizing is None:
        assert world.commit() or world.wait()
    assert (world.recognizing.start, world.recognizing.end) == (start, world.position)


def test_the_recogniser_failing_makes_the_agent_ask_again() -> None:
    world = listening()
    world.speak()
    world.commit_all()
    job = world.recognizing
    assert job is not None
    world.feed(i.RecognitionFailed(token=job.token, text="no model", retryable=False))
    world.recognizing = None
    world.settle()
    assert any(pushed.event == SessionError(source="stt", text="no model", retryable=False) for pushed in world.events)
    assert texts(world.state.memory.history) == [SPOKEN.repeat]


def test_half_a_sentence_is_never_answered() -> None:
    world = listening()
    world.speak()
    world.commit_all()
    job = world.recognizing
    assert job is not None
    world.feed(i.AudioLost(token=job.token + 1))
    assert world.state.phase is S.PROCESSING
    world.feed(i.AudioLost(token=job.token))
    world.recognizing = None
    world.settle()
    assert texts(world.state.memory.history) == [SPOKEN.repeat]


def test_what_is_late_or_unheard_of_changes_nothing() -> None:
    world = listening()
    before = world.state
    for what in (
        i.VoiceLasted(),
        i.VoiceEnded(end=5, ended_s=0.0),
        i.Recognized(token=9, text="late"),
        i.RecognitionFailed(token=9, text="late", retryable=True),
        i.AudioCommitted(command_id="unknown"),
    ):
        world.feed(what)
        assert world.state == before


def test_a_committed_turn_is_done_when_it_was_listened_to() -> None:
    world = listening()
    world.begin_to_speak()
    world.command(CommitAudio(command_id="commit"))
    world.commit_all()
    assert world.voice_ends[0].position == world.position
    world.stop_speaking()
    world.commit_voice()
    world.settle("short")
    assert any(pushed.event == CommandDone(command_id="commit") for pushed in world.events)
    assert texts(world.state.memory.history)[0] == "short"
