"""What a recogniser of LiveKit's classes has understood, as the session's."""

from typing import Any, Final

from livekitex_agent.program.providers.audio import words_of
from protocols import Transcript

__all__ = ["transcript_of"]

_MOST_WORDS: Final = 10_000


def transcript_of(data: Any) -> Transcript:  # noqa: ANN401 - SpeechData of either family
    """What was understood; of a confidence LiveKit's classes have no word for "not known" but 0."""
    confidence = data.confidence if isinstance(data.confidence, int | float) and 0 < data.confidence <= 1 else None
    return Transcript(
        text=(data.text or "").strip(),
        language=str(data.language or ""),
        confidence=confidence,
        words=words_of((data.words or ())[:_MOST_WORDS]),
        speaker_id=str(data.speaker_id or ""),
    )
