"""One stream read by several."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from typing import Final, Generic, TypeVar

__all__ = ["Tee", "tee"]

_T = TypeVar("_T")


class Tee(Generic[_T]):
    """``n`` iterators over the values of one; each gets all of them, and its exception, and keeps what it has not read until it is closed.

    What one keeps it gives at once, whoever waits for the next value. A read that is cancelled takes nothing away, if the stream itself
    bears it.
    """

    def __init__(self, iterator: AsyncIterable[_T], n: int = 2) -> None:
        self._iterator = aiter(iterator)
        self._failure: BaseException | None = None
        self._ended = False
        self._lock = asyncio.Lock()
        self._children = tuple(_Reader[_T](self._fetch) for _ in range(n))

    async def _fetch(self, reader: "_Reader[_T]") -> bool:
        """Wait for the next value of ``reader``; False if there is none any more."""
        async with self._lock:
            if reader.unread:
                return True
            if reader.closed or self._ended:
                return False
            if self._failure is not None:
                raise self._failure
            try:
                value = await anext(self._iterator)
            except StopAsyncIteration:
                self._ended = True
                return False
            except Exception as failure:
                self._failure = failure
                raise
            for child in self._children:
                if not child.closed:
                    child.unread.append(value)
            return True

    def __len__(self) -> int:
        return len(self._children)

    def __getitem__(self, item: int) -> AsyncIterator[_T]:
        return self._children[item]

    def __iter__(self) -> Iterator[AsyncIterator[_T]]:
        yield from self._children

    async def aclose(self) -> None:
        """Close all of them, and the stream itself."""
        for child in self._children:
            await child.aclose()
        if hasattr(self._iterator, "aclose"):
            with contextlib.suppress(Exception):
                await self._iterator.aclose()


class _Reader(Generic[_T]):
    def __init__(self, fetch: "Callable[[_Reader[_T]], Awaitable[bool]]") -> None:
        self._fetch = fetch
        self.unread: deque[_T] = deque()
        self.closed = False

    def __aiter__(self) -> "_Reader[_T]":
        return self

    async def __anext__(self) -> _T:
        while not self.unread:
            if not await self._fetch(self):
                raise StopAsyncIteration
        return self.unread.popleft()

    async def aclose(self) -> None:
        """It is not read any more."""
        self.closed = True
        self.unread.clear()


tee: Final = Tee
