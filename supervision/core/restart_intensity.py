"""How often a supervisor may restart before it gives up: OTP's window, exactly."""

import math
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartIntensity:
    """At most ``max_restarts`` in ``max_seconds``, counted on a clock of whole seconds.

    A restart at whole second *s* counts while *now* <= *s* + ``max_seconds``: depending on the phase of the clock the window is
    ``max_seconds`` to ``max_seconds + 1`` long, never shorter. An exact window would differ from OTP. The memory is bounded: a restart
    beyond the limit is the last one that is counted.
    """

    max_restarts: int
    max_seconds: int
    restarts: tuple[int, ...] = ()
    """The whole seconds of the restarts in the window, oldest first."""

    def count(self, now: float) -> tuple[Self, bool]:
        """Count a restart at ``now`` (monotonic seconds); whether it is allowed."""
        second = math.floor(now)
        restarts = (*(then for then in self.restarts if second <= then + self.max_seconds), second)
        return replace(self, restarts=restarts), len(restarts) <= self.max_restarts
