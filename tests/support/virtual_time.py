"""What runs in a test in virtual time, on `supervision.VirtualTimeLoop`."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from supervision import VirtualTimeLoop
from supervision.sim.clock import VirtualClock

T = TypeVar("T")


class _Loop(VirtualTimeLoop):
    """Also the `Clock` of what runs on it; its time begins with 0, so that tests read easily."""

    def __init__(self) -> None:
        super().__init__(VirtualClock(start_s=0.0))

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def wall(self) -> float:
        return self.clock.wall()


def clock() -> _Loop:
    """The clock of the running loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _Loop)
    return loop


async def passes(delay_s: float) -> None:
    """Let so much time of the running loop pass."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(delay_s, over.set)
    await over.wait()


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)
