"""Work on another event loop is awaited here: results, exceptions, cancellation, and streams in order and bounded."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from livekitex_agent.program import crossing
from livekitex_agent.program.crossing import post_to, run_on, stream_on
from protocols import UnavailableError

DEADLINE_S = 20
who: ContextVar[str] = ContextVar("who", default="nobody")


class Other:
    """A loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.loop.run_forever()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def stop(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(DEADLINE_S)
        assert not self.thread.is_alive()


@pytest.fixture
def other() -> Iterator[Other]:
    made = Other()
    yield made
    made.stop()
    assert not crossing._tasks


class Gone(Exception):  # noqa: N818
    """Raised by the work."""


async def thread_name() -> tuple[threading.Thread, str]:
    return threading.current_thread(), who.get()


async def fails() -> None:
    raise Gone("there")


@pytest.mark.asyncio
async def test_work_runs_there_in_the_callers_context(other: Other) -> None:
    who.set("caller")
    assert await run_on(other.loop, thread_name) == (other.thread, "caller")


@pytest.mark.asyncio
async def test_on_the_same_loop_nothing_crosses() -> None:
    here = asyncio.get_running_loop()
    assert (await run_on(here, thread_name))[0] is threading.current_thread()
    assert [value async for value in stream_on(here, lambda: numbers(3))] == [0, 1, 2]
    called: list[int] = []
    assert post_to(here, called.append, 1)
    assert called == [1]


@pytest.mark.asyncio
async def test_an_exception_comes_back_as_it_is(other: Other) -> None:
    with pytest.raises(Gone, match="there"):
        await run_on(other.loop, fails)


@pytest.mark.asyncio
async def test_cancelling_here_cancels_there(other: Other) -> None:
    begun, ended = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(run_on(other.loop, work))
    await asyncio.to_thread(begun.wait, DEADLINE_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, DEADLINE_S)


@pytest.mark.asyncio
async def test_cancelling_waits_for_no_loop_that_blocks(other: Other) -> None:
    blocked, go_on = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        go_on.wait(DEADLINE_S)

    post_to(other.loop, block)
    await asyncio.to_thread(blocked.wait, DEADLINE_S)
    never: list[int] = []

    async def work() -> None:
        never.append(1)

    task = asyncio.create_task(run_on(other.loop, work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    assert await run_on(other.loop, thread_name)
    assert never == []


@pytest.mark.asyncio
async def test_a_cancellation_there_is_none_here(other: Other) -> None:
    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    with pytest.raises(UnavailableError, match="was cancelled on the event loop that did it"):
        await run_on(other.loop, work)


@pytest.mark.asyncio
async def test_the_end_of_the_loop_ends_what_is_awaited() -> None:
    other = Other()
    begun = threading.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(run_on(other.loop, work))
    await asyncio.to_thread(begun.wait, DEADLINE_S)
    await asyncio.to_thread(other.stop)
    with pytest.raises(UnavailableError):
        await task
    with pytest.raises(UnavailableError, match="has ended"):
        await run_on(other.loop, work)
    with pytest.raises(UnavailableError, match="has ended"):
        await anext(stream_on(other.loop, lambda: numbers(1)))
    assert not post_to(other.loop, begun.set)


@pytest.mark.asyncio
async def test_work_that_a_loop_never_begins_is_given_up() -> None:
    loop = asyncio.new_event_loop()
    task = asyncio.create_task(run_on(loop, thread_name))
    await asyncio.sleep(0)
    loop.close()
    with pytest.raises(UnavailableError, match="has ended"):
        await task


async def numbers(count: int, fail: bool = False) -> AsyncGenerator[int, None]:
    for number in range(count):
        yield number
        await asyncio.sleep(0)
    if fail:
        raise Gone("stream")


@pytest.mark.asyncio
async def test_a_stream_crosses_in_order(other: Other) -> None:
    assert [value async for value in stream_on(other.loop, lambda: numbers(1_000))] == list(range(1_000))


@pytest.mark.asyncio
async def test_what_a_stream_told_comes_before_its_exception(other: Other) -> None:
    stream = stream_on(other.loop, lambda: numbers(3, fail=True))
    assert [await anext(stream) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Gone, match="stream"):
        await anext(stream)


@pytest.mark.asyncio
async def test_a_slow_consumer_holds_the_stream_back(other: Other) -> None:
    told: list[int] = []

    async def many() -> AsyncGenerator[int, None]:
        for number in range(100):
            told.append(number)
            yield number

    stream = stream_on(other.loop, many, bound=4)
    assert await anext(stream) == 0
    for _ in range(50):
        await run_on(other.loop, thread_name)
    assert len(told) <= 6
    assert [value async for value in stream] == list(range(1, 100))


@pytest.mark.asyncio
async def test_closing_here_closes_there(other: Other) -> None:
    closed = threading.Event()

    async def endless() -> AsyncGenerator[int, None]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0)
        finally:
            closed.set()

    stream = stream_on(other.loop, endless)
    assert await anext(stream) == 1
    await stream.aclose()
    assert await asyncio.to_thread(closed.wait, DEADLINE_S)


@pytest.mark.asyncio
async def test_cancelling_the_reader_ends_the_stream(other: Other) -> None:
    closed = threading.Event()

    async def silent() -> AsyncGenerator[int, None]:
        try:
            await asyncio.Event().wait()
            yield 1
        finally:
            closed.set()

    async def read() -> None:
        async for _ in stream_on(other.loop, silent):
            pass

    task = asyncio.create_task(read())
    for _ in range(3):
        await run_on(other.loop, thread_name)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(closed.wait, DEADLINE_S)


class Plain:
    """An iterator without aclose."""

    def __init__(self) -> None:
        self.left = 2

    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return self.left


@pytest.mark.asyncio
async def test_an_iterator_without_an_end_of_its_own_may_cross(other: Other) -> None:
    assert [value async for value in stream_on(other.loop, Plain)] == [1, 0]


@pytest.mark.asyncio
async def test_the_end_of_the_loop_ends_a_stream() -> None:
    other = Other()

    async def silent() -> AsyncGenerator[int, None]:
        yield 1
        await asyncio.Event().wait()

    stream = stream_on(other.loop, silent)
    assert await anext(stream) == 1
    await asyncio.to_thread(other.stop)
    with pytest.raises(UnavailableError):
        await anext(stream)


@pytest.mark.asyncio
async def test_many_cross_at_a_time(other: Other) -> None:
    async def doubled(number: int) -> int:
        await asyncio.sleep(0)
        return number * 2

    async def crossed(number: int) -> Any:
        return await run_on(other.loop, lambda: doubled(number))

    assert await asyncio.gather(*(crossed(number) for number in range(200))) == [number * 2 for number in range(200)]


def test_from_a_thread_without_a_loop_it_is_called_there(other: Other) -> None:
    called = threading.Event()
    assert post_to(other.loop, called.set)
    assert called.wait(DEADLINE_S)
