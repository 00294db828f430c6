"""A world of simulated processes in virtual time: signals, mailboxes and timers, strictly one thing after the other.

Signals arrive at once and in the order in which they were sent. Time passes only when nothing is left to do.
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from otp.driver import Entry

MAX_STEPS = 1_000_000
"""Steps without rest after which a world is taken for one that never rests."""


@dataclass
class Timer:
    """Something that will happen, unless it is cancelled. A cancelled one takes no time."""

    happening: Callable[[], None]
    cancelled: bool = False


class World:
    """The queue of everything that is about to happen."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.log: list[Entry] = []
        self.attempts: Counter[str] = Counter()
        self._ready: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._serial = count()

    def post(self, happening: Callable[[], None]) -> None:
        """Let ``happening`` come after everything that is on its way now."""
        self._ready.append(happening)

    def after(self, delay_ms: float, happening: Callable[[], None]) -> "Timer":
        """Let ``happening`` come after ``delay_ms``."""
        timer = Timer(happening)
        heapq.heappush(self._timers, (self.now_ms + delay_ms, next(self._serial), timer))
        return timer

    def note(self, text: str) -> None:
        """Log an event."""
        self.log.append(Entry(self.now_ms, text))

    def next_name(self, process_id: str) -> tuple[str, int]:
        """The name of a new attempt to start ``process_id``, and its number."""
        self.attempts[process_id] += 1
        return f"{process_id}#{self.attempts[process_id]}", self.attempts[process_id]

    def run(self, *, until: Callable[[], bool] = lambda: False, until_ms: float = float("inf")) -> None:
        """Go on until nothing is left to do, or ``until`` holds, or all that is due at ``until_ms`` is done.

        Raises:
            RuntimeError: the world does not come to rest.
        """
        for _ in range(MAX_STEPS):
            if until():
                return
            if self._ready:
                self._ready.popleft()()
            elif self._timers and self._timers[0][2].cancelled:
                heapq.heappop(self._timers)
            elif self._timers and self._timers[0][0] <= until_ms:
                self.now_ms, _number, timer = heapq.heappop(self._timers)
                timer.happening()
            else:
                if until_ms != float("inf"):
                    self.now_ms = until_ms
                return
        raise RuntimeError(f"no rest after {MAX_STEPS} steps")
