"""Acme's voice, which beeps: a tone for each letter. ``tts="acme:low"`` or ``tts="acme:high"`` names it."""

import array
import asyncio
import math
from collections.abc import AsyncIterator

from livekitex_agent.providers.contracts import TTS, AudioChunk, ProviderKind, ProviderRef

PITCH_HZ = {"low": 220.0, "high": 880.0}
MS_PER_LETTER = 60


class Voice(TTS):
    """Beeps at the pitch of ``model``; ``base_url`` would be the server's, if there were one."""

    rate_hz = 16_000

    def __init__(self, *, model: str = "low", base_url: str = "") -> None:
        del base_url
        self._pitch_hz = PITCH_HZ[model]

    @property
    def label(self) -> str:
        """How logs name it."""
        return "acme/beeps"

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """A beep for each letter or digit."""
        beep = self._beep()
        for character in text:
            if character.isalnum():
                yield AudioChunk(pcm=beep, rate_hz=self.rate_hz)
                await asyncio.sleep(0)

    def _beep(self) -> bytes:
        samples = self.rate_hz * MS_PER_LETTER // 1000
        turn = 2 * math.pi * self._pitch_hz / self.rate_hz
        return array.array("h", (round(8_000 * math.sin(at * turn)) for at in range(samples))).tobytes()


def providers(kind: ProviderKind, model: str, base_url: str) -> ProviderRef | None:
    """What Acme offers: a voice. It is made in the call's process, of these options."""
    if kind is not ProviderKind.TTS or model not in ("", *PITCH_HZ):
        return None
    options = {name: value for name, value in (("model", model), ("base_url", base_url)) if value}
    return ProviderRef(factory="livekitex_acme:Voice", options=options)
