"""The audio that went through this node, and how it wants its audio. Pure."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Self

from protocols import (
    BYTES_PER_SAMPLE,
    MAX_CHUNK_S,
    SESSION_RATE_HZ,
    SUPPORTED_RATES_HZ,
    AudioHandled,
    ConfigurationError,
)

FRAME_LIMITS_MS: Final = (10, 100)
RING_LIMITS_S: Final = (1.0, 300.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioConfiguration:
    """The node's audio: frames of ``frame_ms``, and ``caller_ring_s`` of the caller's words kept outside each session's process.

    Raises:
        ConfigurationError: a value outside of its limits.
    """

    frame_ms: int = 20
    caller_ring_s: float = 30.0

    def __post_init__(self) -> None:
        for name, limits in (("frame_ms", FRAME_LIMITS_MS), ("caller_ring_s", RING_LIMITS_S)):
            value = getattr(self, name)
            if type(value) not in {int, float} or not limits[0] <= value <= limits[1]:
                raise ConfigurationError(f"{name} is {value!r}: use a number from {limits[0]:g} to {limits[1]:g}")

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """The configuration that an actor's arguments give; absent values have their defaults.

        Raises:
            ConfigurationError: an unknown name, or a value outside of its limits.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(args) - known):
            raise ConfigurationError(f"unknown audio option {unknown[0]!r}: use {', '.join(sorted(known))}")
        return cls(**args)

    def to_figures(self) -> dict[str, Any]:
        """All that a session or an operator may want to know."""
        return {
            "supported_rates_hz": list(SUPPORTED_RATES_HZ),
            "session_rate_hz": SESSION_RATE_HZ,
            "bytes_per_sample": BYTES_PER_SAMPLE,
            "max_chunk_s": MAX_CHUNK_S,
            **asdict(self),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFigures:
    """What the sessions reported and what the jobs did, since this incarnation began."""

    seconds_in: float = 0.0
    seconds_out: float = 0.0
    dropped_s: float = 0.0
    conversions: int = 0
    converted_bytes: int = 0
    refused: int = 0

    def handled(self, report: AudioHandled) -> "AudioFigures":
        """With a session's report; what is no length of audio counts as nothing."""
        return replace(
            self,
            seconds_in=self.seconds_in + _length(report.seconds_in),
            seconds_out=self.seconds_out + _length(report.seconds_out),
            dropped_s=self.dropped_s + _length(report.dropped_s),
        )

    def converted(self, n_bytes: int) -> "AudioFigures":
        """With one more conversion of ``n_bytes``."""
        return replace(self, conversions=self.conversions + 1, converted_bytes=self.converted_bytes + n_bytes)

    def refusal(self) -> "AudioFigures":
        """With one more job that was refused."""
        return replace(self, refused=self.refused + 1)

    def to_figures(self) -> dict[str, float]:
        """By name."""
        return asdict(self)


def _length(seconds: float) -> float:
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
