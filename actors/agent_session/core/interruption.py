"""Stopping the agent's turn: because the caller speaks, because somebody cancelled it, because its voice failed.

How much of the reply was heard is asked from those who play it. A tool that runs is awaited: then the turn ends, before the model is
asked again.
"""

from dataclasses import replace

from actors.agent_session.core.chat import heard_tail
from actors.agent_session.core.closing import close_turn
from actors.agent_session.core.effects import StopSpeech, StopThinking
from actors.agent_session.core.inputs import SpeechFailed, SpeechStopped
from actors.agent_session.core.memory import Heard
from actors.agent_session.core.state import Interruption
from actors.agent_session.core.step import Step
from protocols import CancelResponse, ConversationEvent, ConversationState, SessionError


def interrupt(step: Step) -> None:
    """Stop the open turn; a no-op while it is being stopped."""
    turn = step.turn
    if step.state.interruption is not None:
        return
    if step.setup.voice and turn.sentences:
        step.do(StopSpeech(speech_id=turn.turn_id))
        _stop(step, None)
    else:
        _stop(step, Heard(sentences=len(turn.sentences)))


def interrupt_restored(step: Step, heard: Heard) -> None:
    """Stop the turn that a life before was told to stop; nothing of it is at work yet."""
    _stop(step, heard)


def on_stopped(step: Step, stopped: SpeechStopped) -> None:
    """The reply has stopped; now it is known how far it was heard."""
    turn, interruption = step.memory.turn, step.state.interruption
    if turn is None or turn.turn_id != stopped.speech_id or interruption is None or interruption.heard is not None:
        return
    heard = Heard(sentences=max(stopped.index, step.state.played))
    if stopped.played_s and heard.sentences == stopped.index < len(turn.sentences):
        heard = replace(heard, tail=heard_tail(turn.sentences[stopped.index], stopped.played_s, stopped.total_s))
    step.state = replace(step.state, interruption=Interruption(heard=heard))


def on_failed(step: Step, failed: SpeechFailed) -> None:
    """A sentence cannot be made audible: the reply ends before it."""
    turn = step.memory.turn
    if turn is None or turn.turn_id != failed.speech_id:
        return
    step.publish(SessionError(source="tts", text=failed.text, retryable=failed.retryable))
    heard = Heard(sentences=failed.index)
    if step.state.interruption is None:
        _stop(step, heard)
    elif step.state.interruption.heard is None:
        step.state = replace(step.state, interruption=Interruption(heard=heard))


def settle_if_known(step: Step) -> bool:
    """Once everything has stopped: close the turn, and listen to the caller if he speaks; tells whether it was so."""
    heard = step.state.interruption.heard if step.state.interruption is not None else Heard()
    if heard is None:
        return False
    cancelled = any(isinstance(accepted.command, CancelResponse) for accepted in step.memory.inbox)
    step.state = replace(step.state, interruption=None)
    if step.memory.turn is not None:
        close_turn(step, heard)
        step.state = replace(step.state, owed=step.memory.unanswered and not cancelled)
    speaks = step.state.utterance is not None
    step.go(ConversationEvent.SPEECH_STARTED if speaks else ConversationEvent.INTERRUPTION_OVER)
    return True


def _stop(step: Step, heard: Heard | None) -> None:
    step.then(StopThinking())
    step.state = replace(step.state, interruption=Interruption(heard=heard), thinking=0, expected=(), failures=0)
    if step.state.phase is not ConversationState.TOOL_EXECUTION:
        step.go(ConversationEvent.INTERRUPTED)
