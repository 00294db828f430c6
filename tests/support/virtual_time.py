"""An event loop whose clock stands still while there is something to do, and jumps to the next timer when there is nothing.

What a test of timed code says is then the same on any machine: a turn of the loop takes `TURN_S`, and a wait takes what it was given. It is
for code that runs on the loop alone; of threads it knows nothing, so its timers do not wait for them.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

TURN_S: Final = 1e-6
"""Not zero: whoever finds that it woke a rounding error too early, and looks again, must come to an end."""
STUCK_S: Final = 100.0
"""For something to happen when no timer is left, as what another thread calls; then the test is stuck."""


class _Selector(selectors.DefaultSelector):
    """Never waits for time to pass: it lets it pass."""

    now = 0.0
    turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(STUCK_S if timeout is None else 0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing is due, and nothing happens")
            self.now += timeout
        self.now += TURN_S
        self.turns += 1
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Also the `Clock` of what runs on it."""

    def __init__(self) -> None:
        self._passing = _Selector()
        super().__init__(self._passing)

    @property
    def turns(self) -> int:
        """How often something was done; what waits does nothing."""
        return self._passing.turns

    def time(self) -> float:
        return self._passing.now

    def monotonic(self) -> float:
        return self.time()

    def wall(self) -> float:
        return self.time()


def clock() -> VirtualTimeLoop:
    """The clock of the running loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop


async def passes(delay_s: float) -> None:
    """Let so much time pass."""
    over = asyncio.Event()
    clock().call_later(delay_s, over.set)
    await over.wait()


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
