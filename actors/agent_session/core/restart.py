"""How an incarnation begins: the first one with the greeting, each later one where the one before was.

The turn that is open goes on: a message is thought about again, a tool that may have run is not run again, a reply is spoken on from where
it was heard, half a sentence of the caller is listened to again. What killed two incarnations in one step is given up. Where some of the
caller's turn is lost or given up, the rest of it is listened to and left unanswered, and then he is told. Where the whole call is given up,
a last incarnation says so and ends it.
"""

from dataclasses import dataclass, replace
from typing import Final

from actors.agent_session.core.added_items import tell_added
from actors.agent_session.core.closing import close_turn, finish_if_over
from actors.agent_session.core.deadlines import is_overdue
from actors.agent_session.core.detached import settle_detached, take_up_detached
from actors.agent_session.core.effects import After, EndVoice, Listen, Origin
from actors.agent_session.core.entries import AgentBegan, CallerDropped, CallFailed, IncarnationBegan, SetBack
from actors.agent_session.core.hand_off import drop_deadly
from actors.agent_session.core.inputs import SubscribersAwaited
from actors.agent_session.core.interruption import interrupt_restored
from actors.agent_session.core.kept_speech import KeptSpeech
from actors.agent_session.core.memory import RECOGNISING, TurnSource, died_in
from actors.agent_session.core.replay import Past
from actors.agent_session.core.speech import AUDIO_LOST, heard_at, is_lost, resume_speech
from actors.agent_session.core.state import Opening, SessionConfig, State, Utterance
from actors.agent_session.core.suspension import close_suspended, give_up, take_up_suspended
from actors.agent_session.core.thinking import run_hook_if_due, think
from actors.agent_session.core.tools import run_next, settle_all, settle_begun, settle_unknown
from actors.agent_session.core.transition import Moment, Transition
from actors.agent_session.core.turns import say_prepared, speak_up
from actors.agent_session.core.written_text import written_sentences
from protocols import (
    AgentEvent,
    CallStarted,
    CancelResponse,
    CommitAudio,
    InterruptedBy,
    Restarted,
    SessionError,
    TurnFailed,
    UserEvent,
)

MAX_LOST: Final = 100_000
"""Events that may have been told where nobody knows how many: so many numbers are left out."""
UNKNOWN_END: Final = "died without a word (killed or crashed)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePoint:
    """What a new incarnation finds outside the journal.

    The caller's audio from the sample ``oldest`` to ``position``, of which nothing is needed before ``settled``; what is ``kept`` of the
    open reply (None: nothing is known of it); why the incarnation before ended, as others saw it (``last_end``; empty: nobody did); and
    the number after the newest event that was told (``next_event``; 1: none is known of).
    """

    oldest: int = 0
    position: int = 0
    settled: int = 0
    kept: KeptSpeech | None = None
    last_end: str = ""
    next_event: int = 1


def begin_incarnation(setup: SessionConfig, past: Past, incarnation: int, point: ResumePoint, now: Moment) -> Transition:
    """Take up the call whose past is ``past``."""
    step = Transition(State(setup=setup, memory=past.memory, log=past.log, entries=past.entries), now)
    if setup.voice or past.memory.closed:  # of a call that was closed, subscribers may still hear in this time
        step.do(After(delay_s=setup.subscribers_wait_s, input=SubscribersAwaited()))
    if past.memory.closed:
        return step
    step.move_agent(AgentEvent.READY)
    if past.memory.turn is not None:
        step.move_agent(AgentEvent.TURN_TAKEN)
    missing = point.next_event - past.memory.next_event
    set_back = past.lost != 0 or missing > 0
    first = past.memory.incarnation == 0 and not set_back
    if set_back:
        step.record(SetBack(next_event=_next_event(past, point)))
    step.record(IncarnationBegan(incarnation=incarnation))
    if first:
        step.publish(CallStarted(call_id=setup.call_id))
        if setup.program:
            _agent_begins(step)
    else:
        step.publish(Restarted(reason=past.memory.last_end or point.last_end or UNKNOWN_END, incarnation=incarnation))
    if past.report or set_back:
        text = past.report or f"{setup.journal_path} lacks the newest {missing} events: what the call did in them is forgotten"
        step.publish(SessionError(source="journal", text=text, retryable=False))
    drop_deadly(step)
    if setup.farewell_reason:
        _say_farewell(step, point)
    elif set_back:
        _go_on_behind(step, point)
    else:
        _go_on(step, point, greeting=setup.greeting if first else "")
    return step


def _agent_begins(step: Transition) -> None:
    """The history of a program's call begins with who has it."""
    setup, before = step.setup, step.memory.history
    tools = tuple(sorted(setup.tools))
    step.record(AgentBegan(agent=setup.agent, instructions=setup.instructions, tools=tools, context=setup.context, wall_s=step.now.wall_s))
    tell_added(step, before)


def _go_on(step: Transition, point: ResumePoint, *, greeting: str) -> None:
    """Go on where the incarnation before was."""
    if step.setup.audio_in:
        _listen_again(step, point)
    take_up_suspended(step)
    take_up_detached(step)
    if step.memory.turn is not None:
        _take_up_turn(step, point.kept)
    elif greeting:
        sentences, space = written_sentences(greeting)
        speak_up(step, Opening(source=TurnSource.GREETING), sentences, space=space)


def _next_event(past: Past, point: ResumePoint) -> int:
    """A number that no event has had."""
    if point.next_event > 1:
        return max(point.next_event, past.memory.next_event)
    return past.memory.next_event + (MAX_LOST if past.lost is None else past.lost)


def _go_on_behind(step: Transition, point: ResumePoint) -> None:
    """Go on from an older state. What was open in it may have been done since: nothing is done again, and the caller is asked instead."""
    known = bool(step.memory.history.items) or step.memory.turn is not None
    _close_open_turn(step, point)
    if step.setup.audio_in:
        step.record(CallerDropped(until=max(step.memory.heard_until, point.position)))
        step.do(Listen(start=point.position, origin=Origin.UNKNOWN))
    if known:
        say_prepared(step, TurnSource.REPEAT)
    else:
        say_prepared(step, TurnSource.APOLOGY)


def _close_open_turn(step: Transition, point: ResumePoint) -> None:
    if step.memory.turn is not None:
        settle_all(step)
        close_turn(step, heard_at(step.setup, step.turn, point.kept))
    close_suspended(step)
    settle_detached(step)


def _say_farewell(step: Transition, point: ResumePoint) -> None:
    """Give up the call: nothing that may have killed it is tried again."""
    _close_open_turn(step, point)
    if step.memory.caller is not None:
        step.record(CallerDropped(until=max(step.memory.heard_until, point.position)))
    step.publish(SessionError(source="call", text=step.setup.farewell_reason, retryable=False))
    step.record(CallFailed(reason=f"failed: {step.setup.farewell_reason}"))
    say_prepared(step, TurnSource.FAREWELL)


def _listen_again(step: Transition, point: ResumePoint) -> None:
    """Listen from the caller's open turn on; where that is impossible, to the rest of it."""
    caller, settled = step.memory.caller, max(step.memory.heard_until, point.settled)
    if caller is None:
        lost = point.oldest > settled
        listen = Listen(start=point.oldest if lost else settled, origin=Origin.UNKNOWN if lost else Origin.SETTLED)
    elif not caller.failed and point.oldest <= caller.start <= point.position:
        listen = Listen(start=caller.start, origin=Origin.SPEECH)
    else:
        if caller.failed:
            step.publish(TurnFailed(turn_id="", text="", reason=died_in(RECOGNISING, caller.deaths)))
        lost_start = min(caller.start, point.oldest - 1)
        rest = Utterance(start=lost_start, over_speech=False, given_up=caller.failed)
        step.state = replace(step.state, utterance=rest)
        step.move_user(UserEvent.SPEECH_STARTED)
        listen = Listen(start=point.position, origin=Origin.REST)
    step.do(listen)
    for accepted in step.memory.inbox:
        if isinstance(accepted.command, CommitAudio):
            step.do(EndVoice(command_id=accepted.command_id, position=accepted.position))


def _take_up_turn(step: Transition, kept: KeptSpeech | None) -> None:
    turn = step.turn
    if turn.failed:
        give_up(step, heard_at(step.setup, turn, kept))
        return
    cancelled = any(isinstance(accepted.command, CancelResponse) for accepted in step.memory.inbox)
    if cancelled or is_overdue(turn.deadline_wall_s, step.now):
        settle_all(step)
        by = InterruptedBy.PROGRAM if cancelled else InterruptedBy.DEADLINE
        interrupt_restored(step, heard_at(step.setup, step.turn, kept), by)
        return
    if is_lost(step, kept):
        step.publish(SessionError(source="tts", text=AUDIO_LOST, retryable=False))
        interrupt_restored(step, heard_at(step.setup, turn, kept), InterruptedBy.ERROR)
        return
    if turn.written:
        resume_speech(step, kept)
        finish_if_over(step)
        return
    if turn.waiting_calls:
        resume_speech(step, kept)
        settle_begun(step) if len(step.memory.agents) == turn.agents else settle_unknown(step, turn)
        run_next(step)
        return
    resume_speech(step, kept)
    if step.setup.program and turn.unreported:
        return  # the model is asked after that
    if turn.source is not TurnSource.SAY and not run_hook_if_due(step):  # of a speech the rest comes from the program
        think(step)
