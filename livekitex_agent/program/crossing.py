"""From one event loop to another: what runs on the program's loop, awaited on the media's, and the other way round.

Whoever waits may be cancelled, and then so is what he waits for, in a task of its own on its own loop. Context variables are copied at the
crossing. On one and the same loop there is nothing to cross.
"""

import asyncio
import queue
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

T = TypeVar("T")

MAX_AHEAD: Final = 64
"""Values of a stream that wait to be taken; beyond that whoever gives them waits."""


async def run_on(loop: asyncio.AbstractEventLoop, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run the coroutine that ``make`` makes on ``loop``, and give its result.

    Raises:
        RuntimeError: ``loop`` has ended.
        Exception: whatever the coroutine raises.
    """
    if loop is asyncio.get_running_loop():
        return await make()

    async def made() -> T:
        return await make()

    work = made()
    try:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))
    finally:
        if loop.is_closed():
            work.close()


async def stream_on(loop: asyncio.AbstractEventLoop, make: Callable[[], AsyncIterator[T]]) -> AsyncIterator[T]:
    """The values of the iterator that ``make`` makes on ``loop``, where one task iterates it from beginning to end.

    At most `MAX_AHEAD` of them wait here. Left early, the iterator is closed before this returns.

    Raises:
        RuntimeError: ``loop`` has ended.
        Exception: whatever the iterator raises.
    """
    here = asyncio.get_running_loop()
    if loop is here:
        values = make()
        try:
            async for value in values:
                yield value
        finally:
            await _close(values)
        return
    arrived: queue.SimpleQueue[T] = queue.SimpleQueue()
    news, room = asyncio.Event(), asyncio.Semaphore(MAX_AHEAD)

    async def pump() -> None:
        values = make()
        try:
            async for value in values:
                await room.acquire()
                arrived.put(value)
                here.call_soon_threadsafe(news.set)
        finally:
            await _close(values)

    work = pump()
    pumping = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))
    pumping.add_done_callback(lambda _pumping: news.set())
    try:
        while True:
            await news.wait()
            news.clear()
            ended = pumping.done()
            while not arrived.empty():
                value = arrived.get_nowait()
                loop.call_soon_threadsafe(room.release)
                yield value
            if ended:
                pumping.result()
                return
    finally:
        if not pumping.done():
            pumping.cancel()
        with suppress(BaseException):
            await asyncio.wait([pumping])


async def _close(values: AsyncIterator[Any]) -> None:
    close = getattr(values, "aclose", None)
    if close is not None:
        with suppress(Exception):  # its failure was told, or nobody wants it any more
            await close()
