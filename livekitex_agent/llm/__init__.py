"""LiveKit's language models, chat contexts and tools, by their names: a class written for them works here by its import line."""

from typing import Final

from actors import (
    DuplicateScope,
    FunctionTool,
    ProviderTool,
    RawFunctionTool,
    StopResponse,
    Tool,
    ToolError,
    ToolFlag,
    ToolResult,
    function_tool,
)
from livekitex_agent.absent_names import absent_names
from livekitex_agent.llm import utils
from livekitex_agent.llm.answers import ChatChunk, ChoiceDelta, CollectedResponse, CompletionUsage, FunctionToolCall, LLMError
from livekitex_agent.llm.chat_context import ChatContext, from_protocol, to_protocol
from livekitex_agent.llm.chat_items import (
    AgentConfigUpdate,
    AgentHandoff,
    AudioContent,
    CacheBreakpoint,
    ChatContent,
    ChatItem,
    ChatMessage,
    ChatRole,
    FunctionCall,
    FunctionCallOutput,
    ImageContent,
    MetricsReport,
)
from livekitex_agent.llm.fallback_adapter import AvailabilityChangedEvent, FallbackAdapter
from livekitex_agent.llm.instructions import Instructions
from livekitex_agent.llm.llm import LLM, LLMStream
from livekitex_agent.llm.tool_context import (
    ToolChoice,
    ToolContext,
    Toolset,
    find_function_tools,
    is_function_tool,
    is_raw_function_tool,
)
from livekitex_agent.llm.utils import FunctionCallResult, execute_function_call

__all__ = [
    "LLM",
    "AgentConfigUpdate",
    "AgentHandoff",
    "AudioContent",
    "AvailabilityChangedEvent",
    "CacheBreakpoint",
    "ChatChunk",
    "ChatContent",
    "ChatContext",
    "ChatItem",
    "ChatMessage",
    "ChatRole",
    "ChoiceDelta",
    "CollectedResponse",
    "CompletionUsage",
    "DuplicateScope",
    "FallbackAdapter",
    "FunctionCall",
    "FunctionCallOutput",
    "FunctionCallResult",
    "FunctionTool",
    "FunctionToolCall",
    "ImageContent",
    "Instructions",
    "LLMError",
    "LLMStream",
    "MetricsReport",
    "ProviderTool",
    "RawFunctionTool",
    "StopResponse",
    "Tool",
    "ToolChoice",
    "ToolContext",
    "ToolError",
    "ToolFlag",
    "ToolResult",
    "Toolset",
    "execute_function_call",
    "find_function_tools",
    "from_protocol",
    "function_tool",
    "is_function_tool",
    "is_raw_function_tool",
    "to_protocol",
    "utils",
]

_REALTIME: Final = "use an llm with stt and tts; models that hear and speak themselves come in a later version"
_MCP: Final = "write the server's tools as @function_tool, which may call it; MCP comes in a later version"
_ABSENT: Final = {
    **dict.fromkeys(
        (
            *("GenerationCreatedEvent", "InputSpeechStartedEvent", "InputSpeechStoppedEvent", "InputTranscriptionCompleted"),
            *("MessageGeneration", "RealtimeCapabilities", "RealtimeError", "RealtimeModel", "RealtimeModelError"),
            *("RealtimeModelFallbackAdapter", "RealtimeAvailabilityChangedEvent", "RealtimeSession", "RealtimeSessionReconnectedEvent"),
            *("RemoteItemAddedEvent", "DuplexAudioFrame", "DuplexCapabilities", "DuplexModel", "DuplexOutputTranscriptDelta"),
            *("DuplexRealtimeAdapter", "DuplexSession", "AdaptiveNoiseGate", "AudioGate", "FixedGate", "realtime", "remote_chat_context"),
        ),
        _REALTIME,
    ),
    **dict.fromkeys(("mcp", "MCPServer", "MCPServerHTTP", "MCPServerStdio", "MCPToolset"), _MCP),
    **dict.fromkeys(
        (
            *("Choice", "ChoiceResult", "Decision", "DecisionCapabilities", "DecisionKind", "DecisionModel", "DecisionResponse"),
            *("DecisionResult", "Probability", "ProbabilityResult", "Score", "ScoreResult"),
        ),
        "ask an llm with tool_choice='required' and one tool for each choice",
    ),
}
__getattr__ = absent_names(__name__, _ABSENT)
