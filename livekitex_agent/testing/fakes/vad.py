"""A voice activity detection that hears any sound, or voice where its script says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from actors import ModelVADStream, OptionReader
from protocols import SESSION_RATE_HZ, VAD, ConfigurationError, VADCapabilities, VADOptions, VADStream

FRAME_MS: Final = 20
VOICE: Final = 0.95
NO_VOICE: Final = 0.02


@dataclass(slots=True)
class _Model:
    """Judges one frame after the other, from ``at_ms`` on."""

    at_ms: int
    stretches: Sequence[tuple[float, float]] | None
    rate_hz: int = field(default=SESSION_RATE_HZ, init=False)
    frame_samples: int = field(default=FRAME_MS * SESSION_RATE_HZ // 1000, init=False)

    def probability(self, frame: bytes) -> float:
        began_ms, self.at_ms = self.at_ms, self.at_ms + FRAME_MS
        voiced = any(frame) if self.stretches is None else any(start < self.at_ms and began_ms < end for start, end in self.stretches)
        return VOICE if voiced else NO_VOICE

    def reset(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class ScriptedVAD:
    """See the module."""

    options: VADOptions
    stretches: Sequence[tuple[float, float]] | None
    capabilities: VADCapabilities = field(default=VADCapabilities(frame_ms=FRAME_MS), init=False)

    def prewarm(self) -> None:
        """Nothing is to be loaded."""

    def stream(self, *, start_ms: int = 0) -> VADStream:
        """See `VAD.stream`."""
        return ModelVADStream(_Model(start_ms, self.stretches), self.options, start_ms=start_ms)

    async def aclose(self) -> None:
        """Nothing is held."""


def scripted_vad(options: Mapping[str, Any]) -> VAD:
    """A detector to which every sample but zero is voice; voice ends after ``min_silence_ms`` (100) without.

    With ``voice``, a list of beginnings and ends in milliseconds of the caller's audio, there is voice then and at no other time.

    Raises:
        ConfigurationError: an option is none; the text names the cure.
    """
    reader = OptionReader("scripted_vad", options)
    silence_ms = reader.integer("min_silence_ms", 100, lowest=0, highest=10_000)
    voice = reader.anything("voice")
    reader.finish()
    return ScriptedVAD(VADOptions(min_silence_ms=silence_ms), None if voice is None else _stretches(voice))


def _stretches(value: object) -> tuple[tuple[float, float], ...]:
    cure = "give pairs of milliseconds in their order, [[500, 1200], [3000, 3400]]"
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"scripted_vad: voice is {value!r:.60}: {cure}")
    found: list[tuple[float, float]] = []
    for pair in value:
        match pair:
            case [int() | float() as start, int() | float() as end] if (found[-1][1] if found else 0) <= start < end:
                found.append((start, end))
            case _:
                raise ConfigurationError(f"scripted_vad: voice has {pair!r:.60}: {cure}")
    return tuple(found)
