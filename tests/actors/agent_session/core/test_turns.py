"""What the program has the agent say: when, how protected, and that it is said once whatever dies."""

import pytest

from protocols import (
    AgentMessage,
    AgentSentence,
    CancelResponse,
    CommandDone,
    ConversationState,
    EndCall,
    GenerateReply,
    ReplyLatency,
    Role,
    Say,
    SendText,
    SessionCommand,
    SpeechPriority,
    TurnFailed,
    UserMessage,
)
from support.chat import said, texts
from support.session_world import CHECKED, SPOKEN, World

S = ConversationState


def events(world: World, kind: type) -> list[object]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def replies(world: World) -> list[str]:
    return [event.text for event in events(world, AgentMessage) if isinstance(event, AgentMessage)]


def world_of(setup: object = SPOKEN) -> World:
    world = World(setup)  # type: ignore[arg-type]
    world.subscribe()
    return world


def until_heard(world: World) -> None:
    """Go on until the agent is heard, in the middle of a sentence."""
    while world.state.phase is not S.SPEAKING:
        assert world.commit() or world.wait() or world.think() or world.play(500)
    world.commit_all()


def test_what_is_said_is_heard_and_stands_in_the_history_as_the_agents() -> None:
    world = world_of()
    world.command(Say(command_id="say", text="Your table is ready. Please come in."))
    world.settle()
    assert [event.text for event in events(world, AgentSentence)] == ["Your table is ready.", "Please come in."]  # type: ignore[attr-defined]
    assert events(world, AgentMessage) == [
        AgentMessage(speech_id="speech-1", text="Your table is ready. Please come in.", interrupted=False)
    ]
    assert events(world, CommandDone) == [CommandDone(command_id="say")]
    assert said(world.state.memory.history) == [(Role.ASSISTANT, "Your table is ready. Please come in.")]
    assert not events(world, UserMessage)
    assert not events(world, ReplyLatency), "nobody asked"


def test_the_model_speaks_by_itself_with_instructions_for_this_once() -> None:
    world = world_of(CHECKED)
    world.send("hello")
    world.settle()
    world.command(GenerateReply(command_id="ask", instructions="Ask for the name."))
    while world.model is None:
        assert world.commit()
    assert said(world.thought_about)[-1] == ("system", "Ask for the name.")
    world.settle()
    assert len(events(world, UserMessage)) == 1, "that of the first turn"
    assert "Ask for the name." not in texts(world.state.memory.history)
    world.send("and now")
    while world.model is None:
        assert world.commit()
    assert "Ask for the name." not in texts(world.thought_about)


def test_the_model_answers_what_the_program_puts_into_the_callers_mouth() -> None:
    world = world_of(CHECKED)
    world.command(GenerateReply(command_id="ask", user_input="a pizza", instructions="Be short."))
    while world.model is None:
        assert world.commit()
    assert said(world.thought_about)[-2:] == [
        (Role.USER, "a pizza"),
        (Role.SYSTEM, "Be short."),
    ]
    world.settle()
    assert events(world, UserMessage) == [UserMessage(turn_id="turn-1", text="a pizza", source="generate_reply")]
    assert len(events(world, ReplyLatency)) == 1
    assert texts(world.state.memory.history)[0] == "a pizza"


def test_what_waits_is_said_by_priority_then_age() -> None:
    world = world_of()
    world.send("hello", "first")
    until_heard(world)
    world.command(Say(command_id="low", text="Low.", priority=int(SpeechPriority.LOW)))
    world.command(Say(command_id="one", text="One."))
    world.send("a text", "two")
    world.command(Say(command_id="high", text="High.", priority=int(SpeechPriority.HIGH)))
    world.command(Say(command_id="other", text="Other high.", priority=10))
    world.command(Say(command_id="three", text="Three.", priority=5))
    world.settle()
    done = [event.command_id for event in events(world, CommandDone)]  # type: ignore[attr-defined]
    assert done == ["first", "high", "other", "one", "two", "three", "low"]


def test_the_call_ends_after_what_was_to_be_said_before() -> None:
    world = world_of()
    world.command(Say(command_id="say", text="Goodbye."))
    world.command(EndCall(command_id="end"))
    world.settle()
    assert replies(world) == ["Goodbye."]
    assert world.left


def test_the_callers_voice_stops_what_may_be_interrupted() -> None:
    world = world_of()
    world.command(Say(command_id="say", text="This is a rather long sentence."))
    until_heard(world)
    world.begin_to_speak()
    assert world.state.phase is S.INTERRUPTED
    world.stop_speaking()
    world.settle("spoken words")
    (said, answer) = events(world, AgentMessage)
    assert said.interrupted  # type: ignore[attr-defined]
    assert answer.text.startswith("You said spoken words.")  # type: ignore[attr-defined]


@pytest.mark.parametrize("ends", ["before the speech does", "after it"])
@pytest.mark.parametrize("killed", [False, True])
def test_what_may_not_be_interrupted_goes_on_and_the_callers_turn_comes_after_it(ends: str, killed: bool) -> None:
    world = world_of()
    world.command(Say(command_id="say", text="This is a rather long sentence.", allow_interruptions=False))
    until_heard(world)
    world.begin_to_speak()
    assert world.state.phase is S.SPEAKING
    if ends == "before the speech does":
        world.stop_speaking()
    if killed:
        world.commit_all()
        world.kill()
        world.subscribe()
        while world.hear_again():
            pass
    assert not world.state.memory.turn or not world.state.memory.turn.allow_interruptions
    while world.state.memory.turn is not None:
        assert world.commit() or world.wait() or world.play()
    if ends == "after it":
        assert world.state.phase is S.LISTENING
        world.stop_speaking()
    world.settle("spoken words")
    assert replies(world) == ["This is a rather long sentence.", "You said spoken words. Anything else?"]
    assert not any(event.interrupted for event in events(world, AgentMessage))  # type: ignore[attr-defined]
    assert [event.text for event in events(world, UserMessage)] == ["spoken words"]  # type: ignore[attr-defined]


def test_a_word_under_what_may_not_be_interrupted_is_no_turn() -> None:
    world = world_of()
    world.command(Say(command_id="say", text="This is a rather long sentence.", allow_interruptions=False))
    until_heard(world)
    world.speak(lasts=False)
    world.settle("mm")
    assert not events(world, UserMessage)


def test_a_reply_of_the_model_may_be_protected_too() -> None:
    world = world_of()
    world.command(GenerateReply(command_id="ask", instructions="Say the terms.", allow_interruptions=False))
    until_heard(world)
    world.speak()
    world.settle("spoken words")
    first, second = replies(world)
    assert first == "You said Say the terms.. Anything else?"
    assert second.startswith("You said spoken words.")


def test_whoever_cancels_stops_it_all_the_same() -> None:
    world = world_of()
    world.command(Say(command_id="say", text="This is a rather long sentence.", allow_interruptions=False))
    until_heard(world)
    world.command(CancelResponse(command_id="stop"))
    world.settle()
    assert [event.interrupted for event in events(world, AgentMessage)] == [True]  # type: ignore[attr-defined]
    assert events(world, CommandDone) == [CommandDone(command_id="say"), CommandDone(command_id="stop")]


@pytest.mark.parametrize("setup", [CHECKED, SPOKEN], ids=["text", "speech"])
def test_killed_after_every_effect_all_is_said_once(setup: object) -> None:
    commands: tuple[SessionCommand, ...] = (
        Say(command_id="0", text="Welcome back. How are you?"),
        GenerateReply(command_id="1", instructions="Ask for the name."),
        Say(command_id="2", text="One moment.", allow_interruptions=False, priority=int(SpeechPriority.HIGH)),
        EndCall(command_id="3"),
    )
    for fuse in range(1_000):
        world = world_of(setup)
        world.fuse = fuse
        for command in commands:
            request = world.command(command)
            world.commit_all()
            while world.dead:
                world.fuse = None
                world.kill()
                world.subscribe()
                if not world.accepted(request):
                    request = world.command(command)
            world.commit_all()
        world.settle()
        if world.dead:
            world.fuse = None
            world.kill()
            world.subscribe()
            world.settle()
        assert world.left
        said = replies(world)
        assert sorted(said) == ["One moment.", "Welcome back. How are you?", "You said Ask for the name.. Anything else?"]
        assert sorted(event.command_id for event in events(world, CommandDone)) == ["0", "1", "2", "3"]  # type: ignore[attr-defined]
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 40


def test_what_kills_twice_while_it_is_said_is_given_up_without_an_apology() -> None:
    world = world_of()
    world.command(Say(command_id="say", text="This is a rather long sentence."))
    for _ in range(2):
        until_heard(world)
        world.kill()
        world.subscribe()
    world.settle()
    assert len(events(world, TurnFailed)) == 1
    assert len(replies(world)) == 1, "nobody waits for an answer"
    assert events(world, CommandDone) == [CommandDone(command_id="say")]


@pytest.mark.parametrize(
    ("command", "cure"),
    [
        (Say(command_id="a", text=" "), "send at least a word"),
        (Say(command_id="a", text="x" * 16_001), "send it in parts"),
        (Say(command_id="a", text="hello", priority=11), "give one from 0 to 10"),
        (Say(command_id="a", text="hello", priority=-1), "give one from 0 to 10"),
        (GenerateReply(command_id="a", instructions="x" * 16_001), "send it in parts"),
        (GenerateReply(command_id="a", user_input="x" * 16_001), "send it in parts"),
        (GenerateReply(command_id="a", user_input=" "), "send at least a word"),
        (GenerateReply(command_id="a", priority=11), "give one from 0 to 10"),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_cure(command: SessionCommand, cure: str) -> None:
    world = World(CHECKED)
    request = world.command(command)
    world.commit_all()
    assert cure in world.refusal(request).text
    assert not world.state.memory.inbox


def test_all_that_waits_is_bounded_together() -> None:
    world = World(CHECKED)
    world.command(SendText(command_id="now", text="hello"))
    for number in range(3):
        world.command(Say(command_id=f"s{number}", text="x" * 16_000))
    world.command(GenerateReply(command_id="g", instructions="x" * 15_000))
    request = world.command(GenerateReply(command_id="h", user_input="x" * 2_000))
    world.commit_all()
    refusal = world.refusal(request)
    assert (refusal.error, refusal.retryable) == ("CapacityError", True)
