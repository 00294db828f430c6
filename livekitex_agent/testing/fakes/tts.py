"""A voice of written letters, of a tone, of noise or of silence, as long as its text has characters."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from actors import OptionReader
from livekitex_agent.testing.fakes.written_voice import LETTERS_PER_S, spoken
from protocols import SUPPORTED_RATES_HZ, TTS, AudioChunk, ConfigurationError, ProviderError, SystemEntropy

LONGEST_MS: Final = 600_000
TONE_HZ: Final = 440.0
LOUDNESS: Final = 8_000
QUIETER: Final = 4
"""Noise is as much below full scale."""
PIECE_S: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class ScriptedTTS(TTS):
    """See the module."""

    voice_hz: int
    sound: str
    ms_per_char: float
    first_audio_ms: float
    fails_at: str
    hangs_at: str
    retryable: bool

    @property
    def rate_hz(self) -> int:
        """See `TTS.rate_hz`."""
        return self.voice_hz

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """See `TTS.synthesize`; with ``noise`` the same text has other samples each time."""
        await asyncio.sleep(self.first_audio_ms / 1000)
        if self.fails_at and self.fails_at in text:
            raise ProviderError(f"scripted_tts fails at {self.fails_at!r}, as its script says", retryable=self.retryable)
        if self.hangs_at and self.hangs_at in text:
            await asyncio.Event().wait()
        pcm = self._samples(text)
        size = round(PIECE_S * self.rate_hz) * 2
        for at in range(0, len(pcm), size):
            await asyncio.sleep(0)
            yield AudioChunk(pcm=pcm[at : at + size], rate_hz=self.rate_hz)

    def _samples(self, text: str) -> bytes:
        if self.sound == "writing":
            return spoken(text, self.rate_hz)
        count = round(len(text) * self.ms_per_char * self.rate_hz / 1000)
        if self.sound == "silence":
            return bytes(2 * count)
        if self.sound == "tone":
            wave = np.sin(np.arange(count) * (2 * np.pi * TONE_HZ / self.rate_hz))
            return bytes((wave * LOUDNESS).astype("<i2"))
        noise = np.frombuffer(bytes.fromhex(SystemEntropy().hex_id(2 * count)), "<i2")
        quiet = (noise // QUIETER).astype("<i2")
        return bytes(quiet)


def scripted_tts(options: Mapping[str, Any]) -> TTS:
    """A voice at ``rate_hz`` (24,000) whose ``sound`` is writing (`written_voice`), tone, noise (other samples each time) or silence.

    A character lasts ``ms_per_char`` (10, as a written letter always does), the first audio takes ``first_audio_ms`` (0). A sentence with
    ``fails_at`` in it fails, ``retryable`` or not (false); one with ``hangs_at`` in it never gives audio.

    Raises:
        ConfigurationError: an option is none; the text names the cure.
    """
    reader = OptionReader("scripted_tts", options)
    tts = ScriptedTTS(
        voice_hz=reader.integer("rate_hz", 24_000, lowest=8_000, highest=48_000),
        sound=reader.choice("sound", "writing", ("writing", "tone", "noise", "silence")),
        ms_per_char=reader.number("ms_per_char", 1000 / LETTERS_PER_S, lowest=1, highest=10_000),
        first_audio_ms=reader.number("first_audio_ms", 0, lowest=0, highest=LONGEST_MS),
        fails_at=_text(reader, "fails_at"),
        hangs_at=_text(reader, "hangs_at"),
        retryable=reader.flag("retryable", default=False),
    )
    reader.finish()
    if tts.rate_hz not in SUPPORTED_RATES_HZ:
        raise reader.error("rate_hz", tts.rate_hz, f"one of {', '.join(map(str, sorted(SUPPORTED_RATES_HZ)))}")
    if tts.sound == "writing" and tts.ms_per_char != 1000 / LETTERS_PER_S:
        raise ConfigurationError("scripted_tts: a written letter lasts 10 ms: leave ms_per_char out, or use sound='tone'")
    return tts


def _text(reader: OptionReader, name: str) -> str:
    value = reader.anything(name, "")
    if not isinstance(value, str):
        raise reader.error(name, value, "text")
    return value
