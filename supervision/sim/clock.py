"""The time of a simulation: it stands still while anything can happen, and then leaps to the next thing that is due."""

from typing import Final

from protocols import UsageError

EPOCH_S: Final = 1_750_000_000.0
"""Seconds since the epoch at monotonic time 0 of every simulation."""

START_S: Final = 1_000.0
"""Monotonic time at which a simulation begins: not 0, which code takes for "never" by accident."""


class VirtualClock:
    """A `protocols.Clock` that only its simulation moves."""

    def __init__(self, start_s: float = START_S) -> None:
        self._now = start_s

    def monotonic(self) -> float:
        """Virtual seconds, from ``start_s`` on."""
        return self._now

    def wall(self) -> float:
        """Virtual seconds since the epoch; they pass as those of `monotonic`."""
        return EPOCH_S + self._now

    def move_to(self, now: float) -> None:
        """Let the time be ``now``.

        Raises:
            UsageError: that is in the past.
        """
        if now < self._now:
            raise UsageError(f"virtual time is {self._now:g} s and never goes back to {now:g} s")
        self._now = now
