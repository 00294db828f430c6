"""Bulkheads: whatever a provider or the tools do, they can do it to themselves only, and every wait for them ends.

Code that is not ours runs in a task of its own, on threads of its own. We never await it, we wait for its task: so a cancellation within it
(a future that somebody cancelled, ``current_task().cancel()``) is not one of ours, an exit ends that task alone, and a task that swallows
its cancellation is left behind after `CANCEL_S`.

What cannot be stopped is counted: threads that native code holds, and tasks left behind, are never given back. So a part that comes to
`MAX_TIMEOUTS_IN_A_ROW` or `MAX_LEFT_BEHIND` ends the incarnation, and the next one has neither.

A service that fails in other calls of the node, too, is not asked for a while: its circuit breaker stands in front of it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, Generic, NoReturn, TypeVar

from actors.agent_session.engine.circuit_breakers import CircuitBreakers
from actors.agent_session.engine.daemon_executor import CURRENT_POOL, DaemonExecutor
from actors.agent_session.engine.failures import UncaughtError, named
from protocols import ProviderError

T = TypeVar("T")

PART_THREADS: Final = 8
"""Calls that block at a time, of each provider; what comes on top waits."""
MAX_TIMEOUTS_IN_A_ROW: Final = 4
"""Time limits of one part that pass without an answer between, after which the incarnation ends: one more than a reply has attempts.

Of calls that run at a time they count as one.
"""
MAX_LEFT_BEHIND: Final = 8
"""Tasks of one part that did not end when they were cancelled, after which the incarnation ends."""
CANCEL_S: Final = 1.0
"""For a task to end once it is cancelled."""


class UnresponsiveError(ProviderError):
    """A part holds threads or tasks that never come back: the incarnation ends for it, and the next one has all of them again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


@dataclass(frozen=True, slots=True)
class _Gave(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Raised:
    failure: Exception


class Bulkhead:
    """Keeps ``part`` (the stt, the tools) apart. ``crashed`` is told when it is lost; the methods are called on the event loop.

    ``breakers``, if there are any, are asked before each request, for the part's ``service`` or the one that the request names.
    """

    def __init__(
        self,
        part: str,
        crashed: Callable[[BaseException], None],
        *,
        threads: int = PART_THREADS,
        breakers: CircuitBreakers | None = None,
        service: str = "",
    ) -> None:
        self._part = part
        self._breakers = breakers
        self._service = service
        self._crashed = crashed
        self._pool = DaemonExecutor(threads, f"{part} helper")
        self._timeouts = 0
        self._left_behind: set[asyncio.Task[Any]] = set()

    def serve(self, service: str) -> None:
        """The part asks another service from now on."""
        self._service = service

    @property
    def full(self) -> bool:
        """Whether each of its threads is held by a call."""
        return self._pool.full

    def lose(self, why: str) -> None:
        """End the incarnation for the part's sake."""
        self._crashed(UnresponsiveError(f"the {self._part} {why}"))

    async def call(self, work: Callable[[], Awaitable[T]], timeout_s: float, *, service: str = "") -> T:
        """What ``work`` gives.

        Raises:
            CircuitOpenError: the service is not to be asked now.
            TimeoutError: nothing after ``timeout_s``.
            Exception: whatever it raises; an `UncaughtError` for what is no `Exception`.
        """

        async def answer() -> T:
            return await work()

        async with self._admitted(service or self._service):
            task, before = self._begin(answer()), self._timeouts
            try:
                await asyncio.wait((task,), timeout=timeout_s)
                if not task.done():
                    self._time_out(before)
                return self._outcome(task)
            finally:
                await self._end(task)

    async def stream(self, work: Callable[[], AsyncIterator[T]], *, silence_s: float, total_s: float) -> AsyncGenerator[T, None]:
        """What ``work`` gives, one by one: the next is asked for once the last is dealt with. Whoever does not go on to the end closes it.

        Raises:
            CircuitOpenError: the service is not to be asked now.
            TimeoutError: nothing for ``silence_s``, or no end after ``total_s``.
            Exception: whatever it raises; an `UncaughtError` for what is no `Exception`.
        """
        handed: asyncio.Queue[_Gave[T] | None] = asyncio.Queue()

        async def pump() -> None:
            values = work()
            try:
                async for value in values:
                    handed.put_nowait(_Gave(value))
                    await handed.join()
            finally:
                if isinstance(values, AsyncGenerator):
                    await values.aclose()

        async with self._admitted(self._service):
            loop = asyncio.get_running_loop()
            deadline = loop.time() + total_s
            task = self._begin(pump())
            task.add_done_callback(lambda _: handed.put_nowait(None))
            try:
                while (given := await self._next(handed, min(loop.time() + silence_s, deadline))) is not None:
                    yield given.value
                    handed.task_done()
                self._outcome(task)
            finally:
                await self._end(task)

    def _admitted(self, service: str) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._breakers is None else self._breakers.through(service)

    async def _next(self, handed: "asyncio.Queue[_Gave[T] | None]", until: float) -> _Gave[T] | None:
        try:
            async with asyncio.timeout_at(until):
                return await handed.get()
        except TimeoutError:
            self._time_out(self._timeouts)

    def _begin(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[_Gave[T] | _Raised]":
        return asyncio.get_running_loop().create_task(_contained(self._pool, work))

    def _outcome(self, task: "asyncio.Task[_Gave[T] | _Raised]") -> T:
        self._timeouts = 0
        outcome = _Raised(UncaughtError("CancelledError")) if task.cancelled() else task.result()
        if isinstance(outcome, _Raised):
            raise outcome.failure
        return outcome.value

    def _time_out(self, before: int) -> NoReturn:
        """A time limit has passed, of which there were so many in a row ``before`` the call."""
        told = self._timeouts
        self._timeouts = max(told, before + 1)
        if self._timeouts > told and self._timeouts >= MAX_TIMEOUTS_IN_A_ROW:
            self.lose(f"did not answer {self._timeouts} times in a row")
        raise TimeoutError

    async def _end(self, task: "asyncio.Task[Any]") -> None:
        """Cancel ``task`` if it is not over, and leave it behind if that does not end it."""
        if task.done():
            return
        task.cancel()
        await asyncio.wait((task,), timeout=CANCEL_S)
        if not task.done():
            self._left_behind.add(task)
            task.add_done_callback(self._left_behind.discard)
            if len(self._left_behind) >= MAX_LEFT_BEHIND:
                self.lose(f"left {len(self._left_behind)} tasks that do not end when they are cancelled")


async def _contained(pool: DaemonExecutor, work: Coroutine[Any, Any, T]) -> _Gave[T] | _Raised:
    """What ``work`` comes to. It never fails, so that neither the loop nor the garbage collector has to deal with its exception."""
    CURRENT_POOL.set(pool)
    try:
        return _Gave(await work)
    except Exception as failure:  # noqa: BLE001 - the seam to code that is not ours: it may raise anything
        return _Raised(failure)
    except BaseException as failure:  # noqa: BLE001 - a cancellation that is not ours, an exit: the loop would end of it
        return _Raised(UncaughtError(named(failure)))
