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
    from actors import FunctionTool, PatternRedactor, PlaybackBuffer, RunContext, function_tool
    from livekitex_agent.agent import Agent, provider
    from livekitex_agent.call_handle import CallHandle
    from livekitex_agent.call_options import (
        BackgroundAudioOptions,
        CallOptions,
        DegradationOptions,
        EndpointingOptions,
        InterruptionOptions,
        LimitOptions,
        PreemptiveGenerationOptions,
        ToolOptions,
        TurnHandlingOptions,
    )
    from livekitex_agent.demo.agent import phone_order_agent
    from livekitex_agent.speech_handle import SpeechHandle
    from livekitex_agent.system import AgentSystem
    from livekitex_agent.tree import Node
    from livekitex_agent.worker import WorkerOptions
    from protocols import (
        LLM,
        STT,
        TTS,
        AgentConfigUpdate,
        AgentHandoff,
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
        ChatContext,
        ChatFinished,
        ChatMessage,
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
        FunctionCall,
        FunctionCallOutput,
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

__all__ = [
    "LLM",
    "STT",
    "TTS",
    "Agent",
    "AgentConfigUpdate",
    "AgentHandoff",
    "AgentMessage",
    "AgentSentence",
    "AgentSystem",
    "AlignedAudio",
    "AudioChunk",
    "AudioCleared",
    "AudioContent",
    "AudioPushed",
    "BackgroundAudioOptions",
    "CallDelta",
    "CallEnded",
    "CallHandle",
    "CallOptions",
    "CallStarted",
    "CapacityError",
    "ChatContext",
    "ChatFinished",
    "ChatMessage",
    "ChatOptions",
    "ChildCounts",
    "ChildInfo",
    "CommandDone",
    "ConfigurationError",
    "DegradationOptions",
    "EndpointingOptions",
    "EventPushed",
    "EventsMissed",
    "FailedTurn",
    "Fault",
    "FinalTranscript",
    "FinishReason",
    "FunctionCall",
    "FunctionCallOutput",
    "FunctionChoice",
    "FunctionTool",
    "ImageContent",
    "Instructions",
    "InterimTranscript",
    "InterruptionOptions",
    "InvalidAgentError",
    "InvalidAudioError",
    "InvalidToolError",
    "LimitOptions",
    "LivekitexError",
    "MessageTooLargeError",
    "MissingExtraError",
    "Node",
    "PatternRedactor",
    "PlaybackBuffer",
    "PreemptiveGenerationOptions",
    "PreflightTranscript",
    "ProviderError",
    "ProviderRef",
    "RecognitionUsage",
    "RedactionSink",
    "Redactor",
    "ReplyLatency",
    "Restarted",
    "Role",
    "RunContext",
    "STTCapabilities",
    "SegmentEnded",
    "SessionError",
    "SessionEvent",
    "SessionInfo",
    "SessionUnavailableError",
    "SpeechEnded",
    "SpeechHandle",
    "SpeechPriority",
    "SpeechStarted",
    "StateChanged",
    "Summary",
    "SystemUnavailableError",
    "TTSCapabilities",
    "TextContent",
    "TextDelta",
    "TimedWord",
    "TokenEstimator",
    "TokenUsage",
    "ToolCalled",
    "ToolChoice",
    "ToolOptions",
    "ToolReturned",
    "ToolSchema",
    "Transcript",
    "TranscriptFlushed",
    "TurnFailed",
    "TurnHandlingOptions",
    "UnavailableError",
    "UsageError",
    "UserMessage",
    "WorkerOptions",
    "WorkerStatus",
    "function_tool",
    "phone_order_agent",
    "provider",
]

_WHERE: Final = {
    "Agent": "livekitex_agent.agent",
    "AgentSystem": "livekitex_agent.system",
    "FunctionTool": "actors",
    "Node": "livekitex_agent.tree",
    "WorkerOptions": "livekitex_agent.worker",
    "PatternRedactor": "actors",
    "PlaybackBuffer": "actors",
    "RunContext": "actors",
    "SpeechHandle": "livekitex_agent.speech_handle",
    "CallHandle": "livekitex_agent.call_handle",
    "BackgroundAudioOptions": "livekitex_agent.call_options",
    "CallOptions": "livekitex_agent.call_options",
    "DegradationOptions": "livekitex_agent.call_options",
    "EndpointingOptions": "livekitex_agent.call_options",
    "InterruptionOptions": "livekitex_agent.call_options",
    "LimitOptions": "livekitex_agent.call_options",
    "PreemptiveGenerationOptions": "livekitex_agent.call_options",
    "ToolOptions": "livekitex_agent.call_options",
    "TurnHandlingOptions": "livekitex_agent.call_options",
    "function_tool": "actors",
    "phone_order_agent": "livekitex_agent.demo.agent",
    "provider": "livekitex_agent.agent",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Load a name when it is first asked for: the launcher, which hosts the tree, needs none of the script's side.

    Every event may be had from here too; typed, those that are not listed are had from `livekitex_agent.events`.
    """
    protocols = importlib.import_module("protocols")
    if name not in __all__ and name not in {cls.__name__ for cls in protocols.event_types()}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]) if name in _WHERE else protocols, name)
