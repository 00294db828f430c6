"""All breakers of a node, by the name of the service. Pure; the time is an argument."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from protocols import BreakerState, UsageError
from supervision.circuit_breakers.breaker import Breaker, BreakerSettings, State, Verdict, ask, outcome

MAX_SERVICES: Final = 256
"""Breakers of one node. Beyond it the closed one that was not used for longest is forgotten; if none is closed, a new service has none."""

MAX_SERVICE_CHARS: Final = 200
"""Longest name of a service in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerBook:
    """The breakers, least recently used first."""

    settings: BreakerSettings = field(default_factory=BreakerSettings)
    breakers: Mapping[str, Breaker] = field(default_factory=dict)

    def may_ask(self, service: str, caller: str, now: float) -> tuple["BreakerBook", Verdict]:
        """Whether ``caller`` may ask ``service`` at ``now``.

        Raises:
            UsageError: ``service`` is empty or too long.
        """
        breaker, verdict = ask(self._breaker(service), self.settings, caller, now)
        return self._with(service, breaker), verdict

    def outcome(self, service: str, caller: str, now: float, *, ok: bool | None) -> "BreakerBook":
        """A request of ``caller`` to ``service`` has ended; ``ok`` is None if it was given up.

        Raises:
            UsageError: ``service`` is empty or too long.
        """
        return self._with(service, outcome(self._breaker(service), self.settings, caller, now, ok=ok))

    def state(self, service: str) -> State:
        """Of one breaker; a service without one is not held up."""
        return self.breakers.get(service, Breaker()).state

    def states(self, now: float) -> tuple[BreakerState, ...]:
        """All breakers by name of service, each with its failures within the window."""
        return tuple(
            BreakerState(service=service, state=str(breaker.state), failures=len(breaker.recent(self.settings, now).failures))
            for service, breaker in sorted(self.breakers.items())
        )

    def _breaker(self, service: str) -> Breaker:
        if not 0 < len(service) <= MAX_SERVICE_CHARS:
            raise UsageError(f"a service has a name of 1 to {MAX_SERVICE_CHARS} characters, this one has {len(service)}")
        return self.breakers.get(service, Breaker())

    def _with(self, service: str, breaker: Breaker) -> "BreakerBook":
        breakers = {name: other for name, other in self.breakers.items() if name != service}
        if len(breakers) >= MAX_SERVICES:
            idle = next((name for name, other in breakers.items() if other.state is State.CLOSED), None)
            if idle is None:
                return self
            del breakers[idle]
        return BreakerBook(settings=self.settings, breakers={**breakers, service: breaker})
