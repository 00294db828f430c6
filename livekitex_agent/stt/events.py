"""What a recogniser tells, in LiveKit's classes. Times are seconds."""

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, Literal

from livekitex_agent.language import LanguageCode
from livekitex_agent.metrics.model import ModelError
from livekitex_agent.types import TimedString
from livekitex_agent.utils.misc import wall_time

__all__ = ["RecognitionUsage", "STTCapabilities", "STTError", "SpeechData", "SpeechEvent", "SpeechEventType"]


@unique
class SpeechEventType(StrEnum):
    """What a recogniser tells. A preflight transcript is very likely to be final, a final one will not change."""

    START_OF_SPEECH = "start_of_speech"
    INTERIM_TRANSCRIPT = "interim_transcript"
    PREFLIGHT_TRANSCRIPT = "preflight_transcript"
    FINAL_TRANSCRIPT = "final_transcript"
    RECOGNITION_USAGE = "recognition_usage"
    END_OF_SPEECH = "end_of_speech"


@dataclass
class SpeechData:
    """What was understood; ``confidence`` is 0 to 1. Languages may be given in any form."""

    language: LanguageCode | str
    text: str
    start_time: float = 0.0
    end_time: float = 0.0
    confidence: float = 0.0
    speaker_id: str | None = None
    is_primary_speaker: bool | None = None
    words: list[TimedString] | None = None
    source_languages: list[LanguageCode] | None = None
    source_texts: list[str] | None = None
    target_languages: list[LanguageCode] | None = None
    target_texts: list[str] | None = None
    metadata: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.language = LanguageCode(self.language)
        for name in ("source_languages", "target_languages"):
            if getattr(self, name) is not None:
                setattr(self, name, [LanguageCode(language) for language in getattr(self, name)])


@dataclass
class RecognitionUsage:
    """What was used since the last one."""

    audio_duration: float
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass
class SpeechEvent:
    """One thing that a recogniser tells; the first alternative counts. ``created_at`` and the times of the speech are wall clock."""

    type: SpeechEventType
    request_id: str = ""
    alternatives: list[SpeechData] = field(default_factory=list)
    recognition_usage: RecognitionUsage | None = None
    speech_start_time: float | None = None
    created_at: float = field(default_factory=wall_time)
    speech_end_time: float | None = None


@dataclass
class STTCapabilities:
    """What a recogniser offers."""

    streaming: bool
    interim_results: bool
    diarization: bool = False
    aligned_transcript: Literal["word", "chunk", False] = False
    offline_recognize: bool = True
    keyterms: bool = False
    chat_context: bool = False
    manual_flush: bool = False


class STTError(ModelError):
    """A request failed."""

    type: Literal["stt_error"] = "stt_error"
