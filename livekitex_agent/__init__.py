"""A runtime for voice agents in which every call is a supervised process that comes back with its conversation.

Part of livekitex-agent.

::

    import asyncio
    from livekitex_agent import Agent, AgentMessage, AgentSystem


    def price(product: str) -> str:
        \"\"\"Tell the price of a product.\"\"\"
        return f"{product} costs 9 dollars."


    async def main() -> None:
        async with AgentSystem.start() as system:
            session = await system.start_session(Agent.text(instructions="You sell pizza.", tools=[price]))
            await session.send_text("price of a pizza")
            print((await session.wait_for(AgentMessage)).text)


    if __name__ == "__main__":
        asyncio.run(main())

`livekitex_agent.sync` has the same names without ``await``.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

from livekitex_agent.import_guard import require_own_packages

require_own_packages()  # before any other import of ours

if TYPE_CHECKING:
    from actors import (
        PatternRedactor,
        PlaybackBuffer,
    )
    from livekitex_agent._exceptions import (
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AssignmentTimeoutError,
        UnexpectedModelBehavior,
        create_api_error_from_http,
    )
    from livekitex_agent.agent_description import (
        provider,
    )
    from livekitex_agent.call_handle import (
        CallHandle,
    )
    from livekitex_agent.call_options import (
        BackgroundAudioOptions,
        CallOptions,
        DegradationOptions,
        LimitOptions,
        ToolOptions,
    )
    from livekitex_agent.demo.agent import (
        phone_order_agent,
    )
    from livekitex_agent.job import (
        AutoSubscribe,
        Job,
        JobAcceptArguments,
        JobContext,
        JobExecutorType,
        JobProcess,
        JobRequest,
        JobType,
        RunningJobInfo,
        SessionReport,
        get_current_job_context,
        get_job_context,
    )
    from livekitex_agent.language import (
        LanguageCode,
    )
    from livekitex_agent.llm import (
        AgentConfigUpdate,
        AgentHandoff,
        ChatContent,
        ChatContext,
        ChatItem,
        ChatMessage,
        ChatRole,
        FunctionCall,
        FunctionCallOutput,
        FunctionTool,
        ProviderTool,
        StopResponse,
        ToolContext,
        ToolError,
        ToolResult,
        function_tool,
    )
    from livekitex_agent.program import (
        ProgramPlace,
    )
    from livekitex_agent.speech_handle import (
        SpeechHandle,
    )
    from livekitex_agent.system import (
        AgentSystem,
    )
    from livekitex_agent.tree import (
        Node,
    )
    from livekitex_agent.types import (
        DEFAULT_API_CONNECT_OPTIONS,
        NOT_GIVEN,
        APIConnectOptions,
        FlushSentinel,
        NotGiven,
        NotGivenOr,
    )
    from livekitex_agent.voice.agent import (
        Agent,
        ModelSettings,
    )
    from livekitex_agent.voice.agent_session import (
        AgentSession,
    )
    from livekitex_agent.voice.agent_task import (
        AgentTask,
    )
    from livekitex_agent.voice.background_audio import (
        AudioConfig,
        BackgroundAudioPlayer,
        BuiltinAudioClip,
        PlayHandle,
    )
    from livekitex_agent.voice.events import (
        AgentEvent,
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
    from livekitex_agent.voice.io import (
        AgentInput,
        AgentOutput,
        AudioInput,
        AudioOutput,
        AudioOutputCapabilities,
        LLMNode,
        PlaybackFinishedEvent,
        PlaybackProgressedEvent,
        PlaybackStartedEvent,
        STTNode,
        TextInput,
        TextOutput,
        TTSNode,
        VideoInput,
        VideoOutput,
    )
    from livekitex_agent.voice.mocking import (
        mock_tools,
    )
    from livekitex_agent.voice.room_io import (
        AudioInputOptions,
        AudioOutputOptions,
        RoomInputOptions,
        RoomOptions,
        RoomOutputOptions,
        TextInputEvent,
        TextInputOptions,
        TextOutputOptions,
        VideoInputOptions,
    )
    from livekitex_agent.voice.run_context import (
        RunContext,
    )
    from livekitex_agent.voice.run_result import (
        AgentHandoffAssert,
        AgentHandoffEvent,
        ChatMessageAssert,
        ChatMessageEvent,
        EventAssert,
        EventRangeAssert,
        FunctionCallAssert,
        FunctionCallEvent,
        FunctionCallOutputAssert,
        FunctionCallOutputEvent,
        RunAssert,
        RunEvent,
        RunOutputOptions,
        RunResult,
    )
    from livekitex_agent.voice.turn import (
        EndpointingOptions,
        InterruptionOptions,
        PreemptiveGenerationOptions,
        TurnHandlingOptions,
        UserTurnLimitOptions,
    )
    from livekitex_agent.worker import (
        AgentServer,
        ServerType,
        WorkerType,
    )
    from livekitex_agent.worker_options import (
        ServerEnvOption,
        ServerOptions,
        WorkerOptions,
        WorkerPermissions,
    )
    from protocols import (
        LLM,
        STT,
        TTS,
        AgentMessage,
        AgentSentence,
        AlignedAudio,
        AudioChunk,
        AudioCleared,
        AudioContent,
        AudioPushed,
        CallDelta,
        CallEnded,
        CallStarted,
        CapacityError,
        ChatFinished,
        ChatOptions,
        ChildCounts,
        ChildInfo,
        CommandDone,
        ConfigurationError,
        EventPushed,
        EventsMissed,
        FailedTurn,
        Fault,
        FinalTranscript,
        FinishReason,
        FunctionChoice,
        ImageContent,
        Instructions,
        InterimTranscript,
        InvalidAgentError,
        InvalidAudioError,
        InvalidToolError,
        LivekitexError,
        MessageTooLargeError,
        MissingExtraError,
        PreflightTranscript,
        ProviderError,
        ProviderRef,
        RecognitionUsage,
        RedactionSink,
        Redactor,
        ReplyLatency,
        Restarted,
        Role,
        SegmentEnded,
        SessionError,
        SessionEvent,
        SessionInfo,
        SessionUnavailableError,
        SpeechEnded,
        SpeechPriority,
        SpeechStarted,
        StateChanged,
        STTCapabilities,
        Summary,
        SystemUnavailableError,
        TextContent,
        TextDelta,
        TimedWord,
        TokenEstimator,
        TokenUsage,
        ToolCalled,
        ToolChoice,
        ToolReturned,
        ToolSchema,
        Transcript,
        TranscriptFlushed,
        TTSCapabilities,
        TurnFailed,
        UnavailableError,
        UsageError,
        UserMessage,
        WorkerStatus,
    )

__all__ = ["DEFAULT_API_CONNECT_OPTIONS", "LLM", "NOT_GIVEN", "STT", "TTS", "APIConnectOptions", "Agent", "AgentConfigUpdate"]
__all__ += ["AgentEvent", "AgentFalseInterruptionEvent", "AgentHandoff", "AgentHandoffAssert", "AgentHandoffEvent", "AgentInput"]
__all__ += ["AgentMessage", "AgentOutput", "AgentSentence", "AgentServer", "AgentSession", "AgentStateChangedEvent", "AgentSystem"]
__all__ += ["AgentTask", "AlignedAudio", "AudioChunk", "AudioCleared", "AudioConfig", "AudioContent", "AudioInput"]
__all__ += ["AudioInputOptions", "AudioOutput", "AudioOutputCapabilities", "AudioOutputOptions", "AudioPushed", "AutoSubscribe"]
__all__ += ["BackgroundAudioOptions", "BackgroundAudioPlayer", "BuiltinAudioClip", "CallDelta", "CallEnded", "CallHandle"]
__all__ += ["CallOptions", "CallStarted", "CapacityError", "ChatContent", "ChatContext", "ChatFinished", "ChatItem", "ChatMessage"]
__all__ += ["ChatMessageAssert", "ChatMessageEvent", "ChatOptions", "ChatRole", "ChildCounts", "ChildInfo", "CloseEvent"]
__all__ += ["CloseReason", "CommandDone", "ConfigurationError", "ConversationItemAddedEvent", "DegradationOptions"]
__all__ += ["EndpointingOptions", "ErrorEvent", "EventAssert", "EventPushed", "EventRangeAssert", "EventsMissed", "FailedTurn"]
__all__ += ["Fault", "FinalTranscript", "FinishReason", "FlushSentinel", "FunctionCall", "FunctionCallAssert", "FunctionCallEvent"]
__all__ += ["FunctionCallOutput", "FunctionCallOutputAssert", "FunctionCallOutputEvent", "FunctionChoice", "FunctionTool"]
__all__ += ["FunctionToolsExecutedEvent", "ImageContent", "Instructions", "InterimTranscript", "InterruptionOptions"]
__all__ += ["InvalidAgentError", "InvalidAudioError", "InvalidToolError", "Job", "JobAcceptArguments", "JobContext", "JobExecutorType"]
__all__ += ["JobProcess", "JobRequest", "JobType", "LLMNode", "LimitOptions", "LivekitexError", "MessageTooLargeError"]
__all__ += ["MetricsCollectedEvent", "MissingExtraError", "ModelSettings", "Node", "NotGiven", "NotGivenOr", "PatternRedactor"]
__all__ += ["PlayHandle", "PlaybackBuffer", "PlaybackFinishedEvent", "PlaybackProgressedEvent", "PlaybackStartedEvent"]
__all__ += ["PreemptiveGenerationOptions", "PreflightTranscript", "ProgramPlace", "ProviderError", "ProviderRef", "ProviderTool"]
__all__ += ["RecognitionUsage", "RedactionSink", "Redactor", "ReplyLatency", "Restarted", "Role", "RoomInputOptions", "RoomOptions"]
__all__ += ["RoomOutputOptions", "RunAssert", "RunContext", "RunEvent", "RunOutputOptions", "RunResult", "RunningJobInfo"]
__all__ += ["STTCapabilities", "STTNode", "SegmentEnded", "ServerEnvOption", "ServerOptions", "ServerType", "SessionError"]
__all__ += ["SessionEvent", "SessionInfo", "SessionReport", "SessionUnavailableError", "SessionUsageUpdatedEvent"]
__all__ += ["SpeechCreatedEvent", "SpeechEnded", "SpeechHandle", "SpeechPriority", "SpeechStarted", "StateChanged", "StopResponse"]
__all__ += ["Summary", "SystemUnavailableError", "TTSCapabilities", "TTSNode", "TextContent", "TextDelta", "TextInput"]
__all__ += ["TextInputEvent", "TextInputOptions", "TextOutput", "TextOutputOptions", "TimedWord", "TokenEstimator", "TokenUsage"]
__all__ += ["ToolCalled", "ToolChoice", "ToolContext", "ToolError", "ToolOptions", "ToolResult", "ToolReturned", "ToolSchema"]
__all__ += ["Transcript", "TranscriptFlushed", "TurnFailed", "TurnHandlingOptions", "UnavailableError", "UnexpectedModelBehavior"]
__all__ += ["UsageError", "UserInputTranscribedEvent", "UserMessage", "UserStateChangedEvent", "UserTranscriptionTimeoutEvent"]
__all__ += ["UserTurnExceededEvent", "UserTurnLimitOptions", "VideoInput", "VideoInputOptions", "VideoOutput", "WorkerOptions"]
__all__ += ["WorkerPermissions", "WorkerStatus", "WorkerType", "function_tool", "get_current_job_context", "get_job_context"]
__all__ += ["APIConnectionError", "APIError", "APIStatusError", "APITimeoutError", "mock_tools", "phone_order_agent", "provider"]
__all__ += ["AssignmentTimeoutError", "LanguageCode", "ToolCallEnded", "ToolCallStarted", "ToolCallUpdated"]
__all__ += ["ToolExecutionUpdatedEvent", "ToolReplyUpdated", "create_api_error_from_http"]

_FROM: Final = {
    "actors": ("PatternRedactor", "PlaybackBuffer"),
    "livekitex_agent._exceptions": (
        *("APIConnectionError", "APIError", "APIStatusError", "APITimeoutError", "AssignmentTimeoutError"),
        *("UnexpectedModelBehavior", "create_api_error_from_http"),
    ),
    "livekitex_agent.agent_description": ("provider",),
    "livekitex_agent.call_handle": ("CallHandle",),
    "livekitex_agent.call_options": ("BackgroundAudioOptions", "CallOptions", "DegradationOptions", "LimitOptions", "ToolOptions"),
    "livekitex_agent.demo.agent": ("phone_order_agent",),
    "livekitex_agent.job": (
        *("AutoSubscribe", "Job", "JobAcceptArguments", "JobContext", "JobExecutorType", "JobProcess", "JobRequest", "JobType"),
        *("RunningJobInfo", "SessionReport", "get_current_job_context", "get_job_context"),
    ),
    "livekitex_agent.language": ("LanguageCode",),
    "livekitex_agent.llm": (
        *("AgentConfigUpdate", "AgentHandoff", "ChatContent", "ChatContext", "ChatItem", "ChatMessage", "ChatRole", "FunctionCall"),
        *("FunctionCallOutput", "FunctionTool", "ProviderTool", "StopResponse", "ToolContext", "ToolError", "ToolResult"),
        *("function_tool",),
    ),
    "livekitex_agent.program": ("ProgramPlace",),
    "livekitex_agent.speech_handle": ("SpeechHandle",),
    "livekitex_agent.system": ("AgentSystem",),
    "livekitex_agent.tree": ("Node",),
    "livekitex_agent.types": ("APIConnectOptions", "DEFAULT_API_CONNECT_OPTIONS", "FlushSentinel", "NOT_GIVEN", "NotGiven", "NotGivenOr"),
    "livekitex_agent.voice.agent": ("Agent", "ModelSettings"),
    "livekitex_agent.voice.agent_session": ("AgentSession",),
    "livekitex_agent.voice.agent_task": ("AgentTask",),
    "livekitex_agent.voice.background_audio": ("AudioConfig", "BackgroundAudioPlayer", "BuiltinAudioClip", "PlayHandle"),
    "livekitex_agent.voice.events": (
        *("AgentEvent", "AgentFalseInterruptionEvent", "AgentStateChangedEvent", "CloseEvent", "CloseReason"),
        *("ConversationItemAddedEvent", "ErrorEvent", "FunctionToolsExecutedEvent", "MetricsCollectedEvent"),
        *("SessionUsageUpdatedEvent", "SpeechCreatedEvent", "UserInputTranscribedEvent", "UserStateChangedEvent"),
        *("UserTranscriptionTimeoutEvent", "UserTurnExceededEvent"),
        *("ToolCallEnded", "ToolCallStarted", "ToolCallUpdated", "ToolExecutionUpdatedEvent", "ToolReplyUpdated"),
    ),
    "livekitex_agent.voice.io": (
        *("AgentInput", "AgentOutput", "AudioInput", "AudioOutput", "AudioOutputCapabilities", "LLMNode", "PlaybackFinishedEvent"),
        *("PlaybackProgressedEvent", "PlaybackStartedEvent", "STTNode", "TTSNode", "TextInput", "TextOutput", "VideoInput"),
        *("VideoOutput",),
    ),
    "livekitex_agent.voice.mocking": ("mock_tools",),
    "livekitex_agent.voice.room_io": (
        *("AudioInputOptions", "AudioOutputOptions", "RoomInputOptions", "RoomOptions", "RoomOutputOptions", "TextInputEvent"),
        *("TextInputOptions", "TextOutputOptions", "VideoInputOptions"),
    ),
    "livekitex_agent.voice.run_context": ("RunContext",),
    "livekitex_agent.voice.run_result": (
        *("AgentHandoffAssert", "AgentHandoffEvent", "ChatMessageAssert", "ChatMessageEvent", "EventAssert", "EventRangeAssert"),
        *("FunctionCallAssert", "FunctionCallEvent", "FunctionCallOutputAssert", "FunctionCallOutputEvent", "RunAssert", "RunEvent"),
        *("RunOutputOptions", "RunResult"),
    ),
    "livekitex_agent.voice.turn": (
        *("EndpointingOptions", "InterruptionOptions", "PreemptiveGenerationOptions", "TurnHandlingOptions", "UserTurnLimitOptions"),
    ),
    "livekitex_agent.worker": ("AgentServer", "ServerType", "WorkerType"),
    "livekitex_agent.worker_options": ("ServerEnvOption", "ServerOptions", "WorkerOptions", "WorkerPermissions"),
}
_WHERE: Final = {name: module for module, names in _FROM.items() for name in names}
_MODULES: Final = {
    **{name: f"{__name__}.{name}" for name in ("beta", "cli", "evals", "inference", "llm", "metrics", "stt", "tokenize", "tts")},
    **{name: f"{__name__}.{name}" for name in ("types", "utils", "vad", "voice")},
    **{name: f"{__name__}.voice.{name}" for name in ("io", "room_io", "text_transforms")},
}
"""What is had from here as with LiveKit (``agents.cli.run_app``), imported by nobody."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Load a name when it is first asked for: the launcher, which hosts the tree, needs none of the script's side.

    Every event may be had from here too; typed, those that are not listed are had from `livekitex_agent.events`.
    """
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    protocols = importlib.import_module("protocols")
    if name not in __all__ and name not in {cls.__name__ for cls in protocols.event_types()}:
        absent = importlib.import_module("livekitex_agent.absent_names")
        if name in absent.TOP_LEVEL:
            absent.refuse(__name__, name, absent.TOP_LEVEL[name])
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]) if name in _WHERE else protocols, name)
