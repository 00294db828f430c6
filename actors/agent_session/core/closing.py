"""How a turn ends, and how the call does."""

from dataclasses import replace

from actors.agent_session.core.added_items import tell_added
from actors.agent_session.core.chat import heard_text
from actors.agent_session.core.effects import After, Leave, Tell
from actors.agent_session.core.entries import CallClosed, Checkpoint, TurnClosed
from actors.agent_session.core.inputs import SubscribersAwaited
from actors.agent_session.core.item_metrics import measure_answer
from actors.agent_session.core.measures import turn_ended
from actors.agent_session.core.memory import Accepted, Heard, TurnSource
from actors.agent_session.core.playback import finished
from actors.agent_session.core.rounds import report, tell_replies
from actors.agent_session.core.transition import Transition
from protocols import (
    AgentEvent,
    AgentMessage,
    CallEnded,
    CancelResponse,
    CommandDone,
    EndCall,
    InterruptedBy,
    Say,
    SessionCommand,
    SessionEnded,
    SpeechDone,
    SpeechOutcome,
    ToolReply,
)


def finish_if_over(step: Transition) -> None:
    """Close the turn once the model has ended its reply and all of it was heard."""
    turn, state = step.memory.turn, step.state
    if turn is None or not turn.written or state.interruption is not None or state.held:
        return
    if step.setup.program and turn.unreported:
        return  # that is told before
    if step.setup.voice and state.played < len(turn.sentences):
        return
    close_turn(step, Heard(sentences=len(turn.sentences)))


def close_turn(step: Transition, heard: Heard) -> None:
    """Settle the open turn: history keeps what was heard of it. Its command is done, and so is whoever cancelled it."""
    interruption = step.state.interruption
    if step.setup.program and step.turn.unreported:
        tell_replies(step, step.turn, heard)
        report(step, step.turn)
    turn = step.turn
    text = heard_text(turn, heard)
    whole = turn.written and heard.sentences >= len(turn.sentences)
    before = step.memory.history
    measure_answer(step)
    step.record(TurnClosed(sentences=heard.sentences, tail=heard.tail))
    finished(step, turn, interrupted=not whole)
    step.publish(AgentMessage(speech_id=turn.speech_id, text=text, interrupted=not whole), turn_id=turn.turn_id)
    by = interruption.by if interruption is not None else None
    if turn.failed or by is InterruptedBy.ERROR:
        outcome = SpeechOutcome.FAILED
    elif whole:
        outcome = SpeechOutcome.COMPLETED
    else:
        outcome = SpeechOutcome.EXPIRED if by is InterruptedBy.DEADLINE else SpeechOutcome.INTERRUPTED
    over = SpeechDone(speech_id=turn.speech_id, source=turn.source, outcome=outcome, command_id=turn.command_id, owner=turn.owner)
    tell_added(step, before, turn)
    step.publish(over, turn_id=turn.turn_id)
    if turn.reports:
        status = "interrupted" if outcome in (SpeechOutcome.INTERRUPTED, SpeechOutcome.EXPIRED) else "completed"
        if status == "completed" and not text and not turn.rounds_with_calls:
            status = "skipped"
        step.publish(ToolReply(update_ids=turn.reports, status=status, speech_id=turn.speech_id), turn_id=turn.turn_id)
    turn_ended(step, turn)
    done = [turn.command_id] if turn.command_id else []
    done += [accepted.command_id for accepted in step.memory.inbox if isinstance(accepted.command, CancelResponse)]
    for command_id in done:
        step.publish(CommandDone(command_id=command_id))
    step.state = replace(step.state, played=0, thinking=0, expected=(), interruption=None)
    take_changed_tools(step)
    step.move_agent(AgentEvent.TURN_ENDED)


def take_changed_tools(step: Transition) -> None:
    """Have the agent use its new tools, unless a turn of its own goes on: that is offered the same tools until its end."""
    changed, memory = step.state.tools_changed, step.memory
    goes_on = memory.turn is not None or any(waiting.agents == len(memory.agents) for waiting in memory.suspended)
    if changed is not None and not goes_on:
        setup = replace(step.setup, tools=changed.tools, idempotent=changed.idempotent)
        step.state = replace(step.state, setup=setup, tools_changed=None)


def close_unsaid(step: Transition, accepted: Accepted, outcome: SpeechOutcome) -> None:
    """Settle a speech that still waits to be said: nothing of it will be."""
    speech_id, command_id = accepted.speech_id, accepted.command_id
    source = source_of(accepted.command)
    step.publish(AgentMessage(speech_id=speech_id, text="", interrupted=True))
    step.publish(SpeechDone(speech_id=speech_id, source=source, outcome=outcome, command_id=command_id, owner=accepted.owner))
    step.publish(CommandDone(command_id=command_id))


def source_of(command: SessionCommand) -> TurnSource:
    """Why the agent has the turn that ``command`` gives it."""
    return TurnSource.SAY if isinstance(command, Say) else TurnSource.GENERATE_REPLY


def close_call_if_due(step: Transition) -> bool:
    """Close the call if its end is wanted and everything that was accepted before has been acted on; tells whether it is closed."""
    memory = step.memory
    if not memory.ending or not all(isinstance(accepted.command, EndCall) for accepted in memory.inbox):
        return False
    for accepted in memory.inbox:
        step.publish(CommandDone(command_id=accepted.command_id))
    step.move_agent(AgentEvent.CLOSED)
    step.record(CallClosed())
    step.publish(CallEnded(reason=memory.ending))
    if step.state.subscribers:
        leave(step)
    else:  # a new incarnation that had only this left to do: who follows the call is about to subscribe again
        step.do(After(delay_s=step.setup.subscribers_wait_s, input=SubscribersAwaited()))
    return True


def leave(step: Transition) -> None:
    """Tell the JobContext that the conversation is over, and go. A journal that lacks something is tried once more: it has to know."""
    if step.state.journal_failures:
        step.record(Checkpoint(memory=step.memory))
    step.then(Tell(name=f"job_context/{step.setup.call_id}", message=SessionEnded(reason=step.memory.ending)))
    step.then(Leave())
