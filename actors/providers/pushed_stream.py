"""A stream with its queue: what is pushed waits, a coroutine works on it, and what comes of it is iterated.

The base of the streams of recognisers and voices that are no network's own, and a start for those that are: a subclass says what is pushed
and writes ``work``, an asynchronous generator over the input. A flush is a `FLUSH` in it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final, Generic, TypeVar

from protocols import Fault, ProviderError

InputT = TypeVar("InputT")
EventT = TypeVar("EventT")

MAX_EVENTS: Final = 64
"""Events that wait to be iterated; then the work waits."""


class Flush:
    """What stands in a stream's input where it is to be flushed."""


FLUSH: Final = Flush()


class PushedStream(Generic[InputT, EventT]):
    """A stream of ``label``'s: at most ``bound`` of what is pushed waits (in its own unit, ``what`` in words).

    It works while it is iterated, in a task of its own; used on one event loop.
    """

    def __init__(self, label: str, *, bound: int, what: str) -> None:
        self._label = label
        self._bound = bound
        self._what = what
        self._inputs: deque[InputT | Flush] = deque()
        self._sizes: deque[int] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._ended = False  # no more input
        self._closed = False
        self._failed = False
        self._task: asyncio.Task[None] | None = None
        self._events: asyncio.Queue[EventT | _End] = asyncio.Queue(MAX_EVENTS)

    def work(self, inputs: AsyncIterator[InputT | Flush]) -> AsyncGenerator[EventT, None]:
        """What ``inputs`` comes to; the subclass's."""
        raise NotImplementedError

    def flush(self) -> None:
        """Put a `FLUSH` into the input."""
        self.put(FLUSH, 0)

    def put(self, piece: InputT | Flush, size: int) -> None:
        """Put a piece of ``size`` into the input.

        Raises:
            ProviderError: the stream is over, or its bound is reached.
        """
        if self._ended or self._failed:
            raise ProviderError(f"{self._label}: the stream is over: begin another", retryable=False, fault=Fault.CALLER)
        if self._size + size > self._bound:
            raise ProviderError(f"{self._label}: more than {self._what} wait in the stream: it is too slow", retryable=True)
        self._inputs.append(piece)
        self._sizes.append(size)
        self._size += size
        self._news.set()

    def end_input(self) -> None:
        """Nothing more is pushed."""
        self._ended = True
        self._news.set()

    async def aclose(self) -> None:
        """End the stream at once."""
        self._ended = self._closed = True
        self._inputs.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        while not self._events.empty():
            self._events.get_nowait()
        self._events.put_nowait(_End(None))

    async def __aiter__(self) -> AsyncGenerator[EventT, None]:
        """The events, from one iteration only.

        Raises:
            ProviderError: it is iterated already; or whatever the work raises.
        """
        if self._task is not None:
            raise ProviderError(f"{self._label}: the stream is iterated already", retryable=False, fault=Fault.CALLER)
        if self._closed:
            return
        self._task = asyncio.get_running_loop().create_task(self._run())
        try:
            while not isinstance(event := await self._events.get(), _End):
                yield event
            if event.failure is not None:
                raise event.failure
        finally:
            await self.aclose()

    async def _run(self) -> None:
        failure: Exception | None = None
        try:
            async with aclosing(self.work(self._take())) as events:
                async for event in events:
                    await self._events.put(event)
        except Exception as raised:  # noqa: BLE001 - the seam to a provider's work: it is raised where it is iterated
            failure = raised
            self._failed = True
        await self._events.put(_End(failure))

    async def _take(self) -> AsyncGenerator[InputT | Flush, None]:
        while True:
            while self._inputs:
                self._size -= self._sizes.popleft()
                yield self._inputs.popleft()
            if self._ended:
                return
            self._news.clear()
            await self._news.wait()


class _End:
    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure
