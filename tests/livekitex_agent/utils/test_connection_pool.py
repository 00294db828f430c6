"""Connections of a pool: used again, opened no more often than needed, and each closed once, whoever is cancelled meanwhile."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.utils import ConnectionPool


class Service:
    """Opens and closes connections, which are numbers; what is in ``gate`` must be set first."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.closed: list[int] = []
        self.opening = asyncio.Event()
        self.closing = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def connect(self, _timeout: float) -> int:
        self.opening.set()
        await self.gate.wait()
        self.made.append(len(self.made))
        return self.made[-1]

    async def close(self, connection: int) -> None:
        self.closing.set()
        await self.gate.wait()
        self.closed.append(connection)

    def pool(self) -> ConnectionPool[int]:
        return ConnectionPool(connect_cb=self.connect, close_cb=self.close)


@pytest.mark.asyncio
async def test_a_connection_that_is_opened_while_all_are_invalidated_is_not_given() -> None:
    service = Service()
    pool = service.pool()
    service.gate.clear()
    asked = asyncio.create_task(pool.get(timeout=1))
    await service.opening.wait()
    pool.invalidate()
    service.gate.set()
    assert await asked == 1
    assert service.closed == [0]


@pytest.mark.asyncio
@pytest.mark.parametrize("again", [ConnectionPool.put, ConnectionPool.remove])
async def test_a_connection_that_was_removed_is_closed_once(again: Callable[[ConnectionPool[int], int], None]) -> None:
    service = Service()
    pool = service.pool()
    first = await pool.get(timeout=1)
    pool.remove(first)
    assert await pool.get(timeout=1) == 1
    again(pool, first)
    again(pool, 99)
    await pool.aclose()
    await pool.aclose()
    assert service.closed == [0, 1]


@pytest.mark.asyncio
async def test_one_in_use_serves_on_and_closing_the_pool_closes_it_too() -> None:
    service = Service()
    pool = service.pool()
    first, second = await pool.get(timeout=1), await pool.get(timeout=1)
    pool.invalidate()
    pool.put(first)
    assert await pool.get(timeout=1) == 2
    assert service.closed == [first]
    await pool.aclose()
    pool.put(second)
    assert sorted(service.closed) == [0, 1, 2]
    await pool.aclose()
    assert sorted(service.closed) == [0, 1, 2]


@pytest.mark.asyncio
async def test_opening_ahead_opens_none_beside_one_that_was_asked_for() -> None:
    service = Service()
    pool = service.pool()
    service.gate.clear()
    asked = asyncio.create_task(pool.get(timeout=1))
    await service.opening.wait()
    pool.prewarm()
    pool.prewarm()
    await asyncio.sleep(0)
    service.gate.set()
    pool.put(await asked)
    assert await pool.get(timeout=1) == 0
    assert service.made == [0]
    await pool.aclose()


@pytest.mark.asyncio
async def test_whoever_is_cancelled_while_it_closes_one_leaves_it_to_the_next() -> None:
    service = Service()
    pool = service.pool()
    pool.remove(await pool.get(timeout=1))
    service.gate.clear()
    asked = asyncio.create_task(pool.get(timeout=1))
    await service.closing.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    service.gate.set()
    await pool.aclose()
    assert service.closed == [0]


@pytest.mark.asyncio
async def test_a_failure_to_open_or_to_close_is_the_requests_alone(caplog: pytest.LogCaptureFixture) -> None:
    made: list[int] = []

    async def connect(_timeout: float) -> int:
        made.append(len(made))
        if len(made) == 1:
            raise OSError("refused")
        return made[-1]

    async def close(_connection: int) -> None:
        raise OSError("gone")

    pool = ConnectionPool(connect_cb=connect, close_cb=close)
    with pytest.raises(OSError, match="refused"):
        await pool.get(timeout=1)
    pool.remove(await pool.get(timeout=1))
    assert await pool.get(timeout=1) == made[-1] == 2
    await pool.aclose()
    assert "could not be closed: gone" in caplog.text


@given(st.lists(st.sampled_from(["get", "put", "remove", "invalidate"]), max_size=30))
def test_whatever_is_done_each_connection_is_closed_once_and_none_serves_two(steps: list[str]) -> None:
    async def work() -> None:
        service = Service()
        pool = service.pool()
        used: list[int] = []
        for step in steps:
            match step:
                case "get":
                    got = await pool.get(timeout=1)
                    assert got not in used
                    assert got not in service.closed
                    used.append(got)
                case "invalidate":
                    pool.invalidate()
                case _ if used:
                    (pool.put if step == "put" else pool.remove)(used.pop(0))
        await pool.aclose()
        assert sorted(service.closed) == service.made

    asyncio.run(work())
