"""LiveKit's speech recognition, by its names: a class written for it works here by its import line."""

from livekitex_agent.absent_names import absent_names
from livekitex_agent.stt.events import RecognitionUsage, SpeechData, SpeechEvent, SpeechEventType, STTCapabilities, STTError
from livekitex_agent.stt.stream_adapter import StreamAdapter, StreamAdapterWrapper
from livekitex_agent.stt.stt import STT, RecognizeStream, SpeakerContext, SpeechStream

__all__ = [
    "STT",
    "RecognitionUsage",
    "RecognizeStream",
    "STTCapabilities",
    "STTError",
    "SpeakerContext",
    "SpeechData",
    "SpeechEvent",
    "SpeechEventType",
    "SpeechStream",
    "StreamAdapter",
    "StreamAdapterWrapper",
]

_FALLBACK = "a session asks a recogniser that fails again by itself (docs/faults.md); a second one for it comes in a later version"
__getattr__ = absent_names(
    __name__,
    {
        "AvailabilityChangedEvent": _FALLBACK,
        "FallbackAdapter": _FALLBACK,
        "MultiSpeakerAdapter": "read speaker_id in your stt_node; an adapter comes in a later version",
    },
)
