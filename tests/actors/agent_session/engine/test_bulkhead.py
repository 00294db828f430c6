"""What a provider or the tools do, they do to themselves only, and every wait for them ends."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

import pytest

from actors.agent_session.engine import bulkhead as bulkhead_module
from actors.agent_session.engine.bulkhead import MAX_LEFT_BEHIND, MAX_TIMEOUTS_IN_A_ROW, Bulkhead, UnresponsiveError
from actors.agent_session.engine.daemon_executor import PooledExecutor
from actors.agent_session.engine.failures import UncaughtError
from support.wayward import AWAITED

LONG_S = 10.0
SHORT_S = 0.01


async def nothing() -> None:
    await asyncio.Event().wait()


async def fine() -> str:
    return "fine"


def run(test: Callable[[Bulkhead, list[BaseException]], Coroutine[Any, Any, None]]) -> None:
    crashes: list[BaseException] = []

    async def work() -> None:
        asyncio.get_running_loop().set_default_executor(PooledExecutor(1, "other"))
        await test(Bulkhead("ear", crashes.append, threads=2), crashes)

    asyncio.run(work())


@pytest.mark.parametrize("deed", AWAITED)
def test_whatever_is_raised_is_an_exception_and_hurts_nobody_else(deed: str) -> None:
    async def test(part: Bulkhead, crashes: list[BaseException]) -> None:
        with pytest.raises(Exception):  # noqa: B017, PT011 - any
            await part.call(AWAITED[deed], LONG_S)
        assert await part.call(fine, LONG_S) == "fine"
        assert not crashes

    run(test)


def test_a_cancellation_of_ours_is_one_and_stops_the_work() -> None:
    async def test(part: Bulkhead, crashes: list[BaseException]) -> None:
        begun, stopped = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            begun.set()
            try:
                await nothing()
            finally:
                stopped.set()

        task = asyncio.create_task(part.call(work, LONG_S))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stopped.is_set()
        assert not crashes

    run(test)


def test_time_limits_that_pass_in_a_row_end_the_life_and_an_answer_between_them_counts_anew() -> None:
    async def test(part: Bulkhead, crashes: list[BaseException]) -> None:
        for _ in range(2):
            for _ in range(MAX_TIMEOUTS_IN_A_ROW - 1):
                with pytest.raises(TimeoutError):
                    await part.call(nothing, SHORT_S)
            assert await part.call(fine, LONG_S) == "fine"
        for _ in range(MAX_TIMEOUTS_IN_A_ROW):
            assert not crashes
            with pytest.raises(TimeoutError):
                await part.call(nothing, SHORT_S)
        (crash,) = crashes
        assert isinstance(crash, UnresponsiveError)
        assert str(crash) == "the ear did not answer 4 times in a row"

    run(test)


def test_time_limits_of_calls_that_run_at_a_time_count_as_one() -> None:
    async def test(part: Bulkhead, crashes: list[BaseException]) -> None:
        for _ in range(MAX_TIMEOUTS_IN_A_ROW):
            assert not crashes
            calls = [part.call(nothing, SHORT_S) for _ in range(2 * MAX_TIMEOUTS_IN_A_ROW)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {TimeoutError}
        assert len(crashes) == 1

    run(test)


def test_what_does_not_end_when_it_is_cancelled_is_left_behind_and_too_much_of_it_ends_the_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulkhead_module, "CANCEL_S", SHORT_S)
    monkeypatch.setattr(bulkhead_module, "MAX_TIMEOUTS_IN_A_ROW", 100)

    async def test(part: Bulkhead, crashes: list[BaseException]) -> None:
        release = asyncio.Event()

        async def stubborn() -> None:
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue

        for _ in range(MAX_LEFT_BEHIND):
            assert not crashes
            with pytest.raises(TimeoutError):
                await part.call(stubborn, SHORT_S)
        assert str(crashes[0]) == "the ear left 8 tasks that do not end when they are cancelled"
        release.set()

    run(test)


def test_a_part_that_holds_all_its_threads_takes_none_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(part: Bulkhead, crashes: list[BaseException]) -> None:
        other, release = Bulkhead("mouth", crashes.append), threading.Event()
        for _ in range(2):
            assert not part.full
            with pytest.raises(TimeoutError):
                await part.call(lambda: asyncio.to_thread(release.wait), SHORT_S)
        try:
            assert part.full
            with pytest.raises(TimeoutError):
                await part.call(lambda: asyncio.to_thread(int, "5"), SHORT_S)
            assert await other.call(lambda: asyncio.to_thread(int, "5"), LONG_S) == 5
            assert await asyncio.to_thread(int, "6") == 6
            assert await other.call(lambda: asyncio.gather(*(asyncio.to_thread(int, "7") for _ in range(20))), LONG_S) == [7] * 20
        finally:
            release.set()

    run(test)


async def count(end: int, closed: asyncio.Event) -> AsyncIterator[int]:
    try:
        for number in range(end):
            yield number
        await AWAITED["await_cancelled_future"]()
    finally:
        closed.set()


def test_a_stream_gives_what_there_is_and_then_what_went_wrong() -> None:
    async def test(part: Bulkhead, crashes: list[BaseException]) -> None:
        closed = asyncio.Event()
        numbers = part.stream(lambda: count(3, closed), silence_s=LONG_S, total_s=LONG_S)
        assert [await anext(numbers) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(UncaughtError, match="CancelledError"):
            await anext(numbers)
        assert closed.is_set()

    run(test)


def test_a_stream_that_is_left_is_closed() -> None:
    async def test(part: Bulkhead, crashes: list[BaseException]) -> None:
        closed = asyncio.Event()
        async with aclosing(part.stream(lambda: count(3, closed), silence_s=LONG_S, total_s=LONG_S)) as numbers:
            async for _ in numbers:
                break
        assert closed.is_set()

    run(test)


@pytest.mark.parametrize(("silence_s", "total_s"), [(SHORT_S, LONG_S), (LONG_S, SHORT_S)])
def test_a_stream_ends_when_it_is_silent_or_goes_on_for_too_long(silence_s: float, total_s: float) -> None:
    async def test(part: Bulkhead, crashes: list[BaseException]) -> None:
        async def endless() -> AsyncIterator[int]:
            while True:
                yield 1
                if silence_s == SHORT_S:
                    await nothing()

        with pytest.raises(TimeoutError):
            async for _ in part.stream(endless, silence_s=silence_s, total_s=total_s):
                pass

    run(test)
