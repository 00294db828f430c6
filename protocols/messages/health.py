"""What operators see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = ["AudioConverted", "AudioHandled", "ConvertAudio", "Figures", "GetAudioConfiguration", "GetFigures", "GetHealthAddress"]
__all__ += ["HealthAddress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetFigures:
    """Ask an actor for its figures; answered with `Figures`."""

    TAG: ClassVar[str] = "health.get_figures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Named numbers and texts of one actor, as they are now."""

    TAG: ClassVar[str] = "health.figures"
    role: str
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetHealthAddress:
    """Ask the HealthServer where it listens; answered with `HealthAddress`."""

    TAG: ClassVar[str] = "health.get_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthAddress:
    """Where the HealthServer listens."""

    TAG: ClassVar[str] = "health.address"
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertAudio:
    """Ask the AudioProcessor for a conversion job; answered with `AudioConverted` or `ErrorReply`."""

    TAG: ClassVar[str] = "audio.convert"
    pcm: bytes
    from_rate_hz: int
    to_rate_hz: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioConverted:
    """The whole audio at its new rate."""

    TAG: ClassVar[str] = "audio.converted"
    pcm: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAudioConfiguration:
    """Ask the AudioProcessor for the node's audio settings; answered with `Figures`."""

    TAG: ClassVar[str] = "audio.get_configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioHandled:
    """A session reports the audio that it took in and gave out since its last report (no answer)."""

    TAG: ClassVar[str] = "audio.handled"
    seconds_in: float
    seconds_out: float
    dropped_s: float
