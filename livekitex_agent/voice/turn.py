"""How a session handles turns, as LiveKit's programs say it: dictionaries with seconds. They become the options of the call."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from livekitex_agent.types import NOT_GIVEN


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
    """How long the caller's turn may be, in words and seconds (None: no limit)."""

    max_words: int | None
    max_duration: float | None


class TurnHandlingOptions(TypedDict, total=False):
    """All of it. ``turn_detection`` is "stt", "vad", "manual", a turn detector of ours, or left out; any other object is the default."""

    turn_detection: Any
    endpointing: EndpointingOptions
    interruption: InterruptionOptions
    preemptive_generation: PreemptiveGenerationOptions
    user_turn_limit: UserTurnLimitOptions


def turn_options(turns: Mapping[str, Any], flat: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``turns``, and of LiveKit's older arguments in ``flat``, is an option of a call, by the names that travel. Pure."""
    given = {name: value for name, value in flat.items() if value is not NOT_GIVEN and value is not None}
    endpointing = {**_of(turns, "endpointing")}
    interruption = {**_of(turns, "interruption")}
    preemptive = _of(turns, "preemptive_generation")
    limit = _of(turns, "user_turn_limit")
    detection = turns.get("turn_detection", given.get("turn_detection"))
    found: dict[str, Any] = {
        "turn_detection": detection if detection in ("stt", "vad", "manual") else None,
        "min_endpointing_delay_ms": _ms(endpointing.get("min_delay", given.get("min_endpointing_delay"))),
        "max_endpointing_delay_ms": _ms(endpointing.get("max_delay", given.get("max_endpointing_delay"))),
        "min_interruption_ms": _ms(interruption.get("min_duration", given.get("min_interruption_duration"))),
        "min_interruption_words": interruption.get("min_words", given.get("min_interruption_words")),
        "resume_false_interruption": interruption.get("resume_false_interruption", given.get("resume_false_interruption")),
        "preemptive_generation": preemptive.get("enabled", given.get("preemptive_generation")),
        "max_user_turn_words": limit.get("max_words"),
        "max_user_turn_s": limit.get("max_duration"),
    }
    return {name: value for name, value in found.items() if value is not None}


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


def _ms(seconds: Any) -> int | None:  # noqa: ANN401 - whatever the program says
    return None if seconds is None else round(float(seconds) * 1000)
