"""Commands: accepted once they are in the journal, each acted on once, whatever is sent how often and in how many lives."""

from typing import Final

from actors.agent_session.core.effects import Answer, EndVoice
from actors.agent_session.core.entries import CommandTaken
from actors.agent_session.core.inputs import CommandArrived
from actors.agent_session.core.interruption import interrupt
from actors.agent_session.core.memory import TurnSource, n_bytes
from actors.agent_session.core.step import Step
from actors.agent_session.core.turns import take_turn
from protocols import (
    CancelResponse,
    CapacityError,
    CommandAccepted,
    CommandDone,
    CommitAudio,
    EndCall,
    ErrorReply,
    LivekitexError,
    SendText,
    SessionUnavailableError,
    UsageError,
    text_problem,
)

MAX_WAITING: Final = 64
"""Commands that wait to be acted on; beyond that they are refused with `CapacityError`."""
MAX_WAITING_BYTES: Final = 64_000
"""Of all texts that wait."""
MAX_ID_CHARS: Final = 64
MAX_REASON_CHARS: Final = 200


def on_command(step: Step, arrived: CommandArrived) -> None:
    """Refuse a command, or accept and perform it. One that was accepted before is only accepted again."""
    command = arrived.command
    if command.command_id in step.memory.seen:
        step.then(Answer(request=arrived.request, message=CommandAccepted(command_id=command.command_id)))
        return
    refusal = _refusal(step, arrived)
    if refusal is not None:
        step.then(Answer(request=arrived.request, message=refused(refusal)))
        return
    step.record(CommandTaken(command=command, position=arrived.position))
    step.then(Answer(request=arrived.request, message=CommandAccepted(command_id=command.command_id)))
    match command:
        case CommitAudio():
            step.do(EndVoice(command_id=command.command_id, position=arrived.position))
        case CancelResponse():
            _cancel(step, command)
        case SendText() | EndCall():
            pass  # acted on as soon as it is their turn


def take_text(step: Step) -> bool:
    """Where nobody has the turn: take up the oldest text that waits; tells whether there was one."""
    for accepted in step.memory.inbox:
        if isinstance(accepted.command, SendText):
            text, command_id = accepted.command.text, accepted.command_id
            take_turn(step, TurnSource.TEXT, text=text, command_id=command_id, asked_s=step.now.monotonic_s)
            return True
    return False


def refused(error: LivekitexError) -> ErrorReply:
    """How a refusal travels."""
    return ErrorReply(error=type(error).__name__, text=str(error), retryable=error.retryable)


def _cancel(step: Step, command: CancelResponse) -> None:
    if step.memory.turn is None:
        step.publish(CommandDone(command_id=command.command_id))
    else:
        interrupt(step)


def _refusal(step: Step, arrived: CommandArrived) -> LivekitexError | None:
    command, memory = arrived.command, step.memory
    if not 0 < len(command.command_id) <= MAX_ID_CHARS or not command.command_id.isascii():
        return UsageError(f"{command.command_id!r:.80} is no command_id: give each command an id of 1 to {MAX_ID_CHARS} ASCII characters")
    if memory.closed or (memory.ending and not isinstance(command, EndCall)):
        return _ended(memory.ending)
    if len(memory.inbox) >= MAX_WAITING:
        return CapacityError(f"{MAX_WAITING} commands wait already: send this one again when one is done")
    match command:
        case SendText():
            return _text_refusal(step, command.text)
        case EndCall(reason=reason) if len(reason) > MAX_REASON_CHARS:
            return UsageError(f"the reason has {len(reason)} characters: give it in at most {MAX_REASON_CHARS}")
        case CommitAudio() if not step.setup.ears:
            return UsageError("this call has no ears: give its agent a vad and an stt, or use send_text")
        case _:
            return None


def _text_refusal(step: Step, text: str) -> LivekitexError | None:
    if (problem := text_problem(text)) is not None:
        return problem
    waiting = [accepted.command.text for accepted in step.memory.inbox if isinstance(accepted.command, SendText)]
    if waiting and n_bytes(waiting, (text,)) > MAX_WAITING_BYTES:
        return CapacityError(f"{len(waiting)} texts wait already: send this one again when one is done")
    return None


def _ended(reason: str) -> SessionUnavailableError:
    error = SessionUnavailableError(f"the call has ended ({reason}): start another one")
    error.retryable = False
    return error
