"""When a word is said: in the caller's audio, as a recogniser heard it, and in the agent's, as a voice says it."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["TimedWord", "timing_problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedWord:
    """A word and when it is said, in milliseconds of the audio that its bearer names.

    ``text`` is as it stands in the whole text, with its punctuation. ``confidence`` (0 to 1) and ``speaker_id`` come from recognisers: None
    and empty where they are not known.
    """

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None
    speaker_id: str = ""


def timing_problem(words: Sequence[TimedWord]) -> str | None:
    """Why ``words`` cannot be the words of one stretch of audio, in their order; None: they can. Words may overlap."""
    last = 0
    for word in words:
        if word.start_ms < 0 or word.end_ms < word.start_ms:
            return f"the word {word.text!r:.40} lasts from {word.start_ms} to {word.end_ms} ms: give start and end, counted from 0"
        if word.start_ms < last:
            return f"the word {word.text!r:.40} begins at {word.start_ms} ms, before the word before it ({last} ms): give them in order"
        last = word.start_ms
    return None
