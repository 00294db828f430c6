"""From the events of a call to those of LiveKit's sessions. Pure, but for the call's memory and what is kept of its tools and turn."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import protocols as told
from livekitex_agent.llm import FunctionCall, FunctionCallOutput
from livekitex_agent.llm.conversion import item_from_protocol
from livekitex_agent.program.tool_outcomes import ToolOutcome, ToolOutcomes
from livekitex_agent.program.user_transcripts import UserTranscripts
from livekitex_agent.voice.events import (
    AgentFalseInterruptionEvent,
    CloseEvent,
    CloseReason,
    ConversationItemAddedEvent,
    Event,
    FunctionToolsExecutedEvent,
    OverlappingSpeechEvent,
    RestartedEvent,
    ToolCallEnded,
    ToolCallStarted,
    ToolCallUpdated,
    ToolExecutionUpdatedEvent,
    ToolReplyUpdated,
    ToolUpdate,
    UserTranscriptionTimeoutEvent,
)
from protocols import ChatItem, EventPushed

_ADDED: Final = ("message", "agent_handoff")


def session_events(  # noqa: C901 - one case for each event
    pushed: EventPushed, item: Callable[[str], ChatItem | None], outcomes: ToolOutcomes, transcripts: UserTranscripts
) -> Iterator[Event]:
    """The session's events that the call's event ``pushed`` is; ``item`` finds an item of the history by its id."""
    at = {"created_at": pushed.wall_s}
    match pushed.event:
        case told.UserInputTranscribed() | told.UserInputSettled() as heard:
            if (piece := transcripts.piece_of(heard, pushed.wall_s)) is not None:
                yield piece
        case told.UserTranscriptionTimeout(speech_ms=speech_ms):
            yield UserTranscriptionTimeoutEvent(speech_duration=speech_ms / 1000, **at)
        case told.FalseInterruption():
            yield AgentFalseInterruptionEvent(resumed=True, **at)
        case told.OverlappingSpeech(decision=decision, text=text, delay_ms=delay_ms):
            yield OverlappingSpeechEvent(is_interruption=decision == "interruption", transcript=text, detection_delay=delay_ms / 1000, **at)
        case told.ConversationItemAdded(kind=kind, item_id=item_id) if kind in _ADDED and (found := item(item_id)) is not None:
            yield ConversationItemAddedEvent(item=item_from_protocol(found), **at)
        case told.FunctionToolsExecuted(calls=calls):
            yield _executed(calls, outcomes, pushed.wall_s)
        case told.ToolCalled() | told.ToolUpdated() | told.ToolReply() | told.ToolReturned() as event:
            for update in _tool_updates(event, item, outcomes):
                yield ToolExecutionUpdatedEvent(update=update, **at)
        case told.Restarted(reason=reason, incarnation=incarnation):
            yield RestartedEvent(reason=reason, incarnation=incarnation, **at)
        case _:
            pass


def _tool_updates(
    event: told.ToolCalled | told.ToolUpdated | told.ToolReply | told.ToolReturned,
    item: Callable[[str], ChatItem | None],
    outcomes: ToolOutcomes,
) -> Iterator[ToolUpdate]:
    match event:
        case told.ToolCalled(call_id=call_id, name=name, arguments=arguments):
            outcomes.begun(call_id)
            yield ToolCallStarted(function_call=FunctionCall(call_id=call_id, name=name, arguments=arguments))
        case told.ToolUpdated(call_id=call_id, update_id=update_id, message=message, silent=silent):
            if update_id == call_id:
                outcomes.note(call_id, ToolOutcome(message=message, failed=False, reply=not silent, hand_off=False))
            yield ToolCallUpdated(id=update_id, call_id=call_id, message=message, silent=silent)
        case told.ToolReply(update_ids=update_ids, status=status, speech_id=speech_id):
            if status != "pending":
                yield ToolReplyUpdated(update_ids=list(update_ids), status=status, speech_id=speech_id)
        case told.ToolReturned(call_id=call_id, result=result, ok=ok):
            entry = f"{call_id}_final" if item(f"{call_id}_final") is not None else call_id
            begun, outcome = outcomes.was_begun(call_id), outcomes.of(entry, result, ok=ok)
            outcomes.note(entry, outcome)
            if begun:  # else nobody was told that it begins
                ended = "error" if outcome.failed else "done"
                yield ToolCallEnded(id=entry, call_id=call_id, message=outcome.message, status=ended)


def close_event(reason: str, closing: CloseReason | None, wall_s: float, error: object = None) -> CloseEvent:
    """How the session is told that the call has ended with ``reason``; ``closing`` is why the session closed it, and of which ``error``."""
    if closing is not None:
        return CloseEvent(reason=closing, error=error, created_at=wall_s)
    failed = reason.startswith("failed")
    return CloseEvent(reason=CloseReason.ERROR if failed else CloseReason.JOB_SHUTDOWN, error=reason if failed else None, created_at=wall_s)


def _executed(calls: Sequence[told.ExecutedCall], outcomes: ToolOutcomes, wall_s: float) -> FunctionToolsExecutedEvent:
    outputs, handed_off = [], False
    for call in calls:
        outcome = outcomes.of(call.call_id, call.result, ok=True)
        handed_off = handed_off or outcome.hand_off
        output = FunctionCallOutput(call_id=call.call_id, name=call.name, output=call.result, is_error=outcome.failed)
        outputs.append(output.model_copy(update={"reply_required": outcome.reply}))
    event = FunctionToolsExecutedEvent(
        function_calls=[FunctionCall(call_id=call.call_id, name=call.name, arguments=call.arguments) for call in calls],
        function_call_outputs=outputs,
        created_at=wall_s,
    )
    event._handoff_required = handed_off
    return event
