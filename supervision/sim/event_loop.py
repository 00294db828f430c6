"""An asyncio event loop in virtual time: its clock stands still while there is something to do, and then leaps to the next timer.

What timed code does is then the same on any machine: a turn of the loop takes `TURN_S`, and a wait what it was given. What is not of the
loop takes real time, and the clock knows two kinds of it. Calls in threads (`asyncio.to_thread`) hold it up for `HOLD_S` of real time, in
which most of them end, so that they take no time at all; then it follows real time until they do. While a socket or pipe is open it follows
real time, since nobody knows when something comes.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar, TypeVarTuple

from protocols import Clock, SimulationError, SystemClock
from supervision.sim.clock import VirtualClock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

TURN_S: Final = 1e-6
"""Not zero: what wakes a rounding error too early, and looks again, must come to an end."""
HOLD_S: Final = 1.0
"""Real time for which a call in a thread holds up the clock."""
STUCK_S: Final = 100.0
"""Real time for something to happen when no timer is left, as what another thread calls; then the program is stuck."""


class _Selector(selectors.DefaultSelector):
    """Never waits for time to pass: it lets it pass."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.clock = clock
        self.real: Clock = SystemClock()
        self.own = 0
        self.turns = 0
        self.calls = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout != 0:
            ready = self._wait(timeout)
        self._pass(TURN_S)
        self.turns += 1
        return ready

    def _wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        began = self.real.monotonic()
        if self.calls:
            ready = super().select(HOLD_S)
            self._pass(0.0 if ready else HOLD_S if timeout is None else min(timeout, HOLD_S))
        elif timeout is None:
            ready = super().select(STUCK_S)
            if not ready:
                raise SimulationError("nothing is due, and nothing happens")
        elif len(self.get_map()) > self.own:
            ready = super().select(timeout)
            self._pass(min(timeout, self.real.monotonic() - began) if ready else timeout)
        else:
            ready = []
            self._pass(timeout)
        return ready

    def _pass(self, seconds: float) -> None:
        self.clock.move_to(self.clock.monotonic() + seconds)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """See the module. ``clock`` is its time, and may be read by anybody."""

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock = VirtualClock() if clock is None else clock
        self._passing = _Selector(self.clock)
        super().__init__(self._passing)
        self._passing.own = len(self._passing.get_map())

    @property
    def turns(self) -> int:
        """How often something was done; what waits does nothing."""
        return self._passing.turns

    def time(self) -> float:
        """Virtual seconds."""
        return self.clock.monotonic()

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002 - the signature of any loop
        """As of any loop, but without its time limit, which would pass at once: the threads are real."""
        await super().shutdown_default_executor()

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        """As of any loop; until it is done it holds up the clock, see the module."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._passing.calls += 1
        future.add_done_callback(self._call_done)
        return future

    def _call_done(self, _future: "asyncio.Future[Any]") -> None:
        self._passing.calls -= 1


class Steps(Protocol):
    """What a `LoopDriver` drives (`sim.world.World`)."""

    def next_at(self) -> float | None:
        """When the next step can be made, if one can."""
        ...

    def step(self) -> bool:
        """Make one at the present instant; False when there is none."""
        ...


class LoopDriver:
    """Makes the steps of a simulation as they are due, in callbacks of ``loop``, whose clock is the simulation's."""

    def __init__(self, world: Steps, loop: VirtualTimeLoop) -> None:
        self._world = world
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        """From any thread: there may be steps to make now. Nothing happens once the loop is closed."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._turn)

    def _turn(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._world.step():
            pass
        due = self._world.next_at()
        if due is not None:
            self._timer = self._loop.call_at(due, self._turn)
