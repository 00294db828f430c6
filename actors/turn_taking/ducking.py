"""How loud the agent speaks while the caller does: the reflex that comes before anybody knows what he says.

After `DuckingOptions.duck_ms` of voice the agent is ducked, after ``pause_ms`` it pauses, and it goes on once the voice is over: a cough, a
word that only shows that he listens, an echo. Whether the caller takes the turn is decided elsewhere, and later; whoever decides that holds
or stops the speech by himself. A voice that lasts for `REFLEX_MS` without such a decision is not a reason to be silent any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from protocols import VoiceActivity

REFLEX_MS: Final = 1_500
SILENT_MS: Final = 250
"""So long after its last frame a voice is over, for this."""


class Loudness(StrEnum):
    """How loud speech is."""

    FULL = "full"
    DUCKED = "ducked"
    PAUSED = "paused"


class Overlap(StrEnum):
    """How much voice of the caller there is over the agent's speech."""

    NONE = "none"
    """None, or it is over."""
    ONSET = "onset"
    """Too little to be told from a click."""
    SHORT = "short"
    """Enough to be heard over."""
    LONG = "long"
    """Enough to be a word."""
    LASTING = "lasting"
    """So much that it would have been decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuckingOptions:
    """``duck_ms`` of voice duck the agent (60), ``pause_ms`` pause it (190).

    A detector finds the beginning of a voice about 50 ms late, and judges frames: with Silero's of 32 ms the agent is ducked 70 to 120 ms
    after the true beginning, and pauses 210 to 270 ms after it.
    """

    duck_ms: int = 60
    pause_ms: int = 190


_F, _D, _P = Loudness.FULL, Loudness.DUCKED, Loudness.PAUSED
_N, _O, _S, _L, _X = Overlap.NONE, Overlap.ONSET, Overlap.SHORT, Overlap.LONG, Overlap.LASTING
DUCKING_TABLE: Final[Mapping[Loudness, Mapping[Overlap, Loudness]]] = MappingProxyType(
    {
        _F: MappingProxyType({_N: _F, _O: _F, _S: _D, _L: _P, _X: _F}),
        _D: MappingProxyType({_N: _F, _O: _D, _S: _D, _L: _P, _X: _F}),
        _P: MappingProxyType({_N: _F, _O: _P, _S: _P, _L: _P, _X: _F}),
    }
)
"""What the overlap makes of the loudness. What is paused is not heard again before the voice is over, or lasts too long."""


def overlap_of(activity: VoiceActivity, options: DuckingOptions) -> Overlap:
    """How much voice there is at the end of a frame."""
    if activity.voiced_ms == 0 or activity.silent_ms >= SILENT_MS:
        return Overlap.NONE
    if activity.voiced_ms >= max(REFLEX_MS, options.pause_ms + 1):
        return Overlap.LASTING
    if activity.voiced_ms >= options.pause_ms:
        return Overlap.LONG
    return Overlap.SHORT if activity.voiced_ms >= options.duck_ms else Overlap.ONSET


def loudness_after(loudness: Loudness, activity: VoiceActivity, options: DuckingOptions) -> Loudness:
    """How loud the agent is to speak after a frame of the caller's audio."""
    return DUCKING_TABLE[loudness][overlap_of(activity, options)]
