"""Bounded queues between the connection and the readers of a call."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """Items for one reader, oldest first; ends with an error, or without. Not thread-safe: one event loop uses it."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._changed = asyncio.Event()
        self._ended = False
        self._error: Exception | None = None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        """Add an item; nothing happens once the inbox has ended. The bound is the caller's business."""
        if not self._ended:
            self._items.append(item)
            self._changed.set()

    def drop_oldest(self) -> T:
        """Take the oldest item from under the reader."""
        return self._items.popleft()

    def change(self, changed: Callable[[T], T | None]) -> None:
        """Replace each item that the reader has not got yet by what it is ``changed`` to; None takes it back."""
        self._items = deque(item for waiting in self._items if (item := changed(waiting)) is not None)

    def end(self, error: Exception | None = None) -> None:
        """After the items that wait, the reader gets ``error``, or the end. The first end counts."""
        if not self._ended:
            self._ended, self._error = True, error
            self._changed.set()

    async def get(self) -> T:
        """The next item; waits for it.

        Raises:
            StopAsyncIteration: the inbox has ended.
            Exception: it has ended with this error.
        """
        while not self._items:
            if self._ended:
                raise StopAsyncIteration if self._error is None else self._error
            self._changed.clear()
            await self._changed.wait()
        return self._items.popleft()


class Alarm:
    """One timer on the running loop."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def set(self, delay_s: float | None) -> None:
        """Call back after ``delay_s`` (None: not at all); replaces what was set."""
        self.cancel()
        if delay_s is not None:
            self._handle = self._loop.call_later(max(0.0, delay_s), self._callback)

    def cancel(self) -> None:
        """Do not call back."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
