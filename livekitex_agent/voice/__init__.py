"""What user code has of a conversation, by LiveKit's names: agents, sessions, speech handles, the context of a tool, events.

A name is loaded when it is first asked for: these modules need each other.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

from livekitex_agent.absent_names import absent_names

if TYPE_CHECKING:
    from livekitex_agent.voice import io, room_io, run_result, text_transforms
    from livekitex_agent.voice.agent import Agent, ModelSettings
    from livekitex_agent.voice.agent_session import AgentSession
    from livekitex_agent.voice.agent_task import AgentTask
    from livekitex_agent.voice.events import (
        AgentFalseInterruptionEvent,
        AgentStateChangedEvent,
        CloseEvent,
        CloseReason,
        ConversationItemAddedEvent,
        ErrorEvent,
        FunctionToolsExecutedEvent,
        MetricsCollectedEvent,
        SessionUsageUpdatedEvent,
        SpeechCreatedEvent,
        ToolCallEnded,
        ToolCallStarted,
        ToolCallUpdated,
        ToolExecutionUpdatedEvent,
        ToolReplyUpdated,
        UserInputTranscribedEvent,
        UserStateChangedEvent,
        UserTranscriptionTimeoutEvent,
        UserTurnExceededEvent,
    )
    from livekitex_agent.voice.run_context import RunContext
    from livekitex_agent.voice.run_result import RunOutputOptions
    from livekitex_agent.voice.speech_handle import SpeechHandle

__all__ = ["Agent", "AgentFalseInterruptionEvent", "AgentSession", "AgentStateChangedEvent", "AgentTask", "CloseEvent", "CloseReason"]
__all__ += ["ConversationItemAddedEvent", "ErrorEvent", "FunctionToolsExecutedEvent", "MetricsCollectedEvent", "ModelSettings"]
__all__ += ["RunContext", "RunOutputOptions", "SessionUsageUpdatedEvent", "SpeechCreatedEvent", "SpeechHandle", "ToolCallEnded"]
__all__ += ["ToolCallStarted", "ToolCallUpdated", "ToolExecutionUpdatedEvent", "ToolReplyUpdated", "UserInputTranscribedEvent"]
__all__ += ["UserStateChangedEvent", "UserTranscriptionTimeoutEvent", "UserTurnExceededEvent"]
__all__ += ["io", "room_io", "run_result", "text_transforms"]

_WHERE: Final = {
    **dict.fromkeys(("Agent", "ModelSettings"), "agent"),
    "AgentSession": "agent_session",
    "AgentTask": "agent_task",
    "RunContext": "run_context",
    "RunOutputOptions": "run_result",
    "SpeechHandle": "speech_handle",
}
_MODULES: Final = ("io", "room_io", "run_result", "text_transforms")
_LATER: Final = "it comes in a later version, with rooms"
_submodule = absent_names(
    __name__,
    {
        **dict.fromkeys(("TranscriptSynchronizer", "VoiceActivityVideoSampler", "RemoteSession", "RecordingOptions"), _LATER),
        "AudioRecognition": "the session recognises itself: listen to its event user_input_transcribed",
    },
)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Load a name."""
    if name in __all__ and name not in _MODULES:
        return getattr(importlib.import_module(f"{__name__}.{_WHERE.get(name, 'events')}"), name)
    return _submodule(name)
