"""How a life begins: the first one with the greeting, each later one where the one before was.

The turn that is open goes on: a message is thought about again, a tool that may have run is not run again, a reply is spoken on from
where it was heard, half a sentence of the caller is listened to again. What killed two lives is given up. Where the
whole call is given up, a last life says so and ends it.
"""

from dataclasses import dataclass
from typing import Final

from actors.agent_session.core.closing import close_turn, finish_if_over
from actors.agent_session.core.effects import After, EndVoice, Listen
from actors.agent_session.core.entries import CallerDropped, CallFailed, LifeBegan
from actors.agent_session.core.inputs import AudienceAwaited
from actors.agent_session.core.interruption import interrupt_restored
from actors.agent_session.core.memory import MAX_DEATHS, TurnSource
from actors.agent_session.core.recall import Past
from actors.agent_session.core.speech import heard_at, resume_speech
from actors.agent_session.core.state import Setup, State
from actors.agent_session.core.step import Moment, Step
from actors.agent_session.core.thinking import think
from actors.agent_session.core.tools import run_next, settle_all, settle_begun
from actors.agent_session.core.turns import speak_up
from protocols import (
    SESSION_RATE_HZ,
    CallStarted,
    CancelResponse,
    CommitAudio,
    ConversationEvent,
    Restarted,
    SessionError,
    TurnFailed,
)

LOOK_BACK: Final = SESSION_RATE_HZ
"""Samples before the end of the caller's audio from which a new life listens: speech that was too young to be noticed."""
UNKNOWN_END: Final = "died without a word (killed or crashed)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What a new life finds outside the journal.

    The caller's audio from the sample ``oldest`` to ``position``, how many samples of the open reply were ``played`` (None: not known), and
    why the life before ended, as others saw it (``last_end``; empty: nobody did).
    """

    oldest: int = 0
    position: int = 0
    played: int | None = None
    last_end: str = ""


def begin_life(setup: Setup, past: Past, incarnation: int, remains: Remains, now: Moment) -> Step:
    """Take up the call whose past is ``past``."""
    step = Step(State(setup=setup, memory=past.memory, log=past.log, entries=past.entries), now)
    if setup.voice or past.memory.closed:  # of a call that was closed, subscribers may still hear in this time
        step.do(After(delay_s=setup.audience_wait_s, input=AudienceAwaited()))
    if past.memory.closed:
        return step
    first = past.memory.incarnation == 0
    step.record(LifeBegan(incarnation=incarnation))
    if first:
        step.publish(CallStarted(call_id=setup.call_id))
    else:
        step.publish(Restarted(reason=past.memory.last_end or remains.last_end or UNKNOWN_END, incarnation=incarnation))
    if setup.last_words:
        _say_last_words(step, remains)
        return step
    remark = _listen_again(step, remains) if setup.ears else None
    if step.memory.turn is not None:
        _take_up_turn(step, remains.played)
    elif first and setup.greeting:
        speak_up(step, TurnSource.GREETING, setup.greeting)
    elif remark is not None:
        speak_up(step, remark, (setup.apology if remark is TurnSource.APOLOGY else setup.repeat,))
    return step


def _say_last_words(step: Step, remains: Remains) -> None:
    """Give up the call: nothing that may have killed it is tried again."""
    if step.memory.turn is not None:
        settle_all(step)
        close_turn(step, heard_at(step.setup, step.turn, remains.played))
    if step.memory.caller is not None:
        step.record(CallerDropped(until=max(step.memory.heard_until, remains.position)))
    step.publish(SessionError(source="call", text=step.setup.last_words, retryable=False))
    step.record(CallFailed(reason=f"failed: {step.setup.last_words}"))
    speak_up(step, TurnSource.FAREWELL, (step.setup.farewell,))


def _listen_again(step: Step, remains: Remains) -> TurnSource | None:
    """Listen from the caller's open turn on; tells why he has to be spoken to where that is impossible."""
    caller, remark = step.memory.caller, None
    start = max(remains.oldest, step.memory.heard_until, remains.position - LOOK_BACK)
    if caller is not None and caller.deaths >= MAX_DEATHS:
        _give_up(step)
        remark, start = TurnSource.APOLOGY, remains.position
    elif caller is not None and not remains.oldest <= caller.start <= remains.position:
        text = "some of the caller's turn was lost with the process"
        step.publish(SessionError(source="audio", text=text, retryable=False))
        remark = TurnSource.REPEAT
    elif caller is not None:
        start = caller.start
    if remark is not None:
        step.record(CallerDropped(until=max(step.memory.heard_until, remains.position)))
    step.do(Listen(start=start))
    for accepted in step.memory.inbox:
        if isinstance(accepted.command, CommitAudio):
            step.do(EndVoice(command_id=accepted.command_id, position=accepted.position))
    return remark


def _take_up_turn(step: Step, played: int | None) -> None:
    turn = step.turn
    if turn.failed:
        _give_up(step, turn.turn_id, turn.text)
        settle_all(step)
        close_turn(step, heard_at(step.setup, step.turn, played))
        if turn.source not in (TurnSource.GREETING, TurnSource.REPEAT, TurnSource.APOLOGY):
            speak_up(step, TurnSource.APOLOGY, (step.setup.apology,))
        return
    if any(isinstance(accepted.command, CancelResponse) for accepted in step.memory.inbox):
        settle_all(step)
        step.go(ConversationEvent.TURN_TAKEN)
        interrupt_restored(step, heard_at(step.setup, step.turn, played))
        return
    if turn.written:
        step.go(ConversationEvent.REPLY_STARTED)
        resume_speech(step, played)
        finish_if_over(step)
        return
    step.go(ConversationEvent.TURN_TAKEN)
    if turn.waiting_calls:
        step.go(ConversationEvent.TOOL_REQUESTED)
        resume_speech(step, played)
        settle_begun(step)
        run_next(step)
        return
    if turn.open_round.sentences:
        step.go(ConversationEvent.REPLY_STARTED)
    resume_speech(step, played)
    think(step)


def _give_up(step: Step, turn_id: str = "", text: str = "") -> None:
    step.publish(TurnFailed(turn_id=turn_id, text=text, reason=f"the session died {MAX_DEATHS} times in it"))
