"""How a session handles turns, as LiveKit's programs say it: dictionaries with seconds. They become the options of the call."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict

from livekitex_agent.types import NOT_GIVEN
from protocols import ConfigurationError

_DETECTIONS: Final = ("stt", "vad", "manual")


class EndpointingOptions(TypedDict, total=False):
    """How long the caller may pause: from ``min_delay`` to ``max_delay`` seconds. ``mode`` and ``alpha`` are taken, and change nothing."""

    mode: Literal["fixed", "dynamic"]
    min_delay: float
    max_delay: float
    alpha: float


class InterruptionOptions(TypedDict, total=False):
    """What the caller's voice does to the agent's; see `livekitex_agent.call_options.InterruptionOptions`.

    With ``enabled`` False no speech may be interrupted that does not say otherwise. What is not named here decides nothing.
    """

    enabled: bool
    mode: Literal["adaptive", "vad"]
    discard_audio_if_uninterruptible: bool
    min_duration: float
    min_words: int
    resume_false_interruption: bool
    false_interruption_timeout: float | None
    backchannel_boundary: float | tuple[float, float] | None


class PreemptiveGenerationOptions(TypedDict, total=False):
    """Whether the model is asked before it is sure that the caller's turn is over."""

    enabled: bool
    preemptive_tts: bool
    max_speech_duration: float
    max_retries: int


class UserTurnLimitOptions(TypedDict, total=False):
    """How long the caller's turn may be, in words and seconds (None: no limit of words; of seconds 25, the most that is kept)."""

    max_words: int | None
    max_duration: float | None


class TurnHandlingOptions(TypedDict, total=False):
    """All of it. ``turn_detection`` is "stt", "vad", "manual", a turn detector of ours, or left out; any other object is the default."""

    turn_detection: Any
    endpointing: EndpointingOptions
    interruption: InterruptionOptions
    preemptive_generation: PreemptiveGenerationOptions
    user_turn_limit: UserTurnLimitOptions


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of LiveKit's that is an option of a call: its ``name`` there, its bounds there, and how many of the option's are one of it.

    One that is beyond a bound is that bound. ``none`` is what None is (None: as if it were not given).
    """

    name: str
    lowest: int
    highest: int
    per_unit: int = 1
    whole: bool = True
    none: int | None = None


_MS: Final = 1_000
_MIN_DELAY: Final = _Number("min_endpointing_delay_ms", 0, 10_000, _MS)
_MAX_DELAY: Final = _Number("max_endpointing_delay_ms", 0, 10_000, _MS)
_MIN_DURATION: Final = _Number("min_interruption_ms", 50, 10_000, _MS)
_MIN_WORDS: Final = _Number("min_interruption_words", 0, 1_000)
_MAX_DURATION: Final = _Number("max_user_turn_s", 1, 25, whole=False, none=25)
_MAX_WORDS: Final = _Number("max_user_turn_words", 1, 1_000, none=0)


def turn_options(turns: Mapping[str, Any], flat: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``turns``, and of LiveKit's older arguments in ``flat``, is an option of a call, by the names that travel. Pure.

    A number that a call cannot keep to is the nearest that it can: no turn is longer than 25 s, no delay than 10 s, and less than 50 ms of
    voice interrupt nobody.

    Raises:
        ConfigurationError: what should be a number is none; the text names it and the cure.
    """
    given = {name: value for name, value in flat.items() if value is not NOT_GIVEN and value is not None}
    endpointing, interruption, limit = (_of(turns, name) for name in ("endpointing", "interruption", "user_turn_limit"))
    preemptive = _of(turns, "preemptive_generation")
    found: dict[str, Any] = {}
    for group, name, number, older in (
        (endpointing, "min_delay", _MIN_DELAY, "min_endpointing_delay"),
        (endpointing, "max_delay", _MAX_DELAY, "max_endpointing_delay"),
        (interruption, "min_duration", _MIN_DURATION, "min_interruption_duration"),
        (interruption, "min_words", _MIN_WORDS, "min_interruption_words"),
        (limit, "max_duration", _MAX_DURATION, ""),
        (limit, "max_words", _MAX_WORDS, ""),
    ):
        if name in group:
            found[number.name] = number.none if group[name] is None else _option(number, name, group[name])
        elif older in given:
            found[number.name] = _option(number, older, given[older])
    for name, value in (
        ("resume_false_interruption", interruption.get("resume_false_interruption", given.get("resume_false_interruption"))),
        ("preemptive_generation", preemptive.get("enabled", given.get("preemptive_generation"))),
    ):
        found[name] = None if value is None else bool(_of({name: value}, name).get("enabled", value))
    found = {name: value for name, value in found.items() if value is not None}
    if "turn_detection" in turns or "turn_detection" in given:
        detection = turns.get("turn_detection", given.get("turn_detection"))
        found["turn_detection"] = detection if isinstance(detection, str) and detection in _DETECTIONS else None
    return found


def kept_options(options: dict[str, Any], *, hears: bool) -> dict[str, Any]:
    """``options`` of a session and its agent together, made to fit each other and whether the call ``hears``. Pure."""
    least, longest = options.get("min_endpointing_delay_ms"), options.get("max_endpointing_delay_ms")
    fitting = dict(options)
    if least is not None and longest is not None:
        fitting["max_endpointing_delay_ms"] = max(least, longest)
    if fitting.get("turn_detection") is None or (fitting["turn_detection"] == "stt" and not hears):
        fitting.pop("turn_detection", None)
    return fitting


def _option(number: _Number, name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        unit = "seconds" if number.per_unit == _MS or not number.whole else "a number of words"
        raise ConfigurationError(f"the program: {name}={value!r:.60} of its turn handling is no number: give {unit}")
    kept = min(max(value * number.per_unit, number.lowest), number.highest)
    return math.ceil(kept) if number.whole and number.per_unit == 1 else round(kept) if number.whole else kept


def may_interrupt(turns: Mapping[str, Any], flat: Mapping[str, Any]) -> bool | None:
    """Whether speech may be interrupted that says nothing of it; None where it is not said. Pure."""
    given = flat.get("allow_interruptions")
    told = _of(turns, "interruption").get("enabled", None if given is NOT_GIVEN else given)
    return None if told is None else bool(told)


def _of(turns: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = turns.get(name)
    if isinstance(value, bool):  # LiveKit's older form of preemptive generation
        return {"enabled": value}
    return value if isinstance(value, Mapping) else {}
