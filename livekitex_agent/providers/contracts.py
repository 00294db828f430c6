"""What a provider of one's own is written against: the contracts of recognisers, models and voices, and the values that they exchange.

The chat context here is the frozen one that a model is asked with; `livekitex_agent.ChatContext` is LiveKit's, which a program changes.
"""

from protocols import (
    LLM,
    STT,
    TTS,
    VAD,
    AgentConfigUpdate,
    AgentHandoff,
    AlignedAudio,
    AudioChunk,
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatMessage,
    ChatOptions,
    FinalTranscript,
    FinishReason,
    FunctionCall,
    FunctionCallOutput,
    FunctionChoice,
    InterimTranscript,
    PreflightTranscript,
    ProviderError,
    ProviderKind,
    ProviderRef,
    RecognitionUsage,
    Role,
    SegmentEnded,
    SpeechEnded,
    SpeechStarted,
    STTCapabilities,
    Summary,
    TextDelta,
    TimedWord,
    TokenEstimator,
    TokenUsage,
    ToolChoice,
    ToolSchema,
    Transcript,
    TranscriptFlushed,
    TTSCapabilities,
)

__all__ = [
    "LLM",
    "STT",
    "TTS",
    "VAD",
    "AgentConfigUpdate",
    "AgentHandoff",
    "AlignedAudio",
    "AudioChunk",
    "CallDelta",
    "ChatContext",
    "ProviderKind",
    "ProviderRef",
]
__all__ += ["ChatFinished", "ChatMessage", "ChatOptions", "FinalTranscript", "FinishReason", "FunctionCall", "FunctionCallOutput"]
__all__ += ["FunctionChoice", "InterimTranscript", "PreflightTranscript", "ProviderError", "RecognitionUsage", "Role", "STTCapabilities"]
__all__ += ["SegmentEnded", "SpeechEnded", "SpeechStarted", "Summary", "TTSCapabilities", "TextDelta", "TimedWord", "TokenEstimator"]
__all__ += ["TokenUsage", "ToolChoice", "ToolSchema", "Transcript", "TranscriptFlushed"]
