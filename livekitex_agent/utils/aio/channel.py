"""A queue that can be closed, between tasks of one event loop."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, Protocol, TypeVar

__all__ = ["Chan", "ChanClosed", "ChanEmpty", "ChanFull", "ChanReceiver", "ChanSender"]

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
_T_contra = TypeVar("_T_contra", contravariant=True)


class ChanClosed(Exception):  # noqa: N818 - LiveKit's name
    """The channel is closed, and empty for who receives."""


class ChanFull(Exception):  # noqa: N818 - LiveKit's name
    """The channel holds as much as it may."""


class ChanEmpty(Exception):  # noqa: N818 - LiveKit's name
    """There is nothing to receive for now."""


class ChanSender(Protocol[_T_contra]):
    """The end of a channel into which values go."""

    async def send(self, value: _T_contra) -> None:
        """Wait for room, then send."""
        ...

    def send_nowait(self, value: _T_contra) -> None:
        """Send, if there is room."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


class ChanReceiver(Protocol[_T_co]):
    """The end of a channel out of which values come."""

    async def recv(self) -> _T_co:
        """The next value."""
        ...

    def recv_nowait(self) -> _T_co:
        """The next value, if there is one."""
        ...

    def close(self) -> None:
        """Nothing more is wanted."""
        ...

    def __aiter__(self) -> AsyncIterator[_T_co]:
        """The values until it is closed."""
        ...

    async def __anext__(self) -> _T_co:
        """The next value."""
        ...


class Chan(Generic[_T]):
    """A queue of ``maxsize`` values (0: any number); what is in it when it is closed is still received."""

    def __init__(self, maxsize: int = 0, loop: asyncio.AbstractEventLoop | None = None) -> None:  # noqa: ARG002 - LiveKit's
        self._maxsize = max(maxsize, 0)
        self._queue: deque[_T] = deque()
        self._changed: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def send(self, value: _T) -> None:
        """Wait for room, then send.

        Raises:
            ChanClosed: it is closed.
        """
        while self.full() and not self._closed:
            await self._wait()
        self.send_nowait(value)

    def send_nowait(self, value: _T) -> None:
        """Send at once.

        Raises:
            ChanClosed: it is closed.
            ChanFull: there is no room.
        """
        if self._closed:
            raise ChanClosed
        if self.full():
            raise ChanFull
        self._queue.append(value)
        self._wake()

    async def recv(self) -> _T:
        """Wait for a value.

        Raises:
            ChanClosed: it is closed and empty.
        """
        while not self._queue and not self._closed:
            await self._wait()
        return self.recv_nowait()

    def recv_nowait(self) -> _T:
        """The next value.

        Raises:
            ChanClosed: it is closed and empty.
            ChanEmpty: there is none for now.
        """
        if not self._queue:
            raise ChanClosed if self._closed else ChanEmpty
        value = self._queue.popleft()
        self._wake()
        return value

    def close(self) -> None:
        """Nothing more is sent; a second time does nothing."""
        self._closed = True
        self._wake()

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._closed

    def qsize(self) -> int:
        """How many values wait."""
        return len(self._queue)

    def full(self) -> bool:
        """Whether there is no room."""
        return 0 < self._maxsize <= len(self._queue)

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._queue

    def __aiter__(self) -> AsyncIterator[_T]:
        return self

    async def __anext__(self) -> _T:
        try:
            return await self.recv()
        except ChanClosed:
            raise StopAsyncIteration from None

    async def _wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._changed.append(waiter)
        await waiter

    def _wake(self) -> None:
        """Let all who wait look again: they are few, and so none is forgotten when one of them is cancelled."""
        while self._changed:
            waiter = self._changed.popleft()
            if not waiter.done():
                waiter.set_result(None)
