"""Whole conversations through the pure core, text and speech."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from protocols import (
    AgentMessage,
    AgentSentence,
    CommandDone,
    ConversationState,
    EndCall,
    ModelUsage,
    ReplyLatency,
    Role,
    SpeechCreated,
    SpeechDone,
    SpeechOutcome,
    StateChanged,
    TurnLatency,
    UsageUpdated,
    UserMessage,
)
from support import chat
from support.session_world import CHECKED, SPOKEN, World


def states(world: World) -> list[str]:
    return [str(pushed.event.new) for pushed in world.events if isinstance(pushed.event, StateChanged)]


def said(world: World) -> list[tuple[str, str]]:
    return chat.said(world.state.memory.history)


def test_a_text_is_answered_sentence_by_sentence() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("hello", "one")
    world.settle()
    assert [pushed.event for pushed in world.events if not isinstance(pushed.event, StateChanged)][1:] == [
        SpeechCreated(
            speech_id="speech-1",
            source="text",
            priority=5,
            allow_interruptions=True,
            user_initiated=False,
            command_id="one",
            owner="gateway",
        ),
        UserMessage(turn_id="turn-1", text="hello", source="text"),
        ReplyLatency(turn_id="turn-1", latency_ms=0.0),
        AgentSentence(speech_id="speech-1", text="You said hello."),
        AgentSentence(speech_id="speech-1", text="Anything else?"),
        AgentMessage(speech_id="speech-1", text="You said hello. Anything else?", interrupted=False),
        SpeechDone(speech_id="speech-1", source="text", outcome=SpeechOutcome.COMPLETED, command_id="one", owner="gateway"),
        TurnLatency(turn_id="turn-1", end_of_turn_ms=0.0, first_token_ms=0.0, heard_ms=0.0),
        UsageUpdated(models=(ModelUsage(kind="llm", requests=1),)),
        CommandDone(command_id="one"),
    ]
    assert states(world) == ["thinking", "responding", "idle"]
    assert said(world) == [("user", "hello"), ("assistant", "You said hello. Anything else?")]


def test_speech_passes_through_six_states() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.speak()
    world.settle("hello")
    assert states(world) == ["listening", "processing", "thinking", "responding", "speaking", "idle"]
    assert said(world)[0] == ("user", "hello")


def test_tools_run_one_after_the_other_and_their_results_are_told() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("use look order")
    world.settle()
    assert said(world) == [
        ("user", "use look order"),
        ("assistant", "One moment."),
        ("tool", "done"),
        ("tool", "done"),
        ("assistant", "It came back: done."),
    ]
    assert world.ran == {"call-1": 1, "call-2": 1}
    assert world.state.memory.user_data_json == '{"last": "call-2"}'


def test_a_filler_is_heard_while_the_tool_runs() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.send("use look")
    while not world.tool:
        assert world.commit() or world.think()
    world.play(100)
    assert world.state.phase is ConversationState.TOOL_EXECUTION
    assert world.events[-1].event == AgentSentence(speech_id="speech-1", text="One moment.") or world.commit()
    world.settle()
    assert world.played["speech-1"][0] == (0, 100)


def test_an_empty_reply_ends_the_turn() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("silence")
    world.settle()
    assert states(world) == ["thinking", "idle"]
    assert said(world) == [("user", "silence")]


def test_the_greeting_is_a_turn_of_the_agent() -> None:
    world = World(replace(SPOKEN, greeting="Welcome. How can I help?"))
    world.subscribe()
    world.settle()
    assert said(world) == [("assistant", "Welcome. How can I help?")]
    assert states(world) == ["responding", "speaking", "idle"]


def test_nothing_is_heard_before_somebody_listens_or_the_wait_is_over() -> None:
    world = World(replace(SPOKEN, greeting="Welcome."))
    world.commit_all()
    assert not world.play()
    world.subscribe(audio=False)
    assert not world.play()
    assert world.wait()
    assert world.play()


def test_the_latency_runs_from_the_end_of_the_callers_turn_to_the_first_sound() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.now = 10.0
    world.speak()
    world.now = 10.5
    world.settle()
    (latency,) = [pushed.event for pushed in world.events if isinstance(pushed.event, ReplyLatency)]
    assert latency == ReplyLatency(turn_id="turn-1", latency_ms=500.0)


def test_the_call_ends_after_everything_that_was_accepted_before() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.send("one", "a")
    world.send("two", "b")
    world.command(EndCall(command_id="c", reason="bye"))
    refused = world.send("three", "d")
    world.settle()
    assert world.left
    assert [text for role, text in said(world) if role == Role.USER] == ["one", "two"]
    assert world.refusal(refused).error == "SessionUnavailableError"
    assert not world.refusal(refused).retryable
    kinds = [type(pushed.event).__name__ for pushed in world.events]
    assert kinds[-2:] == ["CommandDone", "CallEnded"]
    assert [name for name, _ in world.told] == ["job_context/c"]


@given(st.lists(st.sampled_from(["hello", "use look", "use order look", "silence", "use nothing"]), max_size=6), st.booleans())
def test_every_message_is_answered_in_its_order(texts: list[str], spoken: bool) -> None:
    world = World(SPOKEN if spoken else CHECKED)
    world.subscribe()
    for text in texts:
        world.send(text)
    world.settle()
    assert [text for role, text in said(world) if role == Role.USER] == texts
    assert [pushed.number for pushed in world.events] == list(range(1, len(world.events) + 1))
    assert world.state.phase is ConversationState.IDLE
