"""LiveKit's voices, by its names: a class written for it works here by its import line."""

from livekitex_agent.absent_names import absent_names
from livekitex_agent.tts.audio_emitter import AudioEmitter, SynthesizedAudio
from livekitex_agent.tts.stream_adapter import StreamAdapter, StreamAdapterWrapper
from livekitex_agent.tts.tts import TTS, ChunkedStream, SynthesizeStream, TTSCapabilities, TTSError

__all__ = [
    "TTS",
    "AudioEmitter",
    "ChunkedStream",
    "StreamAdapter",
    "StreamAdapterWrapper",
    "SynthesizeStream",
    "SynthesizedAudio",
    "TTSCapabilities",
    "TTSError",
]

_FALLBACK = "a session asks a voice that fails again by itself (docs/faults.md); a second one for it comes in a later version"
__getattr__ = absent_names(
    __name__,
    {
        **dict.fromkeys(("AvailabilityChangedEvent", "FallbackAdapter", "FallbackChunkedStream", "FallbackSynthesizeStream"), _FALLBACK),
        "MarkupInfo": "markup of voices is not taken out here: tell the model in its instructions what the voice understands",
        "SentenceStreamPacer": "leave it away: a session asks for no more audio than it soon plays",
    },
)
