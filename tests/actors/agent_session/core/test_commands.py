"""What is accepted, what is refused, and that each command is acted on once."""

import pytest

from actors.agent_session.core.commands import MAX_REASON_CHARS, MAX_WAITING, MAX_WAITING_BYTES
from protocols import (
    MAX_TEXT_CHARS,
    CancelResponse,
    CommandAccepted,
    CommandDone,
    CommitAudio,
    ConversationState,
    EndCall,
    SendText,
    SessionCommand,
    StateChanged,
)
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
