"""One stream read by several."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator
from typing import Final, Generic, TypeVar

__all__ = ["Tee", "tee"]

_T = TypeVar("_T")


class Tee(Generic[_T]):
    """``n`` iterators over the values of one; each gets all of them, and its exception, and keeps what it has not read."""

    def __init__(self, iterator: AsyncIterable[_T], n: int = 2) -> None:
        self._iterator = aiter(iterator)
        self._buffers: list[deque[_T]] = [deque() for _ in range(n)]
        self._failure: BaseException | None = None
        self._ended = False
        lock = asyncio.Lock()
        self._children = tuple(self._read(buffer, lock) for buffer in self._buffers)

    async def _read(self, buffer: deque[_T], lock: asyncio.Lock) -> AsyncGenerator[_T, None]:
        while True:
            async with lock:
                if not buffer and not await self._fetch():
                    return
                value = buffer.popleft()
            yield value

    async def _fetch(self) -> bool:
        if self._failure is not None:
            raise self._failure
        if self._ended:
            return False
        try:
            value = await anext(self._iterator)
        except StopAsyncIteration:
            self._ended = True
            return False
        except Exception as failure:
            self._failure = failure
            raise
        for buffer in self._buffers:
            buffer.append(value)
        return True

    def __len__(self) -> int:
        return len(self._children)

    def __getitem__(self, item: int) -> AsyncIterator[_T]:
        return self._children[item]

    def __iter__(self) -> Iterator[AsyncIterator[_T]]:
        yield from self._children

    async def aclose(self) -> None:
        """Close all of them, and the stream itself."""
        for child in (*self._children, self._iterator):
            if hasattr(child, "aclose"):
                with contextlib.suppress(Exception):
                    await child.aclose()


tee: Final = Tee
