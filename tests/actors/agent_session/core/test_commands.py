"""What is accepted, what is refused, and that each command is acted on once."""

from dataclasses import replace

import pytest

from actors.agent_session.core.chat import IN_PROGRESS, MAX_HISTORY_BYTES
from actors.agent_session.core.commands import MAX_REASON_CHARS, MAX_WAITING, MAX_WAITING_BYTES
from protocols import (
    MAX_TEXT_CHARS,
    CancelResponse,
    ChatContext,
    CommandAccepted,
    CommandDone,
    CommitAudio,
    ConversationState,
    EndCall,
    EventPushed,
    GenerateReply,
    Say,
    SendText,
    SessionCommand,
    SpeechCreated,
    SpeechDone,
    SpeechOutcome,
    StateChanged,
    UpdateChatContext,
)
from support.chat import texts
from support.session_world import CHECKED, SPOKEN, World


def test_a_command_is_accepted_only_once_it_is_in_the_journal() -> None:
    world = World(CHECKED)
    world.commit_all()
    request = world.send("hello")
    assert request not in world.answers
    world.commit()
    assert world.accepted(request)


def test_a_command_that_is_sent_again_is_accepted_again_and_acted_on_once() -> None:
    world = World(CHECKED)
    world.subscribe()
    first, second = world.send("hello", "one"), world.send("hello", "one")
    assert second not in world.answers
    world.settle()
    assert world.answers[first] == world.answers[second] == CommandAccepted(command_id="one")
    assert [pushed.event for pushed in world.events if isinstance(pushed.event, CommandDone)] == [CommandDone(command_id="one")]


@pytest.mark.parametrize(
    ("command", "error", "cure"),
    [
        (SendText(command_id="", text="hello"), "UsageError", "1 to 64 ASCII"),
        (SendText(command_id="é", text="hello"), "UsageError", "1 to 64 ASCII"),
        (SendText(command_id="x" * 65, text="hello"), "UsageError", "1 to 64 ASCII"),
        (SendText(command_id="a", text=" \n"), "UsageError", "send at least a word"),
        (SendText(command_id="a", text="x" * (MAX_TEXT_CHARS + 1)), "MessageTooLargeError", "send it in parts"),
        (CommitAudio(command_id="a"), "UsageError", "use send_text"),
        (EndCall(command_id="a", reason="x" * (MAX_REASON_CHARS + 1)), "UsageError", "at most 200"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_cure(command: SessionCommand, error: str, cure: str) -> None:
    world = World(CHECKED)
    request = world.command(command)
    world.commit_all()
    refusal = world.refusal(request)
    assert (refusal.error, refusal.retryable) == (error, False)
    assert cure in refusal.text
    assert not world.state.memory.seen


def test_commands_wait_up_to_their_bound() -> None:
    world = World(CHECKED)
    requests = [world.send("hello") for _ in range(MAX_WAITING + 3)]
    world.commit_all()
    refused = [request for request in requests if not world.accepted(request)]
    assert refused == requests[-2:]  # one has the turn, the others wait
    assert world.refusal(refused[0]).error == "CapacityError"
    assert world.refusal(refused[0]).retryable


def test_texts_wait_up_to_their_bound_in_bytes() -> None:
    world = World(CHECKED)
    long = "x" * MAX_TEXT_CHARS
    requests = [world.send(long) for _ in range(MAX_WAITING_BYTES // MAX_TEXT_CHARS + 2)]
    world.commit_all()
    assert [world.accepted(request) for request in requests] == [True] * (len(requests) - 1) + [False]
    assert world.refusal(requests[-1]).error == "CapacityError"


def test_a_text_waits_for_the_turn_that_is_open() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("one")
    world.send("two")
    world.settle()
    phases = [str(pushed.event.new) for pushed in world.events if isinstance(pushed.event, StateChanged)]
    assert phases == ["thinking", "responding", "idle"] * 2


def test_a_cancellation_without_a_reply_is_done_at_once() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.command(CancelResponse(command_id="stop"))
    world.commit_all()
    assert world.events[-1].event == CommandDone(command_id="stop")


def test_a_second_end_is_accepted_and_done_with_the_first() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.send("hello", "zero")
    world.command(EndCall(command_id="one", reason="bye"))
    world.command(EndCall(command_id="two", reason="later"))
    world.settle()
    assert world.left
    assert world.state.memory.ending == "bye"
    assert {pushed.event.command_id for pushed in world.events if isinstance(pushed.event, CommandDone)} == {"zero", "one", "two"}


def test_nothing_is_accepted_after_the_end() -> None:
    world = World(CHECKED)
    world.subscribe()
    world.command(EndCall(command_id="one"))
    world.commit_all()
    world.left = False
    request = world.send("hello")
    world.commit_all()
    assert world.refusal(request).error == "SessionUnavailableError"


@pytest.mark.parametrize(
    "state", ["listening", "processing", "thinking", "tool_execution", "responding", "speaking", "interrupted", "idle"]
)
def test_a_call_comes_to_rest_whatever_state_it_died_in(state: str) -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.begin_to_speak()
    world.commit_all()
    if world.state.phase != state:
        world.stop_speaking()
    for _ in range(100):
        if world.state.phase == state:
            break
        if state == "interrupted" and world.state.phase is ConversationState.SPEAKING:
            world.begin_to_speak()
        if not (world.commit() or world.think() or world.recognize("use look") or world.finish_tool()):
            world.play(300)
    assert world.state.phase == state
    world.kill()
    world.subscribe()
    if world.spoken[-1].end is None:
        world.hear_again()
        world.stop_speaking()
    world.settle("use look")
    assert world.state.phase is ConversationState.IDLE
    assert world.state.memory.history


def done(world: World) -> dict[str, SpeechOutcome]:
    return {pushed.event.speech_id: pushed.event.outcome for pushed in world.events if isinstance(pushed.event, SpeechDone)}


def test_who_has_the_agent_speak_is_told_the_speech_and_told_again() -> None:
    world = World(CHECKED)
    world.send("hello")
    request = world.command(Say(command_id="one", text="One moment."))
    again = world.command(Say(command_id="one", text="One moment."))
    other = world.command(GenerateReply(command_id="two"))
    world.commit_all()
    assert [world.answers[asked].speech_id for asked in (request, again, other)] == ["speech-2", "speech-2", "speech-3"]  # type: ignore[union-attr]
    created = {pushed.event.command_id: pushed.event for pushed in replayed_events(world) if isinstance(pushed.event, SpeechCreated)}
    assert created["one"].user_initiated
    assert (created["one"].source, created["two"].source) == ("say", "generate_reply")


def replayed_events(world: World) -> list[EventPushed]:
    world.subscribe()
    world.commit_all()
    return world.events


def test_a_speech_that_waits_is_cancelled_without_being_said() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.send("hello")
    world.command(Say(command_id="one", text="One moment."))
    world.command(Say(command_id="two", text="Goodbye."))
    world.command(CancelResponse(command_id="stop", speech_id="speech-2", force=False))
    world.settle()
    assert done(world) == {
        "speech-2": SpeechOutcome.INTERRUPTED,
        "speech-1": SpeechOutcome.COMPLETED,
        "speech-3": SpeechOutcome.COMPLETED,
    }
    assert "speech-2" not in world.played
    assert {event.event.command_id for event in world.events if isinstance(event.event, CommandDone)} >= {"one", "two", "stop"}


def test_what_is_over_or_was_never_is_cancelled_without_effect() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.command(Say(command_id="one", text="One moment."))
    world.settle()
    world.send("hello")
    world.command(CancelResponse(command_id="stop", speech_id="speech-1"))
    world.command(CancelResponse(command_id="stop it", speech_id="never"))
    world.settle()
    assert done(world) == {"speech-1": SpeechOutcome.COMPLETED, "speech-2": SpeechOutcome.COMPLETED}


@pytest.mark.parametrize(("speech_id", "force", "accepted"), [("speech-1", False, False), ("", False, False), ("speech-1", True, True)])
def test_a_protected_speech_is_stopped_by_force_alone(speech_id: str, force: bool, accepted: bool) -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.command(Say(command_id="one", text="This call is recorded.", allow_interruptions=False))
    world.commit_all()
    request = world.command(CancelResponse(command_id="stop", speech_id=speech_id, force=force))
    world.settle()
    assert world.accepted(request) is accepted
    assert done(world) == {"speech-1": SpeechOutcome.INTERRUPTED if accepted else SpeechOutcome.COMPLETED}
    if not accepted:
        assert "use force" in world.refusal(request).text


GIVEN = ChatContext().add_message("system", "Be a parrot.", id="given", created_at=5.0)


def asked_with(world: World) -> list[list[str]]:
    return [texts(thought.context) for thought in world.thoughts]


def test_a_reply_with_a_context_is_told_that_in_the_place_of_instructions_and_history() -> None:
    world = World(replace(CHECKED, program=True))
    world.send("hello")
    world.settle()
    world.command(GenerateReply(command_id="reply", user_input="and now", instructions="Be loud.", context=GIVEN))
    world.settle()
    assert asked_with(world)[-1] == ["Be a parrot.", "and now", "Be loud."]
    world.send("again")
    world.settle()
    assert asked_with(world)[-1][:3] == ["Be brief.", "hello", "You said hello. Anything else?"]
    assert "Be a parrot." not in asked_with(world)[-1]
    assert "Be a parrot." not in texts(world.state.memory.history)


def test_after_its_tools_such_a_reply_is_told_the_conversation_too() -> None:
    world = World(replace(CHECKED, program=True))
    world.send("hello")
    world.settle()
    world.command(GenerateReply(command_id="reply", user_input="use look", context=GIVEN))
    world.settle()
    first, second = asked_with(world)[-2:]
    assert first == ["Be a parrot.", "use look"]
    assert second[:4] == ["Be a parrot.", "hello", "You said hello. Anything else?", "use look"]
    assert second[4:] == ["One moment.", "done"]


def test_the_context_of_a_reply_is_known_in_the_next_life() -> None:
    world = World(replace(CHECKED, program=True))
    world.subscribe()
    world.command(GenerateReply(command_id="reply", user_input="and now", context=GIVEN))
    world.commit_all()
    assert asked_with(world)[-1] == ["Be a parrot.", "and now"]
    world.kill()
    world.subscribe()
    world.settle()
    assert asked_with(world)[-1] == ["Be a parrot.", "and now"]
    waits = World(replace(CHECKED, program=True))
    waits.send("use look")
    waits.command(GenerateReply(command_id="reply", user_input="and now", context=GIVEN))
    waits.commit_all()
    waits.kill()
    waits.settle()
    assert [IN_PROGRESS, "Be a parrot.", "and now"] in asked_with(waits)


def test_a_reply_that_was_given_none_keeps_its_instructions_when_the_agent_is_given_another_history() -> None:
    world = World(replace(CHECKED, program=True, context=ChatContext()))
    world.command(GenerateReply(command_id="reply", user_input="use look"))
    while not world.tools:
        assert world.commit() or world.think()
    world.command(UpdateChatContext(command_id="update", context=GIVEN))
    world.settle()
    assert asked_with(world)[-1][0] == "Be brief."


def test_a_context_that_is_too_large_for_a_reply_is_refused_with_its_cure() -> None:
    world = World(CHECKED)
    large = ChatContext().add_message("user", "x" * (MAX_HISTORY_BYTES + 1), id="large", created_at=5.0)
    request = world.command(GenerateReply(command_id="reply", context=large))
    world.settle()
    assert (world.refusal(request).error, "truncate it" in world.refusal(request).text) == ("MessageTooLargeError", True)


def test_contexts_that_wait_are_bounded_together() -> None:
    world = World(CHECKED)
    world.send("use look")
    half = ChatContext().add_message("user", "x" * (MAX_WAITING_BYTES // 2 + 1), id="half", created_at=5.0)
    requests = [world.command(GenerateReply(command_id=name, context=half)) for name in ("one", "two")]
    world.commit_all()
    assert [world.accepted(request) for request in requests] == [True, False]
    assert world.refusal(requests[1]).error == "CapacityError"
