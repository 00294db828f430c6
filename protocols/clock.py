"""The one place that reads the time.

Pure code takes ``now`` as an argument; whoever performs effects holds a `Clock`.
"""

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Where the time comes from."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back. For durations and deadlines."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch. For what is stored or shown, never for durations."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        """Seconds of ``time.monotonic``, comparable between the processes of one machine."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds of ``time.time``."""
        return time.time()
