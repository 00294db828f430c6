"""Channels that can be closed, one stream for two readers, tasks that end together."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import pytest

from livekitex_agent.utils import aio


async def numbers(fail: bool = False) -> AsyncIterator[int]:
    for number in range(3):
        yield number
    if fail:
        raise RuntimeError("broken")


@pytest.mark.asyncio
async def test_what_is_in_a_closed_channel_is_still_received() -> None:
    channel = aio.Chan[int]()
    channel.send_nowait(1)
    await channel.send(2)
    channel.close()
    assert [value async for value in channel] == [1, 2]
    assert channel.closed
    for refused in (channel.send(3), channel.recv()):
        with pytest.raises(aio.ChanClosed):
            await refused
    with pytest.raises(aio.ChanClosed):
        channel.recv_nowait()


@pytest.mark.asyncio
async def test_a_full_channel_lets_the_sender_wait() -> None:
    channel = aio.Chan[int](1)
    channel.send_nowait(1)
    assert channel.full()
    with pytest.raises(aio.ChanFull):
        channel.send_nowait(2)
    sending = asyncio.create_task(channel.send(2))
    await asyncio.sleep(0)
    assert (await channel.recv(), await channel.recv()) == (1, 2)
    await sending
    assert channel.empty()
    with pytest.raises(aio.ChanEmpty):
        channel.recv_nowait()


@pytest.mark.asyncio
async def test_closing_wakes_who_receives_and_who_sends() -> None:
    empty, full = aio.Chan[int](), aio.Chan[int](1)
    full.send_nowait(1)
    waiting = [asyncio.create_task(empty.recv()), asyncio.create_task(full.send(2))]
    await asyncio.sleep(0)
    empty.close()
    full.close()
    assert [type(failure) for failure in await asyncio.gather(*waiting, return_exceptions=True)] == [aio.ChanClosed] * 2


@pytest.mark.asyncio
async def test_a_cancelled_receiver_loses_no_value() -> None:
    channel = aio.Chan[int]()
    first, second = (asyncio.create_task(channel.recv()) for _ in range(2))
    await asyncio.sleep(0)
    channel.send_nowait(7)
    first.cancel()
    assert await second == 7


@pytest.mark.asyncio
async def test_each_reader_of_a_tee_gets_all() -> None:
    both = aio.itertools.tee(numbers(), 2)
    assert len(both) == 2
    first = [value async for value in both[0]]
    second, third = both
    assert [value async for value in third] == first == [0, 1, 2]
    await both.aclose()
    assert [value async for value in second] == []


@pytest.mark.asyncio
async def test_each_reader_of_a_tee_gets_its_exception() -> None:
    got: list[int] = []
    for reader in aio.itertools.tee(numbers(fail=True)):
        got += [await anext(reader) for _ in range(3)]
        with pytest.raises(RuntimeError, match="broken"):
            await anext(reader)
    assert got == [0, 1, 2] * 2


@pytest.mark.asyncio
async def test_what_a_reader_of_a_tee_has_not_read_waits_for_no_other_reader() -> None:
    channel = aio.Chan[int]()
    fast, slow = aio.itertools.tee(channel)
    channel.send_nowait(1)
    assert await anext(fast) == 1
    waiting = asyncio.create_task(anext(fast))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await anext(slow) == 1
    channel.send_nowait(2)
    assert (await waiting, await anext(slow)) == (2, 2)


@pytest.mark.asyncio
async def test_a_read_of_a_tee_that_is_cancelled_takes_nothing_away() -> None:
    channel = aio.Chan[int]()
    first, second = aio.itertools.tee(channel)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await anext(first)
    channel.send_nowait(1)
    channel.close()
    assert [value async for value in first] == [value async for value in second] == [1]


@pytest.mark.asyncio
async def test_a_reader_of_a_tee_that_is_closed_keeps_nothing() -> None:
    both = aio.itertools.tee(numbers())
    closed, read = both
    await closed.aclose()  # type: ignore[attr-defined]
    assert [value async for value in read] == [0, 1, 2]
    assert both._children[0].unread == both._children[1].unread == deque()
    assert [value async for value in closed] == []


@pytest.mark.asyncio
async def test_tasks_are_cancelled_and_awaited() -> None:
    tasks = aio.TaskSet()
    forever: asyncio.Task[Any] = tasks.create_task(asyncio.Event().wait())
    assert tasks.tasks == {forever}
    await aio.cancel_and_wait(*tasks.tasks)
    assert forever.cancelled()
    await aio.cancel_and_wait()
    await asyncio.sleep(0)
    assert not tasks.tasks
