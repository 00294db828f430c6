"""From the events of a call to those of LiveKit's sessions. Pure, but for what is asked of the call's memory."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import protocols as told
from livekitex_agent.llm import FunctionCall, FunctionCallOutput
from livekitex_agent.llm.conversion import item_from_protocol
from livekitex_agent.voice.events import (
    AgentFalseInterruptionEvent,
    AgentState,
    AgentStateChangedEvent,
    CloseEvent,
    CloseReason,
    ConversationItemAddedEvent,
    ErrorEvent,
    Event,
    FunctionToolsExecutedEvent,
    OverlappingSpeechEvent,
    RestartedEvent,
    UserInputTranscribedEvent,
    UserState,
    UserStateChangedEvent,
    UserTranscriptionTimeoutEvent,
)
from protocols import ChatItem, EventPushed

AGENT_STATES: Final[dict[str, AgentState]] = {
    "initializing": "initializing",
    "idle": "idle",
    "listening": "listening",
    "thinking": "thinking",
    "speaking": "speaking",
    "paused": "listening",
    "closing": "listening",
}
USER_STATES: Final[dict[str, UserState]] = {
    "listening": "listening",
    "speaking": "speaking",
    "transcribing": "listening",  # he has stopped, and is about to be understood
    "away": "away",
}
_ADDED: Final = ("message", "agent_handoff")
PROGRAM: Final = "program"
"""The source of an error that the program has made itself: it is in the log, and no event of its own session."""


def session_events(pushed: EventPushed, item: Callable[[str], ChatItem | None]) -> Iterator[Event]:  # noqa: C901 - one case for each event
    """The session's events that the call's event ``pushed`` is; ``item`` finds an item of the history by its id."""
    at = {"created_at": pushed.wall_s}
    match pushed.event:
        case told.AgentStateChanged(old=old, new=new) if AGENT_STATES[old] != AGENT_STATES[new]:
            yield AgentStateChangedEvent(old_state=AGENT_STATES[old], new_state=AGENT_STATES[new], **at)
        case told.UserStateChanged(old=old, new=new) if USER_STATES[old] != USER_STATES[new]:
            yield UserStateChangedEvent(old_state=USER_STATES[old], new_state=USER_STATES[new], **at)
        case told.UserInputTranscribed(text=text, is_final=final, language=language, speaker_id=speaker):
            yield UserInputTranscribedEvent(transcript=text, is_final=final, language=language or None, speaker_id=speaker or None, **at)
        case told.UserTranscriptionTimeout(speech_ms=speech_ms):
            yield UserTranscriptionTimeoutEvent(speech_duration=speech_ms / 1000, **at)
        case told.FalseInterruption():
            yield AgentFalseInterruptionEvent(resumed=True, **at)
        case told.OverlappingSpeech(decision=decision, text=text, delay_ms=delay_ms):
            yield OverlappingSpeechEvent(is_interruption=decision == "interruption", transcript=text, detection_delay=delay_ms / 1000, **at)
        case told.ConversationItemAdded(kind=kind, item_id=item_id) if kind in _ADDED and (found := item(item_id)) is not None:
            yield ConversationItemAddedEvent(item=item_from_protocol(found), **at)
        case told.FunctionToolsExecuted(calls=calls):
            yield _executed(calls, pushed.wall_s)
        case told.SessionError(text=text, source=source) if source != PROGRAM:
            yield ErrorEvent(error=text, source=source, **at)
        case told.Restarted(reason=reason, incarnation=incarnation):
            yield RestartedEvent(reason=reason, incarnation=incarnation, **at)
        case _:
            pass


def close_event(reason: str, closing: CloseReason | None, wall_s: float) -> CloseEvent:
    """How the session is told that the call has ended with ``reason``; ``closing`` is why the program closed it."""
    if closing is not None:
        return CloseEvent(reason=closing, created_at=wall_s)
    failed = reason.startswith("failed")
    return CloseEvent(reason=CloseReason.ERROR if failed else CloseReason.JOB_SHUTDOWN, error=reason if failed else None, created_at=wall_s)


def _executed(calls: Any, wall_s: float) -> FunctionToolsExecutedEvent:  # noqa: ANN401 - the event's own
    return FunctionToolsExecutedEvent(
        function_calls=[FunctionCall(call_id=call.call_id, name=call.name, arguments=call.arguments) for call in calls],
        function_call_outputs=[
            FunctionCallOutput(call_id=call.call_id, name=call.name, output=call.result, is_error=call.result.startswith("error:"))
            for call in calls
        ],
        created_at=wall_s,
    )
