"""The caller's voice: whose turn it is, and what is no turn."""

from actors.agent_session.core import inputs as i
from actors.agent_session.core.caller import MAX_LATER
from actors.turn_taking import EndedBy
from protocols import (
    AgentMessage,
    CommandDone,
    CommitAudio,
    ConversationState,
    SessionError,
    SpeechCreated,
    StateChanged,
    UserInputSettled,
    UserInputTranscribed,
    UserMessage,
    UserTurnCommitted,
    UserTurnExceeded,
)
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


def test_what_was_said_before_a_discard_is_never_understood_and_what_follows_is() -> None:
    world = listening()
    world.begin_to_speak()
    world.command(CommitAudio(command_id="clear", discard=True))
    world.commit_all()
    assert world.voice_ends[0].position == world.position
    world.stop_speaking()
    world.commit_voice()
    world.settle("unheard")
    assert any(pushed.event == CommandDone(command_id="clear") for pushed in world.events)
    assert not texts(world.state.memory.history)
    assert world.state.utterance is None
    world.begin_to_speak()
    world.stop_speaking()
    world.settle("short")
    assert texts(world.state.memory.history)[0] == "short"


def test_a_turn_that_is_over_and_not_understood_is_discarded_too() -> None:
    world = listening()
    world.begin_to_speak()
    world.stop_speaking()
    world.commit_all()
    assert world.state.recognizing
    world.command(CommitAudio(command_id="clear", discard=True))
    assert world.state.utterance is None
    assert not world.state.recognizing


def reach_the_limit(world: World, samples: int = 1_000) -> None:
    """The caller speaks until his turn is ended, and goes on."""
    world.begin_to_speak()
    world.stop_speaking(samples, EndedBy.LIMIT)


def test_a_turn_that_reached_its_limit_is_told_of_and_answered() -> None:
    world = World(SPOKEN)
    world.subscribe()
    reach_the_limit(world, 16_000)
    world.settle("and then I said and then he said")
    events = [pushed.event for pushed in world.events]
    exceeded = UserTurnExceeded(text="and then I said and then he said", words=8, duration_ms=1_000)
    assert [event for event in events if isinstance(event, UserTurnExceeded)] == [exceeded]
    assert [pushed.event.by for pushed in world.passing if isinstance(pushed.event, UserTurnCommitted)] == ["limit"]
    assert [event.text for event in events if isinstance(event, UserMessage)] == ["and then I said and then he said"]
    assert [event.allow_interruptions for event in events if isinstance(event, SpeechCreated)] == [False]


def test_noise_without_words_exceeds_nothing() -> None:
    world = World(SPOKEN)
    world.subscribe()
    reach_the_limit(world)
    world.settle("")
    assert not [pushed for pushed in world.events if isinstance(pushed.event, UserTurnExceeded)]
    assert world.state.phase is S.IDLE


def test_who_goes_on_behind_the_limit_is_answered_first_and_has_another_turn() -> None:
    world = World(SPOKEN)
    world.subscribe()
    reach_the_limit(world)
    world.begin_to_speak()
    assert world.state.utterance is not None
    assert world.state.utterance.end is not None, "what he said before is not listened to as a part of this"
    world.commit_all()
    assert world.recognize("the first words")
    assert world.state.utterance is not None
    assert world.state.utterance.start == world.spoken[1].start
    assert world.state.utterance.lasted
    while world.state.phase is not S.SPEAKING:
        assert world.commit() or world.think() or world.wait() or world.play(100)
    assert world.state.interruption is None, "he does not interrupt the answer"
    world.stop_speaking()
    world.settle("the other words")
    messages = [pushed.event for pushed in world.events if isinstance(pushed.event, UserMessage)]
    assert [message.text for message in messages] == ["the first words", "the other words"]
    replies = [pushed.event for pushed in world.events if isinstance(pushed.event, AgentMessage)]
    assert [reply.interrupted for reply in replies] == [False, False]
    assert [speech.event.allow_interruptions for speech in world.events if isinstance(speech.event, SpeechCreated)] == [False, True]


def test_whole_turns_behind_the_limit_wait_for_it() -> None:
    world = World(SPOKEN)
    world.subscribe()
    reach_the_limit(world)
    world.speak()
    world.speak()
    assert len(world.state.later) == 6
    world.settle("words")
    assert not world.state.later
    assert [pushed.event.text for pushed in world.events if isinstance(pushed.event, UserMessage)] == ["words", "words"]


def test_so_much_that_nothing_more_waits_is_one_turn_with_it() -> None:
    world = World(SPOKEN)
    world.subscribe()
    reach_the_limit(world)
    for _ in range(MAX_LATER // 3 + 1):
        world.speak()
    assert len(world.state.later) > MAX_LATER
    world.speak()
    assert not world.state.later
    world.settle("all the words")
    assert [pushed.event.text for pushed in world.events if isinstance(pushed.event, UserMessage)] == ["all the words"]
    assert world.state.memory.heard_until == world.position
    assert world.state.phase is S.IDLE


def test_killed_after_every_effect_a_turn_that_reached_its_limit_is_answered_once_and_what_follows_too() -> None:
    for fuse in range(400):
        world = World(SPOKEN)
        world.subscribe()
        world.commit_all()
        world.fuse = fuse
        reach_the_limit(world)
        world.speak()
        world.settle("words")
        if world.dead:
            world.fuse = None
            world.kill()
            world.subscribe()
            world.settle("words")
        assert [pushed.event.text for pushed in world.events if isinstance(pushed.event, UserMessage)] == ["words", "words"]
        if world.lives == 1:
            return
    raise AssertionError("it has no end")


def test_what_will_not_change_of_what_he_says_is_told_as_such_once_and_not_as_interim_text() -> None:
    world = listening()
    world.begin_to_speak()
    for text, settled in [("two", False), ("two pizzas", True), ("two pizzas", False), ("two pizzas and", False)]:
        world.feed(i.InterimTranscript(text=text, language="en", settled=settled))
    world.commit_all()
    told = [event.event for event in world.passing if isinstance(event.event, UserInputTranscribed | UserInputSettled)]
    assert told == [
        UserInputTranscribed(text="two", is_final=False, language="en"),
        UserInputSettled(text="two pizzas", language="en"),
        UserInputTranscribed(text="two pizzas and", is_final=False, language="en"),
    ]
