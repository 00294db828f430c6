"""From one event loop to another: work that runs there and is awaited here, and what it tells, piece by piece.

The loops may be of different threads, or one and the same: then nothing crosses, and nothing waits for itself. Work runs in a copy of the
caller's context. Cancelling here cancels there, without waiting for it: a loop that blocks stops nobody else. Where the other loop ends
before the work has, `UnavailableError` is raised here, and at most `LOOK_S` later.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from contextvars import copy_context
from typing import Any, Final, Generic, TypeVar, TypeVarTuple

from protocols import UnavailableError

__all__ = ["MAX_AHEAD", "post_to", "run_on", "stream_on"]

MAX_AHEAD: Final = 64
"""Pieces of a stream that have crossed and were not taken; then the stream waits."""
LOOK_S: Final = 0.5
"""How often it is looked whether the other loop has ended while its work is awaited."""

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

_tasks: Final[set["asyncio.Task[Any]"]] = set()
"""What works on other loops, which refer to their tasks weakly."""


def post_to(loop: asyncio.AbstractEventLoop, callback: Callable[[*_Ts], object], *args: *_Ts) -> bool:
    """Have ``callback`` called on ``loop``: at once if that is the running one, else in order. Tells whether the loop is there."""
    if _running() is loop:
        callback(*args)
        return True
    try:
        loop.call_soon_threadsafe(callback, *args, context=copy_context())
    except RuntimeError:
        if not loop.is_closed():
            raise
        return False
    return True


async def run_on(loop: asyncio.AbstractEventLoop, make: Callable[[], Awaitable[_T]]) -> _T:
    """What comes of what ``make``, which is called on ``loop``, gives to be awaited.

    Raises:
        UnavailableError: the loop has ended, or somebody there has cancelled the work.
        Exception: whatever the work raises.
    """
    if _running() is loop:
        return await make()
    there = _There[_T](loop)
    there.begin(lambda: _awaited(make))
    try:
        await there.over()
    finally:
        there.cancel()
    return there.result()


async def stream_on(
    loop: asyncio.AbstractEventLoop, make: Callable[[], AsyncIterator[_T]], *, bound: int = MAX_AHEAD
) -> AsyncGenerator[_T, None]:
    """What the iterator tells that ``make``, called on ``loop``, gives: in order, and no more than ``bound`` ahead of who takes it.

    An iterator that has ``aclose`` is closed at its end, also where this one is closed before.

    Raises:
        UnavailableError: the loop has ended, or somebody there has cancelled the work.
        Exception: whatever the iteration raises, after what it told before.
    """
    if _running() is loop:
        async with closing_at_end(make()) as values:
            async for value in values:
                yield value
        return
    there = _There[None](loop)
    waiting: deque[_T] = deque()
    room = bound  # of the other loop alone
    more = asyncio.Event()  # of the other loop alone

    def arrived(value: _T) -> None:
        waiting.append(value)
        there.news.set()

    def taken() -> None:
        nonlocal room
        room += 1
        more.set()

    async def tell() -> None:
        nonlocal room
        async with closing_at_end(make()) as values:
            async for value in values:
                room -= 1
                post_to(there.here, arrived, value)
                while room <= 0:
                    more.clear()
                    await more.wait()

    there.begin(tell)
    try:
        while await there.next(waiting):
            yield waiting.popleft()
            post_to(loop, taken)
        there.result()
    finally:
        there.cancel()


class _There(Generic[_T]):
    """Work on ``loop``, as seen from the running one: ``news`` is set when it is over, or has told something."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.here = asyncio.get_running_loop()
        self.news = asyncio.Event()
        self._loop = loop
        self._task: asyncio.Task[_T] | None = None
        self._done: asyncio.Task[_T] | None = None
        self._cancelled = False

    def begin(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> None:
        """Start ``work`` there, in a copy of this context."""
        if not post_to(self._loop, self._start, work):
            raise UnavailableError("the event loop that was to work has ended")

    def cancel(self) -> None:
        """Cancel the work, if it is not over; returns at once."""
        if self._done is None:
            self._cancelled = True
            post_to(self._loop, self._cancel)

    async def over(self) -> None:
        """Return once the work is over, or can be no more."""
        while self._done is None:
            await self._look()

    async def next(self, waiting: deque[Any]) -> bool:
        """Return once there is something in ``waiting`` (true), or the work is over and there is not."""
        while not waiting and self._done is None:
            await self._look()
        return bool(waiting)

    def result(self) -> _T:
        """What the work, which is over, came to."""
        if self._done is None or self._done.cancelled():
            raise UnavailableError("the work was cancelled on the event loop that did it")
        return self._done.result()

    async def _look(self) -> None:
        self.news.clear()
        try:
            async with asyncio.timeout(LOOK_S):
                await self.news.wait()
        except TimeoutError:
            if self._loop.is_closed():
                raise UnavailableError("the event loop that was to work has ended") from None

    def _start(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> None:
        if self._cancelled:
            return
        self._task = self._loop.create_task(work())
        _tasks.add(self._task)
        self._task.add_done_callback(self._finish)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _finish(self, task: "asyncio.Task[_T]") -> None:
        _tasks.discard(task)
        if not task.cancelled():
            task.exception()  # it is raised here, or nobody wants it any more
        post_to(self.here, self._arrive, task)

    def _arrive(self, task: "asyncio.Task[_T]") -> None:
        self._done = task
        self.news.set()


async def _awaited(make: Callable[[], Awaitable[_T]]) -> _T:
    return await make()


def closing_at_end(values: AsyncIterator[_T]) -> "aclosing[Any]":
    return aclosing(values if hasattr(values, "aclose") else _Closed(values))


class _Closed(Generic[_T]):
    """An iterator that needs no closing."""

    def __init__(self, values: AsyncIterator[_T]) -> None:
        self._values = values

    def __aiter__(self) -> AsyncIterator[_T]:
        return self._values

    async def aclose(self) -> None:
        """Nothing."""


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
