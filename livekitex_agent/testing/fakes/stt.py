"""A speech recognition that understands what its script says, or reads the written voice."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from actors import OptionReader
from livekitex_agent.testing.fakes.written_voice import read_aloud
from protocols import SESSION_RATE_HZ, STT, ConfigurationError, ProviderError, Transcript

LONGEST_MS: Final = 600_000
MANY: Final = 100_000
AUDIBLE: Final = 0.04
"""Of the loudest sample: what is quieter at the ends of an utterance is none of it."""
LENGTHS_CURE: Final = "give a list of maps, [{'ms': 800, 'text': 'yes'}]"


class ScriptedSTT(STT):
    """See the module."""

    rate_hz: Final = SESSION_RATE_HZ

    def __init__(
        self, transcripts: Sequence[str] | None, by_length: Sequence[tuple[float, str]], *, delay_ms: float, fails: int, hangs: int
    ) -> None:
        self._transcripts = None if transcripts is None else deque(transcripts)
        self._by_length = by_length
        self._delay_s = delay_ms / 1000
        self._fails = fails
        self._hangs = hangs

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """See `STT.recognize`."""
        if self._hangs:
            self._hangs -= 1
            await asyncio.Event().wait()
        await asyncio.sleep(self._delay_s)
        if self._fails:
            self._fails -= 1
            raise ProviderError("scripted_stt fails, as its script says", retryable=True)
        if self._by_length:
            length_ms = _voiced_ms(pcm)
            return Transcript(text=min(self._by_length, key=lambda each: abs(each[0] - length_ms))[1], language=language)
        if self._transcripts is None:
            return Transcript(text=read_aloud(pcm, SESSION_RATE_HZ), language=language)
        return Transcript(text=self._transcripts.popleft() if self._transcripts else "", language=language)


def scripted_stt(options: Mapping[str, Any]) -> STT:
    """A recogniser of ``transcripts``, one for each utterance, then none; without them it reads the written voice.

    With ``by_length``, maps of ``ms`` and ``text``, it understands of each utterance the one whose length is nearest.

    Each takes ``delay_ms`` (0). The first ``fails`` requests fail, retryably; the first ``hangs`` never end.

    Raises:
        ConfigurationError: an option is none; the text names the cure.
    """
    reader = OptionReader("scripted_stt", options)
    transcripts = reader.anything("transcripts")
    if transcripts is not None and (
        isinstance(transcripts, str) or not isinstance(transcripts, Sequence) or not all(isinstance(text, str) for text in transcripts)
    ):
        raise ConfigurationError(f"scripted_stt: transcripts is {transcripts!r:.60}: give a list of texts")
    by_length = reader.anything("by_length", [])
    stt = ScriptedSTT(
        transcripts,
        _lengths(by_length),
        delay_ms=reader.number("delay_ms", 0, lowest=0, highest=LONGEST_MS),
        fails=reader.integer("fails", 0, lowest=0, highest=MANY),
        hangs=reader.integer("hangs", 0, lowest=0, highest=MANY),
    )
    reader.finish()
    return stt


def _voiced_ms(pcm: bytes) -> float:
    samples = np.abs(np.frombuffer(pcm, "<i2").astype(np.int32))
    loud = np.flatnonzero(samples > AUDIBLE * samples.max(initial=0))
    return float(loud[-1] - loud[0] + 1) * 1000 / SESSION_RATE_HZ if len(loud) else 0.0


def _lengths(value: object) -> tuple[tuple[float, str], ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"scripted_stt: by_length is {value!r:.60}: {LENGTHS_CURE}")
    found: list[tuple[float, str]] = []
    for each in value:
        match each:
            case {"ms": int() | float() as length_ms, "text": str(text), **rest} if not rest and length_ms >= 0:
                found.append((length_ms, text))
            case _:
                raise ConfigurationError(f"scripted_stt: by_length has {each!r:.60}: {LENGTHS_CURE}")
    return tuple(found)
