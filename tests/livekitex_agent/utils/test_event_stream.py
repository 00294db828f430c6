"""A task that sends events into a channel, and its one reader."""

import asyncio
from collections.abc import AsyncIterable, Coroutine
from typing import Any

import pytest

from livekitex_agent.utils import aio
from livekitex_agent.utils.event_stream import EventStream

pytestmark = pytest.mark.asyncio


class Numbers(EventStream[int]):
    """Counts as far as ``last``, and then does ``then``."""

    def __init__(self, last: int, then: Coroutine[Any, Any, None] | None = None, *, monitored: bool = True) -> None:
        self.seen: list[int] = []
        self.closed = False
        self._open()
        self._start(self._count(last, then), monitored=monitored)

    async def _count(self, last: int, then: Coroutine[Any, Any, None] | None) -> None:
        try:
            for number in range(last):
                self._event_ch.send_nowait(number)
            if then is not None:
                await then
        finally:
            self.closed = True

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[int]) -> None:
        self.seen = [number async for number in event_aiter]


async def fail() -> None:
    raise ZeroDivisionError


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_the_reader_and_the_monitor_get_all_events_in_their_order() -> None:
    async with Numbers(3) as stream:
        assert [number async for number in stream] == [0, 1, 2]
    assert stream.seen == [0, 1, 2]


async def test_what_came_before_a_failure_is_read_first_and_then_the_failure_each_time() -> None:
    async with Numbers(2, fail()) as stream:
        assert [await anext(stream), await anext(stream)] == [0, 1]
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await anext(stream)
    assert stream.seen == [0, 1]


async def test_closing_ends_the_task_and_the_iteration_and_drops_what_was_not_read() -> None:
    stream = Numbers(3, for_ever())
    assert await anext(stream) == 0
    await stream.aclose()
    assert stream.closed
    assert [number async for number in stream] == []
    await stream.aclose()


async def test_who_waits_for_an_event_goes_on_when_it_is_closed() -> None:
    stream = Numbers(0, for_ever())
    waiting = asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await stream.aclose()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_closing_before_the_task_has_begun_is_well() -> None:
    waiting = for_ever()
    stream = Numbers(3, waiting)
    await stream.aclose()
    assert [number async for number in stream] == []
    waiting.close()


async def test_a_wait_for_the_next_event_may_be_given_up_and_taken_up_again() -> None:
    go_on = asyncio.Event()

    async def wait() -> None:
        await go_on.wait()
        stream._event_ch.send_nowait(7)

    stream = Numbers(0, wait())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await anext(stream)
    go_on.set()
    assert [number async for number in stream] == [7]
    await stream.aclose()


async def test_an_event_is_read_although_the_monitor_waits_for_the_next_one() -> None:
    async with Numbers(1, for_ever()) as stream:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert await anext(stream) == 0


async def test_it_is_monitored_from_when_that_is_asked_for_and_once() -> None:
    async with Numbers(2, monitored=False) as stream:
        assert [number async for number in stream] == [0, 1]
        assert stream.seen == []
        stream._start_monitor()
        first = stream._metrics_task
        stream._start_monitor()
        assert stream._metrics_task is first
    assert stream.seen == [0, 1]


async def test_a_channel_of_the_users_own_may_be_given() -> None:
    stream = Numbers(0)
    await stream.aclose()
    channel = aio.Chan[int]()
    channel.send_nowait(5)
    stream._open(channel)
    stream._start(fail())
    assert await anext(stream) == 5
    with pytest.raises(ZeroDivisionError):
        await anext(stream)
    assert channel.closed
    await stream.aclose()
