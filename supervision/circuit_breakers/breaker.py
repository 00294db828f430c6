"""One circuit breaker: whether a service may be called now, given how the calls to it went. Pure; the time is an argument.

Everything about its states is in this file. ``closed`` lets all calls through and counts failures; ``open`` lets none through until the
cool-down is over; ``half_open`` lets one probe through, whose outcome decides. Each probe that fails doubles the cool-down, up to a bound.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

from protocols import ConfigurationError


class State(StrEnum):
    """The three states of a circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Event(StrEnum):
    """What can happen to one."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TRIPPED = "tripped"
    """The failure that reaches the threshold."""
    COOLED_DOWN = "cooled_down"
    """Somebody asks after the end of the cool-down."""


TRANSITIONS: Final[Mapping[State, Mapping[Event, State]]] = MappingProxyType(
    {
        State.CLOSED: MappingProxyType(
            {
                Event.SUCCEEDED: State.CLOSED,
                Event.FAILED: State.CLOSED,
                Event.TRIPPED: State.OPEN,
                Event.COOLED_DOWN: State.CLOSED,
            }
        ),
        # Outcomes of calls that began before the breaker opened say nothing new.
        State.OPEN: MappingProxyType(
            {
                Event.SUCCEEDED: State.OPEN,
                Event.FAILED: State.OPEN,
                Event.TRIPPED: State.OPEN,
                Event.COOLED_DOWN: State.HALF_OPEN,
            }
        ),
        State.HALF_OPEN: MappingProxyType(
            {
                Event.SUCCEEDED: State.CLOSED,
                Event.FAILED: State.OPEN,
                Event.TRIPPED: State.OPEN,
                Event.COOLED_DOWN: State.HALF_OPEN,
            }
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """When a breaker opens, and for how long.

    ``failure_threshold`` failures within ``window_s`` open it, for ``cool_down_s`` seconds, doubled after each failed probe up to
    ``max_cool_down_s``. A probe without an outcome is given up after ``probe_timeout_s``, and another one is let through.

    Raises:
        ConfigurationError: a value that is no positive number, or a first cool-down above the longest.
    """

    failure_threshold: int = 5
    window_s: float = 30.0
    cool_down_s: float = 1.0
    max_cool_down_s: float = 60.0
    probe_timeout_s: float = 30.0

    def __post_init__(self) -> None:
        if type(self.failure_threshold) is not int or not 1 <= self.failure_threshold <= MAX_THRESHOLD:
            raise ConfigurationError(f"failure_threshold is {self.failure_threshold!r}: use a whole number from 1 to {MAX_THRESHOLD}")
        for name in ("window_s", "cool_down_s", "max_cool_down_s", "probe_timeout_s"):
            value = getattr(self, name)
            if type(value) not in {int, float} or not math.isfinite(value) or value <= 0:
                raise ConfigurationError(f"{name} is {value!r}: use a positive number of seconds")
        if self.cool_down_s > self.max_cool_down_s:
            raise ConfigurationError(
                f"cool_down_s {self.cool_down_s:g} is above max_cool_down_s {self.max_cool_down_s:g}: swap or raise them"
            )

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """The settings that an actor's arguments give; absent ones have their defaults.

        Raises:
            ConfigurationError: an unknown name, or a value that the constructor refuses.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(args) - known):
            raise ConfigurationError(f"unknown circuit breaker option {unknown[0]!r}: use {', '.join(sorted(known))}")
        return cls(**args)


MAX_THRESHOLD: Final = 1000
"""Largest failure threshold: so many times of failures are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether to call; if not, when to ask again."""

    allowed: bool
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """A breaker as it is.

    ``failures`` are the times of the failures in the window, oldest first. ``until_s`` is the end of the cool-down while open, and of the
    probe's time while half-open; ``probe`` is the uid of who makes the probe.
    """

    state: State = State.CLOSED
    failures: tuple[float, ...] = ()
    cool_down_s: float = 0.0
    until_s: float = 0.0
    probe: str = ""

    def recent(self, settings: BreakerSettings, now: float) -> "Breaker":
        """The same without the failures that have left the window."""
        return replace(self, failures=tuple(at for at in self.failures if now - at < settings.window_s))


def ask(breaker: Breaker, settings: BreakerSettings, caller: str, now: float) -> tuple[Breaker, Verdict]:
    """Whether ``caller`` may call the service at ``now``."""
    if breaker.state is State.CLOSED:
        return breaker, Verdict(allowed=True)
    left_s = breaker.until_s - now
    if left_s > 0:
        # A probe's outcome is likely long before its time is up: ask again after the first cool-down.
        wait_s = left_s if breaker.state is State.OPEN else min(left_s, settings.cool_down_s)
        return breaker, Verdict(allowed=False, retry_after_s=wait_s)
    state = TRANSITIONS[breaker.state][Event.COOLED_DOWN]
    return replace(breaker, state=state, until_s=now + settings.probe_timeout_s, probe=caller), Verdict(allowed=True)


def outcome(breaker: Breaker, settings: BreakerSettings, caller: str, now: float, *, ok: bool) -> Breaker:
    """The breaker after a call by ``caller`` has ended. While half-open only the outcome of the probe counts."""
    if breaker.state is State.HALF_OPEN and caller != breaker.probe:
        return breaker
    breaker = breaker.recent(settings, now)
    if breaker.state is State.CLOSED and not ok:
        breaker = replace(breaker, failures=(*breaker.failures, now))
    failure = Event.TRIPPED if len(breaker.failures) >= settings.failure_threshold else Event.FAILED
    event = Event.SUCCEEDED if ok else failure
    return _moved(breaker, settings, TRANSITIONS[breaker.state][event], now)


def _moved(breaker: Breaker, settings: BreakerSettings, state: State, now: float) -> Breaker:
    if state is breaker.state:
        return breaker
    if state is State.CLOSED:
        return Breaker()
    cool_down_s = min(2 * breaker.cool_down_s, settings.max_cool_down_s) or settings.cool_down_s
    return replace(breaker, state=state, cool_down_s=cool_down_s, until_s=now + cool_down_s, probe="")
