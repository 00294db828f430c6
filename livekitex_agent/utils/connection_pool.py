"""Connections that are kept open between requests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

from livekitex_agent.utils.aio import cancel_and_wait
from livekitex_agent.utils.log import logger
from livekitex_agent.utils.misc import monotonic

__all__ = ["ConnectionPool"]

_T = TypeVar("_T")


class ConnectionPool(Generic[_T]):
    """Gives connections that ``connect_cb`` makes, used ones first, none older than ``max_session_duration`` seconds.

    ``mark_refreshed_on_get`` lets their age begin anew each time. One loop's; connections are closed by ``close_cb``.
    """

    def __init__(
        self,
        *,
        max_session_duration: float | None = None,
        mark_refreshed_on_get: bool = False,
        connect_cb: Callable[[float], Awaitable[_T]] | None = None,
        close_cb: Callable[[_T], Awaitable[None]] | None = None,
        connect_timeout: float = 10.0,
    ) -> None:
        self._max_age = max_session_duration
        self._refreshes = mark_refreshed_on_get
        self._connect_cb = connect_cb
        self._close_cb = close_cb
        self._connect_timeout = connect_timeout
        self._since: dict[_T, float] = {}
        self._idle: list[_T] = []
        self._doomed: list[_T] = []
        self._prewarming: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self.last_acquire_time = 0.0
        self.last_connection_reused = False

    @contextlib.asynccontextmanager
    async def connection(self, *, timeout: float) -> AsyncIterator[_T]:
        """A connection for a block; given back at its end, closed where the block fails."""
        given = await self.get(timeout=timeout)
        try:
            yield given
        except BaseException:
            self.remove(given)
            raise
        self.put(given)

    async def get(self, *, timeout: float) -> _T:
        """A connection, which is to be given to `put` or `remove`.

        Raises:
            NotImplementedError: there is no ``connect_cb``.
        """
        async with self._lock:
            await self._close_doomed()
            now = monotonic()
            while self._idle:
                idle = self._idle.pop()
                if self._max_age is None or now - self._since[idle] <= self._max_age:
                    if self._refreshes:
                        self._since[idle] = now
                    self.last_acquire_time, self.last_connection_reused = 0.0, True
                    return idle
                self.remove(idle)
            made = await self._connect(timeout)
            self.last_acquire_time, self.last_connection_reused = monotonic() - now, False
            return made

    def put(self, conn: _T) -> None:
        """Give back a connection that is whole; one that `invalidate` has met meanwhile is closed."""
        if conn in self._since and conn not in self._idle:
            self._idle.append(conn)
        elif conn not in self._since:
            self._doomed.append(conn)

    def remove(self, conn: _T) -> None:
        """Close ``conn``, with the next request."""
        self._since.pop(conn, None)
        if conn in self._idle:
            self._idle.remove(conn)
        if conn not in self._doomed:
            self._doomed.append(conn)

    def invalidate(self) -> None:
        """Use none of the connections that there are again; those in use serve until they are given back."""
        self._doomed += self._idle
        self._idle.clear()
        self._since.clear()

    def prewarm(self) -> None:
        """Open a connection in the background, unless there is one."""
        if not self._since and (self._prewarming is None or self._prewarming.done()):
            self._prewarming = asyncio.get_running_loop().create_task(self._prewarm())

    async def aclose(self) -> None:
        """Close those that are not in use."""
        if self._prewarming is not None:
            await cancel_and_wait(self._prewarming)
        self.invalidate()
        await self._close_doomed()

    async def _prewarm(self) -> None:
        try:
            self.put(await self.get(timeout=self._connect_timeout))
        except Exception as failure:  # noqa: BLE001 - a service's client may raise anything; the first request will say it
            logger.warning("no connection could be opened ahead: %s", type(failure).__name__)

    async def _connect(self, timeout: float) -> _T:
        if self._connect_cb is None:
            raise NotImplementedError("Must provide connect_cb or implement connect()")
        made = await self._connect_cb(timeout)
        self._since[made] = monotonic()
        return made

    async def _close_doomed(self) -> None:
        while self._doomed:
            doomed = self._doomed.pop()
            if self._close_cb is not None:
                try:
                    await self._close_cb(doomed)
                except Exception as failure:  # noqa: BLE001 - it is closed as well as it can be
                    logger.warning("a connection could not be closed: %s", failure)
