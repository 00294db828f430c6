"""Commands: accepted once they are in the journal, each acted on once, whatever is sent how often and in how many incarnations.

How it works. A command that may be done is recorded, and answered once the journal has it (`on_command`); its id is remembered, so one that
is sent again is only answered again. What has the agent speak then waits in the memory's inbox, also over deaths, until nobody has the turn
(`take_up`); the rest is done at once, or with what waits for it: a cancellation with the turn that it stops, the end of the call with all
before it. `CommandDone` takes a command out of the inbox, so whatever is there is still to be done, and an incarnation that begins goes on
from that alone. A speech may grow while it waits or is said (`ExtendSpeech`): each piece is accepted once, in order, and is part of the
command that began the speech.
"""

from dataclasses import replace
from typing import Final

from actors.agent_session.core.caller import forget_ended, keep_empty_if_due, keep_ended
from actors.agent_session.core.chat import MAX_HISTORY_BYTES, MAX_HISTORY_ITEMS, item_bytes
from actors.agent_session.core.closing import close_unsaid, source_of
from actors.agent_session.core.deadlines import end_waiting
from actors.agent_session.core.effects import After, Answer, EndVoice
from actors.agent_session.core.entries import CommandTaken
from actors.agent_session.core.inputs import AudioCommitted, CommandArrived
from actors.agent_session.core.interruption import interrupt, stop_suspended
from actors.agent_session.core.memory import ON_EXIT, Accepted, Memory, Sentence, Turn, TurnSource, n_bytes, new_speech_id
from actors.agent_session.core.playback import turn_of
from actors.agent_session.core.state import Opening
from actors.agent_session.core.tool_choice import tools_refusal
from actors.agent_session.core.transition import Transition
from actors.agent_session.core.turns import speak_on, speak_up, take_turn
from actors.agent_session.core.written_text import written_sentences
from protocols import (
    MAX_INSTRUCTIONS_CHARS,
    MAX_SPEECH_S,
    MAX_TEXT_CHARS,
    CancelResponse,
    CapacityError,
    ChatContext,
    CommandAccepted,
    CommandDone,
    CommitAudio,
    EndCall,
    ErrorReply,
    ExtendSpeech,
    GenerateReply,
    InterruptedBy,
    LivekitexError,
    MessageTooLargeError,
    Say,
    SendText,
    SessionCommand,
    SessionUnavailableError,
    SpeechCreated,
    SpeechOutcome,
    SpeechPriority,
    UpdateChatContext,
    UpdateInstructions,
    UsageError,
    UserState,
    text_problem,
)

COMMIT_TIMEOUT_S: Final = 2.0
"""For the end of the caller's turn to come that is not to be answered: he may say no more, so the call may be closing."""
MAX_WAITING: Final = 64
"""Commands that wait to be acted on; beyond that they are refused with `CapacityError`."""
MAX_WAITING_BYTES: Final = 64_000
"""Of all texts that wait."""
MAX_ID_CHARS: Final = 64
MAX_REASON_CHARS: Final = 200

_Speech = Say | GenerateReply
"""What a program has the agent say."""
_TurnCommand = SendText | Say | GenerateReply
"""What waits until nobody has the turn."""


def on_command(step: Transition, arrived: CommandArrived) -> None:
    """Refuse a command, or accept and perform it. One that was accepted before is only accepted again."""
    command = arrived.command
    if command.command_id in step.memory.seen:
        step.then(_accepted(step, arrived))
        return
    refusal = _refusal(step, arrived)
    if refusal is not None:
        step.then(Answer(request=arrived.request, message=refused(refusal)))
        return
    speech_id = new_speech_id(step.memory) if isinstance(command, Say | GenerateReply) else ""
    taken = CommandTaken(command=command, position=arrived.position, speech_id=speech_id, owner=arrived.owner, wall_s=step.now.wall_s)
    step.record(taken)
    if isinstance(command, Say | GenerateReply):
        step.publish(_created(command, taken), speech_id=speech_id)
    step.then(_accepted(step, arrived))
    match command:
        case CommitAudio():
            _commit(step, command, arrived.position)
        case CancelResponse():
            _cancel(step, command)
        case ExtendSpeech(speech_id=speech_id, text=text, written=written, last=last) if turn_of(step, speech_id) is not None:
            sentences, space = written_sentences(text, written)
            speak_on(step, sentences, space=space, last=last)
        case UpdateInstructions() | UpdateChatContext():
            step.publish(CommandDone(command_id=command.command_id))
        case SendText() | Say() | ExtendSpeech() | GenerateReply() | EndCall():
            pass  # acted on as soon as it is their turn
    keep_empty_if_due(step)


def take_up(step: Transition, *, nested: bool = False, leaving: bool = False) -> bool:
    """Where nobody has the turn: take up what waits for it, by priority, then age; tells whether anything did.

    ``nested`` in a turn that is suspended it is only what a program has said, also if the caller waits for that turn's end. Where an agent
    is ``leaving`` it is only what that says as it leaves.
    """
    user = step.state.user
    if user is UserState.SPEAKING or (user is UserState.TRANSCRIBING and not (nested or leaving)):
        return False
    before = step.memory.inbox
    end_waiting(step)
    kinds = _Speech if nested else _TurnCommand
    waiting = [
        accepted for accepted in step.memory.inbox if isinstance(accepted.command, kinds) and (accepted.owner == ON_EXIT or not leaving)
    ]
    if not waiting:
        return step.memory.inbox is not before  # what is over may be all that the end of the call waits for
    accepted = max(waiting, key=_priority)
    opening = Opening(
        source=TurnSource.TEXT,
        speech_id=accepted.speech_id,
        command_id=accepted.command_id,
        owner=accepted.owner,
        deadline_wall_s=accepted.deadline_wall_s,
    )
    match command := accepted.command:
        case SendText(text=text):
            take_turn(step, replace(opening, text=text, asked_s=step.now.monotonic_s))
        case Say(allow_interruptions=allowed):
            audio = command.audio and step.setup.voice
            said = replace(opening, source=TurnSource.SAY, allow_interruptions=allowed, audio=audio, in_history=command.in_history)
            sentences, space = ((Sentence(command.text),), "") if audio else written_sentences(command.text, command.written)
            speak_up(step, said, sentences, space=space, whole=not command.open)
        case GenerateReply(user_input=text):
            asked = replace(
                opening,
                source=TurnSource.GENERATE_REPLY,
                text=text,
                asked_s=step.now.monotonic_s if text else None,
                instructions=command.instructions,
                allow_interruptions=command.allow_interruptions,
                tools=command.tools,
                tool_choice=command.tool_choice,
                required_tool=command.required_tool,
                context=command.context,
            )
            take_turn(step, asked)
        case _:
            pass  # the others wait for no turn
    return True


def waits_to_be_said(step: Transition, *, leaving: bool = False) -> bool:
    """Whether a program has something to say that waits for the floor; where an agent is ``leaving``, whether that has."""
    waiting = (accepted for accepted in step.memory.inbox if isinstance(accepted.command, _Speech))
    return any(accepted.owner == ON_EXIT or not leaving for accepted in waiting)


def refused(error: LivekitexError) -> ErrorReply:
    """How a refusal travels."""
    return ErrorReply(error=type(error).__name__, text=str(error), retryable=error.retryable)


def _accepted(step: Transition, arrived: CommandArrived) -> Answer:
    """The answer to a command that is accepted, now or before."""
    command_id, turn = arrived.command.command_id, step.memory.turn
    speeches = {accepted.command_id: accepted.speech_id for accepted in step.memory.inbox}
    for begun in (*((turn,) if turn is not None else ()), *step.memory.suspended):
        if begun.source in (TurnSource.SAY, TurnSource.GENERATE_REPLY):
            speeches[begun.command_id] = begun.speech_id
    return Answer(request=arrived.request, message=CommandAccepted(command_id=command_id, speech_id=speeches.get(command_id, "")))


def _created(command: Say | GenerateReply, taken: CommandTaken) -> SpeechCreated:
    return SpeechCreated(
        speech_id=taken.speech_id,
        source=source_of(command),
        priority=command.priority,
        allow_interruptions=command.allow_interruptions,
        user_initiated=True,
        command_id=command.command_id,
        owner=taken.owner,
    )


def _commit(step: Transition, command: CommitAudio, position: int) -> None:
    """End the caller's turn; what was ended before and is not understood yet is as the command has it, too."""
    step.do(EndVoice(command_id=command.command_id, position=position))
    if command.discard:
        forget_ended(step)
    elif not command.reply:
        keep_ended(step)
        step.do(After(delay_s=COMMIT_TIMEOUT_S, input=AudioCommitted(command_id=command.command_id)))


def _cancel(step: Transition, command: CancelResponse) -> None:
    """Stop what is meant: the turn that is open, or a speech that waits. What is over is over."""
    turn, speech_id = step.memory.turn, command.speech_id
    if turn is not None and speech_id in ("", turn.speech_id):
        interrupt(step, InterruptedBy.PROGRAM)
        return
    for suspended in _meant_of(step.memory, speech_id):
        stop_suspended(step, suspended, InterruptedBy.PROGRAM)
    for accepted in step.memory.inbox:
        if speech_id and accepted.speech_id == speech_id:
            close_unsaid(step, accepted, SpeechOutcome.INTERRUPTED)
    step.publish(CommandDone(command_id=command.command_id))


def _refusal(step: Transition, arrived: CommandArrived) -> LivekitexError | None:
    command, memory = arrived.command, step.memory
    if not 0 < len(command.command_id) <= MAX_ID_CHARS or not command.command_id.isascii():
        return UsageError(f"{command.command_id!r:.80} is no command_id: give each command an id of 1 to {MAX_ID_CHARS} ASCII characters")
    if memory.closed or (memory.ending and not isinstance(command, EndCall | ExtendSpeech)):
        return _ended(memory.ending)
    if isinstance(command, ExtendSpeech):
        return _extension_refusal(step, command)
    return _waiting_refusal(step, command)


def _waiting_refusal(step: Transition, command: SessionCommand) -> LivekitexError | None:
    """Of one that waits in the inbox for what it is to do."""
    if len(step.memory.inbox) >= MAX_WAITING:
        return CapacityError(f"{MAX_WAITING} commands wait already: send this one again when one is done")
    match command:
        case SendText() | Say() | GenerateReply():
            return _turn_refusal(step, command)
        case CancelResponse(speech_id=speech_id, force=False) if _protected(step, speech_id):
            return UsageError(f"the speech {speech_id or 'that is said now'} may not be interrupted: wait for its end, or use force")
        case UpdateInstructions(instructions=text) if not text.strip() or len(text) > MAX_INSTRUCTIONS_CHARS:
            return UsageError(f"the instructions have {len(text)} characters: give 1 to {MAX_INSTRUCTIONS_CHARS}, and not only space")
        case UpdateChatContext(context=context):
            return _context_refusal(context)
        case EndCall(reason=reason) if len(reason) > MAX_REASON_CHARS:
            return UsageError(f"the reason has {len(reason)} characters: give it in at most {MAX_REASON_CHARS}")
        case CommitAudio() if not step.setup.audio_in:
            return UsageError("this call takes no audio: give its agent a vad and an stt, or use send_text")
        case _:
            return None


def _extension_refusal(step: Transition, command: ExtendSpeech) -> LivekitexError | None:
    """A speech that waits is bounded like one that is said; no bound of what waits is for it, since it was accepted."""
    said = _open_speech(step, command.speech_id)
    if said is None:
        return UsageError(f"the speech {command.speech_id!r:.80} is over or complete: it takes no more text")
    if len(said) + max(len(command.text), len(command.written or "")) > MAX_TEXT_CHARS:
        return MessageTooLargeError(f"a speech has at most {MAX_TEXT_CHARS} characters: end it, and say the rest in another one")
    return None


def _open_speech(step: Transition, speech_id: str) -> str | None:
    """What stands of the speech of which more may follow; None if there is none of this id."""
    turn = turn_of(step, speech_id)
    if turn is not None and turn.source is TurnSource.SAY and not turn.written:
        return turn.words
    waiting = (accepted.command for accepted in step.memory.inbox if accepted.speech_id == speech_id)
    return next((say.text for say in waiting if isinstance(say, Say) and say.open), None)


def _turn_refusal(step: Transition, command: _TurnCommand) -> LivekitexError | None:
    texts = _texts(command)
    optional = isinstance(command, GenerateReply) or (isinstance(command, Say) and command.open)
    for text in filter(None, texts) if optional else texts:
        if (problem := text_problem(text)) is not None:
            return problem
    if not isinstance(command, SendText) and not SpeechPriority.LOW <= command.priority <= SpeechPriority.HIGH:
        return UsageError(f"priority={command.priority}: give one from {SpeechPriority.LOW:d} to {SpeechPriority.HIGH:d}")
    if not isinstance(command, SendText) and not 0 < command.deadline_s <= MAX_SPEECH_S:
        return UsageError(f"deadline_s={command.deadline_s:g}: give more than 0 and at most {MAX_SPEECH_S:g}")
    if isinstance(command, GenerateReply):
        too_large = None if command.context is None else _context_refusal(command.context)
        if (misfit := tools_refusal(step.setup, command) or too_large) is not None:
            return misfit
    if isinstance(command, Say) and command.open and command.audio:
        return UsageError("a speech with audio has its whole text from its beginning: let only the audio come bit by bit")
    waiting = [accepted.command for accepted in step.memory.inbox if isinstance(accepted.command, _TurnCommand)]
    if waiting and sum(map(_size, (*waiting, command))) > MAX_WAITING_BYTES:
        return CapacityError(f"{len(waiting)} texts wait already: send this one again when one is done")
    return None


def _context_refusal(context: ChatContext) -> LivekitexError | None:
    size = sum(map(item_bytes, context))
    if len(context) <= MAX_HISTORY_ITEMS and size <= MAX_HISTORY_BYTES:
        return None
    limits = f"{MAX_HISTORY_ITEMS} items and {MAX_HISTORY_BYTES} bytes"
    return MessageTooLargeError(f"the context has {len(context)} items and {size} bytes, the limits are {limits}: truncate it")


def _protected(step: Transition, speech_id: str) -> bool:
    """Whether a speech that is said now, or goes on after what is said now, is meant, and said without ``allow_interruptions``."""
    turn = step.memory.turn
    said = () if turn is None or speech_id not in ("", turn.speech_id) else (turn,)
    return any(not meant.allow_interruptions for meant in (*said, *_meant_of(step.memory, speech_id)))


def _meant_of(memory: Memory, speech_id: str) -> tuple[Turn, ...]:
    """The suspended turn of that speech; the newest one, if none is named and no turn is open."""
    if not speech_id:
        return memory.suspended[-1:] if memory.turn is None else ()
    return tuple(turn for turn in memory.suspended if turn.speech_id == speech_id)


def _texts(command: _TurnCommand) -> tuple[str, ...]:
    match command:
        case GenerateReply():
            return (command.instructions, command.user_input)
        case Say(written=str(written)) if written:
            return (command.text, written)
        case _:
            return (command.text,)


def _size(command: _TurnCommand) -> int:
    """What it takes while it waits, in bytes."""
    context = command.context if isinstance(command, GenerateReply) and command.context is not None else ()
    return n_bytes(_texts(command)) + sum(map(item_bytes, context))


def _priority(accepted: Accepted) -> int:
    return accepted.command.priority if isinstance(accepted.command, Say | GenerateReply) else SpeechPriority.NORMAL


def _ended(reason: str) -> SessionUnavailableError:
    error = SessionUnavailableError(f"the call has ended ({reason}): start another one")
    error.retryable = False
    return error
