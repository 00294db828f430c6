"""One circuit breaker: whether a service may be asked now, given how earlier requests to it went. Pure; the time is an argument.

Everything about its states is in this file. ``closed`` lets all requests through and looks at their outcomes; ``open`` lets none through
until the cool-down is over; ``half_open`` lets one probe through, whose outcome decides. Each probe that fails doubles the cool-down, up to
a bound.

It opens when a number of failures is reached within a window of time, but only where at least half of the last requests failed: a busy node
comes to any number of failures although its services are well.
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
    GIVEN_UP = "given_up"
    """A request without an outcome: its caller did not want it any more."""
    COOLED_DOWN = "cooled_down"
    """Somebody asks after the end of the cool-down."""


TRANSITIONS: Final[Mapping[State, Mapping[Event, State]]] = MappingProxyType(
    {
        State.CLOSED: MappingProxyType(
            {
                Event.SUCCEEDED: State.CLOSED,
                Event.FAILED: State.CLOSED,
                Event.TRIPPED: State.OPEN,
                Event.GIVEN_UP: State.CLOSED,
                Event.COOLED_DOWN: State.CLOSED,
            }
        ),
        # Outcomes of requests that began before the breaker opened say nothing new.
        State.OPEN: MappingProxyType(
            {
                Event.SUCCEEDED: State.OPEN,
                Event.FAILED: State.OPEN,
                Event.TRIPPED: State.OPEN,
                Event.GIVEN_UP: State.OPEN,
                Event.COOLED_DOWN: State.HALF_OPEN,
            }
        ),
        State.HALF_OPEN: MappingProxyType(
            {
                Event.SUCCEEDED: State.CLOSED,
                Event.FAILED: State.OPEN,
                Event.TRIPPED: State.OPEN,
                Event.GIVEN_UP: State.HALF_OPEN,
                Event.COOLED_DOWN: State.HALF_OPEN,
            }
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """When a breaker opens, and for how long.

    ``failure_threshold`` failures within ``window_s`` open it, if they are at least half of the last requests (`KEPT`). It is open for
    ``cool_down_s`` seconds, doubled after each failed probe up to ``max_cool_down_s``. A probe of which nothing is heard is given up
    after ``probe_timeout_s``, and another one is let through.

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
"""Largest failure threshold: `KEPT` times as many outcomes are remembered."""

KEPT: Final = 4
"""So many times the threshold are the last outcomes that are looked at: enough that chance does not make half of them failures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a request may be made; if not, when to ask again."""

    allowed: bool
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """A breaker as it is.

    ``outcomes`` are those of the last requests in the window, oldest first: when each came, and whether it was well; at most `KEPT` times
    the threshold. ``until_s`` is the end of the cool-down while open, and of the probe's time while half-open; ``probe`` is the uid of who
    makes the probe.
    """

    state: State = State.CLOSED
    outcomes: tuple[tuple[float, bool], ...] = ()
    cool_down_s: float = 0.0
    until_s: float = 0.0
    probe: str = ""

    @property
    def failures(self) -> tuple[float, ...]:
        """When the failures among the outcomes came."""
        return tuple(at for at, ok in self.outcomes if not ok)

    def recent(self, settings: BreakerSettings, now: float) -> "Breaker":
        """The same without the outcomes that have left the window."""
        return replace(self, outcomes=tuple(outcome for outcome in self.outcomes if now - outcome[0] < settings.window_s))


def ask(breaker: Breaker, settings: BreakerSettings, caller: str, now: float) -> tuple[Breaker, Verdict]:
    """Whether ``caller`` may ask the service at ``now``."""
    if breaker.state is State.CLOSED:
        return breaker, Verdict(allowed=True)
    left_s = breaker.until_s - now
    if left_s > 0:
        # A probe's outcome is likely long before its time is up: ask again after the first cool-down.
        wait_s = left_s if breaker.state is State.OPEN else min(left_s, settings.cool_down_s)
        return breaker, Verdict(allowed=False, retry_after_s=wait_s)
    state = TRANSITIONS[breaker.state][Event.COOLED_DOWN]
    return replace(breaker, state=state, until_s=now + settings.probe_timeout_s, probe=caller), Verdict(allowed=True)


def outcome(breaker: Breaker, settings: BreakerSettings, caller: str, now: float, *, ok: bool | None) -> Breaker:
    """The breaker after a request of ``caller`` has ended; ``ok`` is None if it was given up. While half-open only the probe's counts."""
    if breaker.state is State.HALF_OPEN and caller != breaker.probe:
        return breaker
    breaker = breaker.recent(settings, now)
    if breaker.state is State.CLOSED and ok is not None:
        breaker = replace(breaker, outcomes=(*breaker.outcomes, (now, ok))[-KEPT * settings.failure_threshold :])
    if ok is None:
        event = Event.GIVEN_UP
    elif ok:
        event = Event.SUCCEEDED
    else:
        failures = len(breaker.failures)
        tripped = failures >= settings.failure_threshold and 2 * failures >= len(breaker.outcomes)
        event = Event.TRIPPED if tripped else Event.FAILED
    if event is Event.GIVEN_UP and breaker.state is State.HALF_OPEN:
        return replace(breaker, until_s=now, probe="")  # whoever asks next makes the probe
    return _moved(breaker, settings, TRANSITIONS[breaker.state][event], now)


def _moved(breaker: Breaker, settings: BreakerSettings, state: State, now: float) -> Breaker:
    if state is breaker.state:
        return breaker
    if state is State.CLOSED:
        return Breaker()
    cool_down_s = min(2 * breaker.cool_down_s, settings.max_cool_down_s) or settings.cool_down_s
    return replace(breaker, state=state, cool_down_s=cool_down_s, until_s=now + cool_down_s, probe="")
