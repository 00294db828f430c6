"""Audio between the session's pieces and the frames of a family, and the times of words."""

from collections.abc import Iterable
from typing import Any, Final

from actors import Resampler
from livekitex_agent.program.providers.family import Family
from livekitex_agent.types import NotGiven
from livekitex_agent.utils.audio_frame import mono, new_frame
from protocols import BYTES_PER_SAMPLE, MAX_CHUNK_S, SUPPORTED_RATES_HZ, TimedWord, timing_problem

__all__ = ["SpokenAudio", "frame_of", "rate_near", "words_of"]

_THEIRS: Final = "livekit.agents"


def frame_of(family: Family, pcm: bytes, rate_hz: int) -> Any:  # noqa: ANN401 - of either family
    """``pcm`` as a frame: the rtc SDK's, where the family is built on that or the program has loaded it."""
    if family.package == _THEIRS:
        from livekit import rtc  # noqa: F401 - now it is loaded
    return new_frame(pcm, rate_hz)


def rate_near(rate_hz: int) -> int:
    """The rate at which the session takes audio of ``rate_hz``: the same, or the next higher."""
    return next((rate for rate in SUPPORTED_RATES_HZ if rate >= rate_hz), SUPPORTED_RATES_HZ[-1])


class SpokenAudio:
    """Frames of one utterance as PCM16 mono at ``rate_hz``, in pieces that the session takes."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler: Resampler | None = None
        self._most = int(MAX_CHUNK_S * rate_hz) * BYTES_PER_SAMPLE

    def feed(self, frame: Any) -> list[bytes]:  # noqa: ANN401 - of either family
        """The pieces that ``frame`` makes certain."""
        if self._resampler is None and frame.sample_rate != self._rate_hz:
            self._resampler = Resampler(frame.sample_rate, self._rate_hz)
        pcm = mono(frame)
        return self._cut(pcm if self._resampler is None else self._resampler.process(pcm))

    def finish(self) -> list[bytes]:
        """What was held back."""
        return [] if self._resampler is None else self._cut(self._resampler.flush())

    def _cut(self, pcm: bytes) -> list[bytes]:
        return [pcm[at : at + self._most] for at in range(0, len(pcm), self._most)]


def words_of(strings: Iterable[Any] | None, *, from_ms: int = 0) -> tuple[TimedWord, ...]:
    """The `TimedString`s of a family as words; none where their times are not known or contradict each other."""
    words: list[TimedWord] = []
    for string in strings or ():
        start, end, confidence = (_given(getattr(string, name, None)) for name in ("start_time", "end_time", "confidence"))
        if start is None:
            return ()
        start_ms = max(from_ms, from_ms + round(start * 1000))
        end_ms = start_ms if end is None else max(start_ms, from_ms + round(end * 1000))
        likely = None if confidence is None else min(max(confidence, 0.0), 1.0)
        speaker = getattr(string, "speaker_id", None) or ""
        words.append(TimedWord(text=str(string), start_ms=start_ms, end_ms=end_ms, confidence=likely, speaker_id=str(speaker)))
    return () if timing_problem(words) else tuple(words)


def _given(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, NotGiven) else None
