"""The actors: each a folder with its pure logic beside its thin shell.

Part of livekitex-agent.

A name is loaded from its folder when it is first asked for: a process loads only what it needs, and the registry no numpy.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from actors.agent_session import InlineAgentSession, Parts
    from actors.agent_session.program_loop import (
        USER_BLOCK_S,
        Blocked,
        BlockEnded,
        BlockMonitor,
        Collected,
        MustEnd,
        ProgramLoop,
        ProgramLoopThread,
    )
    from actors.journal import FileStore, describe_record, description_of
    from actors.media import (
        PlaybackBuffer,
        Playout,
        Recording,
        Resampler,
        SentenceSplitter,
        Side,
        StereoTimeline,
        read_wav,
        resample,
        split_sentences,
        write_stereo_wav,
        write_wav,
    )
    from actors.providers import (
        FLUSH,
        CallAssembler,
        Flush,
        OptionReader,
        PushedStream,
        SentenceTTS,
        StreamingSTT,
        StreamingTTS,
        audio_of,
        complete_llm,
        joined,
        llm_event_of,
        prediction_of,
        recognize_by_stream,
        speech_event_of,
        stream_of,
        transcript_of,
        voice_events_of,
        words_of,
    )
    from actors.providers.offline import (
        LIBRARY_ENVIRONMENT,
        hibari_tts,
        moonshine_stt,
        preload_offline_providers,
        prepare_libraries,
        rule_llm,
    )
    from actors.providers.openai import OpenAILLM, OpenAIResponsesLLM, OpenAISTT, OpenAITTS, preload_openai, strict_schema
    from actors.providers.vad import ModelVADStream
    from actors.redaction import PatternRedactor
    from actors.tools import (
        CONFIRM_DUPLICATE_PARAM,
        CONTEXT_MARK,
        DuplicateMode,
        DuplicateScope,
        FunctionTool,
        ProviderTool,
        RawFunctionTool,
        RunContext,
        StopResponse,
        Tool,
        ToolError,
        ToolFlag,
        ToolInfo,
        ToolResult,
        function_tool,
        load_reference,
        load_tool,
        loading_script,
        reference_to,
        tool_to_wire,
    )

__all__ = [
    "CONFIRM_DUPLICATE_PARAM",
    "CONTEXT_MARK",
    "FLUSH",
    "LIBRARY_ENVIRONMENT",
    "USER_BLOCK_S",
    "BlockEnded",
    "BlockMonitor",
    "Blocked",
    "CallAssembler",
    "Collected",
    "DuplicateMode",
    "DuplicateScope",
    "FileStore",
    "Flush",
    "FunctionTool",
    "InlineAgentSession",
    "ModelVADStream",
    "MustEnd",
    "OpenAILLM",
    "OpenAIResponsesLLM",
    "OpenAISTT",
    "OpenAITTS",
    "OptionReader",
    "Parts",
    "PatternRedactor",
    "PlaybackBuffer",
    "Playout",
    "ProgramLoop",
    "ProgramLoopThread",
    "ProviderTool",
    "PushedStream",
    "RawFunctionTool",
    "Recording",
    "Resampler",
    "RunContext",
    "SentenceSplitter",
    "SentenceTTS",
    "Side",
    "StereoTimeline",
    "StopResponse",
    "StreamingSTT",
    "StreamingTTS",
    "Tool",
    "ToolError",
    "ToolFlag",
    "ToolInfo",
    "ToolResult",
    "audio_of",
    "complete_llm",
    "describe_record",
    "description_of",
    "function_tool",
    "hibari_tts",
    "joined",
    "llm_event_of",
    "load_reference",
    "load_tool",
    "loading_script",
    "moonshine_stt",
    "prediction_of",
    "preload_offline_providers",
    "preload_openai",
    "prepare_libraries",
    "read_wav",
    "recognize_by_stream",
    "reference_to",
    "resample",
    "rule_llm",
    "speech_event_of",
    "split_sentences",
    "stream_of",
    "strict_schema",
    "tool_to_wire",
    "transcript_of",
    "voice_events_of",
    "words_of",
    "write_stereo_wav",
    "write_wav",
]

_FOLDERS: Final = {
    "actors.agent_session": ("InlineAgentSession", "Parts"),
    "actors.agent_session.program_loop": (
        *("USER_BLOCK_S", "BlockEnded", "BlockMonitor", "Blocked", "Collected", "MustEnd"),
        *("ProgramLoop", "ProgramLoopThread"),
    ),
    "actors.journal": ("FileStore", "describe_record", "description_of"),
    "actors.media": (
        *("PlaybackBuffer", "Playout", "Recording", "Resampler", "SentenceSplitter", "Side", "StereoTimeline"),
        *("read_wav", "resample", "split_sentences", "write_stereo_wav", "write_wav"),
    ),
    "actors.providers": (
        *("FLUSH", "CallAssembler", "Flush", "OptionReader", "PushedStream", "SentenceTTS", "StreamingSTT", "StreamingTTS"),
        *("audio_of", "complete_llm", "joined", "llm_event_of", "prediction_of", "recognize_by_stream", "speech_event_of", "stream_of"),
        *("transcript_of", "voice_events_of", "words_of"),
    ),
    "actors.providers.offline": (
        *("LIBRARY_ENVIRONMENT", "prepare_libraries", "preload_offline_providers"),
        *("hibari_tts", "moonshine_stt", "rule_llm"),
    ),
    "actors.providers.openai": ("OpenAILLM", "OpenAIResponsesLLM", "OpenAISTT", "OpenAITTS", "preload_openai", "strict_schema"),
    "actors.providers.vad": ("ModelVADStream",),
    "actors.redaction": ("PatternRedactor",),
    "actors.tools": (
        *("CONFIRM_DUPLICATE_PARAM", "CONTEXT_MARK", "DuplicateMode", "DuplicateScope", "FunctionTool", "ProviderTool", "RawFunctionTool"),
        *("RunContext", "StopResponse", "Tool", "ToolError", "ToolFlag", "ToolInfo", "ToolResult", "function_tool"),
        *("load_reference", "load_tool", "loading_script", "reference_to", "tool_to_wire"),
    ),
}
_WHERE: Final = {name: folder for folder, names in _FOLDERS.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)
