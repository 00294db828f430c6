"""Stopping the agent's turn: because the caller speaks, because somebody cancelled it, because its voice failed.

How much of the reply was heard is asked from those who play it. A tool that runs is awaited: then the turn ends, before the model is
asked again.

A caller who speaks over a reply need not mean to interrupt it. It is held first, and decided when his words are known: then it is stopped
for them, or goes on where it was held. Meanwhile what is still to be written of it is written, and waits to be heard; a tool that runs goes
on, but none begins, since he may be about to forbid it. So at most the round that is under way waits, and one behind a tool that runs.
"""

from dataclasses import replace
from itertools import accumulate
from typing import Final

from actors.agent_session.core.closing import close_turn
from actors.agent_session.core.effects import PauseSpeech, ResumeSpeech, StopSpeech, StopThinking
from actors.agent_session.core.entries import TurnStopped
from actors.agent_session.core.inputs import SpeechFailed, SpeechStopped
from actors.agent_session.core.memory import Heard, Turn, TurnSource
from actors.agent_session.core.playback import heard_of
from actors.agent_session.core.speech import audible, go_on_as_text
from actors.agent_session.core.state import Interruption, Opening
from actors.agent_session.core.tools import run_next
from actors.agent_session.core.transition import Transition
from actors.agent_session.core.turns import PREPARED, say_prepared, take_turn
from protocols import (
    AgentEvent,
    AgentState,
    CancelResponse,
    FalseInterruption,
    InterruptedBy,
    OverlappingSpeech,
    SessionError,
    SpeechInterrupted,
    UserState,
)

LEAST_HEARD_S: Final = 0.25
"""Of an answer that is cut: in less of it nobody makes out a word, and the history keeps none."""


def interrupt(step: Transition, by: InterruptedBy) -> None:
    """Stop the open turn; a no-op while it is being stopped. The caller so stops what was to be answered right behind it, too."""
    turn = step.turn
    if step.state.interruption is not None:
        return
    for waiting in step.memory.suspended if by is InterruptedBy.USER else ():
        if not waiting.waiting_calls and waiting.allow_interruptions and waiting.agents == turn.agents:
            stop_suspended(step, waiting, by)
    if step.setup.voice and turn.sentences:
        step.do(StopSpeech(speech_id=turn.speech_id))
        _stop(step, None, by)
    else:
        _stop(step, Heard(sentences=len(turn.sentences)), by)


def begin_if_due(step: Transition) -> bool:
    """Hold or stop the open turn once the caller has spoken long enough over it, if it may be interrupted; tells whether it was so."""
    utterance = step.state.utterance
    if utterance is None or not utterance.counts or not step.turn.allow_interruptions:
        return False
    if len(step.memory.agents) > step.turn.agents:
        return False  # he speaks to the agent that has entered, once this turn is suspended for it
    if utterance.echo and not utterance.own_words:
        return False
    over_reply = step.setup.voice and bool(step.turn.sentences)
    if step.setup.resume_false_interruption and over_reply and utterance.over_speech and not utterance.given_up:
        _hold(step)
    else:
        if utterance.over_speech:
            tell_overlap(step, "", "interruption")
        interrupt(step, InterruptedBy.USER)
    return True


def stop_suspended(step: Transition, turn: Turn, by: InterruptedBy) -> None:
    """Stop a suspended turn: its tools go on, and it is over when it comes back. A no-op if it is stopped."""
    if turn.stopped_by is None:
        step.record(TurnStopped(turn_id=turn.turn_id, by=by))
        step.publish(SpeechInterrupted(speech_id=turn.speech_id, by=by), turn_id=turn.turn_id)


def tell_overlap(step: Transition, text: str, decision: str) -> None:
    """It is decided what the caller means who speaks over the agent (see `OverlappingSpeech`)."""
    utterance, turn = step.state.utterance, step.memory.turn
    if utterance is not None and turn is not None:
        delay_ms = round((step.now.monotonic_s - utterance.began_s) * 1000)
        step.publish(OverlappingSpeech(speech_id=turn.speech_id, decision=decision, text=text, delay_ms=delay_ms))


def _hold(step: Transition) -> None:
    """Hold the reply until it is known what the caller says."""
    pause = PauseSpeech(speech_id=step.turn.speech_id)
    if step.state.agent is AgentState.SPEAKING:
        step.do(pause)
    else:
        step.then(pause)  # behind its sentences, which are still on their way
    step.state = replace(step.state, held=True)
    step.move_agent(AgentEvent.INTERRUPTED)


def resume(step: Transition, text: str) -> None:
    """The caller did not mean it: go on with the reply that is held, and with what waited for that."""
    step.then(ResumeSpeech(speech_id=step.turn.speech_id))
    step.state = replace(step.state, held=False)
    step.publish(FalseInterruption(speech_id=step.turn.speech_id, text=text))
    step.move_agent(AgentEvent.RESUMED if audible(step.state) else AgentEvent.TURN_TAKEN)
    _run_what_waits(step)


def stop_held(step: Transition, after: Opening) -> None:
    """The caller meant it: stop the reply that is held, and then open the turn that follows."""
    interrupt(step, InterruptedBy.USER)
    _then(step, after)


def interrupt_restored(step: Transition, heard: Heard, by: InterruptedBy) -> None:
    """Stop a turn of an incarnation before, of which nothing is at work yet."""
    _stop(step, heard, by)


def on_stopped(step: Transition, stopped: SpeechStopped) -> None:
    """The reply has stopped; now it is known how far it was heard."""
    turn, interruption = step.memory.turn, step.state.interruption
    if turn is None or turn.speech_id != stopped.speech_id or interruption is None or interruption.heard is not None:
        return
    if stopped.index < step.state.played or _cut_at_once(step, turn, stopped):
        heard = Heard(sentences=step.state.played)
    else:
        heard = heard_of(turn, stopped.index, stopped.char)
    heard_to = max(step.state.heard_to, stopped.position)
    step.state = replace(step.state, interruption=replace(interruption, heard=heard), heard_to=heard_to)


def _cut_at_once(step: Transition, turn: Turn, stopped: SpeechStopped) -> bool:
    """Whether an answer was cut before anybody could make out a word of it."""
    begins = accumulate((len(round_.sentences) for round_ in turn.rounds), initial=0)
    first = max(sentence for sentence in begins if sentence <= stopped.index)
    begun = turn.starts[first : first + 1]
    return any(stopped.position - start < LEAST_HEARD_S * step.setup.voice_rate_hz for start in begun)


def on_failed(step: Transition, failed: SpeechFailed) -> None:
    """A sentence cannot be made audible: the reply ends before it.

    The apology follows, which can be heard without the voice (`SpeechOutput` keeps it), unless the caller speaks. Where the voice had
    failed before and has said nothing since, or not even that can be heard, the rest of the reply is told as text instead.
    """
    turn = step.memory.turn
    if turn is None or turn.speech_id != failed.speech_id:
        return
    step.publish(SessionError(source="tts", text=failed.text, retryable=failed.retryable))
    heard = Heard(sentences=failed.index)
    if step.state.interruption is None and turn.audio:  # it is the program's, and the voice has nothing to do with it
        _stop(step, heard, InterruptedBy.ERROR)
    elif step.state.interruption is None and (step.state.voice_fails or turn.source in PREPARED):
        go_on_as_text(step, failed.index, failed.text)
    elif step.state.interruption is None:
        step.state = replace(step.state, voice_fails=True)
        _stop(step, heard, InterruptedBy.ERROR)
        if step.state.user is UserState.LISTENING:
            _then(step, Opening(source=TurnSource.APOLOGY))
    elif step.state.interruption.heard is None:
        step.state = replace(step.state, interruption=replace(step.state.interruption, heard=heard))


def settle_if_known(step: Transition) -> bool:
    """Once everything has stopped: close the turn, and listen to the caller if he speaks; tells whether it was so."""
    interruption = step.state.interruption
    if interruption is None or (heard := interruption.heard) is None or step.turn.waiting_calls or step.state.hooking:
        return False
    cancelled = interruption.by is InterruptedBy.PROGRAM
    cancelled = cancelled or any(isinstance(accepted.command, CancelResponse) for accepted in step.memory.inbox)
    close_turn(step, heard)
    step.state = replace(step.state, owed=step.memory.unanswered and not cancelled)
    if interruption.after is not None:
        open_after(step, interruption.after)
    return True


def open_after(step: Transition, after: Opening) -> None:
    """Open the turn that follows on one that was stopped."""
    if after.source in PREPARED:
        say_prepared(step, after.source)
    else:
        take_turn(step, after)


def _then(step: Transition, after: Opening) -> None:
    """Have ``after`` open once the turn that is being stopped is over."""
    if step.state.interruption is not None:
        step.state = replace(step.state, interruption=replace(step.state.interruption, after=after))


def _stop(step: Transition, heard: Heard | None, by: InterruptedBy) -> None:
    step.publish(SpeechInterrupted(speech_id=step.turn.speech_id, by=by))
    held, guess = step.state.held, step.state.guess
    later = guess is not None and guess.turn_id not in ("", step.turn.turn_id)
    if not later or step.state.thinking:  # else the model answers what goes on after this turn
        step.then(StopThinking())
    step.state = replace(step.state, interruption=Interruption(heard=heard, by=by), thinking=0, expected=(), held=False)
    if not later:
        step.state = replace(step.state, guess=None)
    if held:
        step.state = replace(step.state, recognizing=0)  # of what is said over the reply; it is recognised anew
    step.move_agent(AgentEvent.INTERRUPTED)
    _run_what_waits(step)


def _run_what_waits(step: Transition) -> None:
    """Settle the tools that were asked for while the reply was held: they are run now, or not at all."""
    if step.turn.waiting_calls:
        run_next(step)
