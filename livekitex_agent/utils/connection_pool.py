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

    ``mark_refreshed_on_get`` lets their age begin anew each time. One loop's; connections are closed by ``close_cb``, each once: with the
    next request, or by `aclose`.
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
        self._retired: set[_T] = set()
        self._doomed: list[_T] = []
        self._invalidations = 0
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
        """Give back a connection that is whole; one that `invalidate` has met meanwhile is closed, one that is not in use passed over."""
        if conn in self._retired:
            self.remove(conn)
        elif conn in self._since and conn not in self._idle:
            self._idle.append(conn)

    def remove(self, conn: _T) -> None:
        """Close ``conn``, with the next request; one that is none of the pool's is passed over."""
        if conn in self._since or conn in self._retired:
            self._since.pop(conn, None)
            self._retired.discard(conn)
            self._doomed.append(conn)
        if conn in self._idle:
            self._idle.remove(conn)

    def invalidate(self) -> None:
        """Use none of the connections that there are, or are being opened, again; those in use serve until they are given back."""
        self._invalidations += 1
        self._retired |= set(self._since) - set(self._idle)
        self._doomed += self._idle
        self._idle.clear()
        self._since.clear()

    def prewarm(self) -> None:
        """Open a connection in the background, unless there is one."""
        if not self._since and (self._prewarming is None or self._prewarming.done()):
            self._prewarming = asyncio.get_running_loop().create_task(self._prewarm())

    async def aclose(self) -> None:
        """Close all connections, those in use as well: nobody may give them back any more."""
        if self._prewarming is not None:
            await cancel_and_wait(self._prewarming)
        self.invalidate()
        self._doomed += self._retired
        self._retired.clear()
        await self._close_doomed()

    async def _prewarm(self) -> None:
        try:
            async with self._lock:
                if not self._since:  # a request may have opened one meanwhile
                    self.put(await self._connect(self._connect_timeout))
        except Exception as failure:  # noqa: BLE001 - a service's client may raise anything; the first request will say it
            logger.warning("no connection could be opened ahead: %s", type(failure).__name__)

    async def _connect(self, timeout: float) -> _T:
        if self._connect_cb is None:
            raise NotImplementedError("Must provide connect_cb or implement connect()")
        while True:
            invalidations = self._invalidations
            made = await self._connect_cb(timeout)
            if invalidations == self._invalidations:
                self._since[made] = monotonic()
                return made
            self._doomed.append(made)  # what it was opened with holds no more
            await self._close_doomed()

    async def _close_doomed(self) -> None:
        while self._doomed:
            doomed = self._doomed.pop()
            if self._close_cb is not None:
                try:
                    await self._close_cb(doomed)
                except Exception as failure:  # noqa: BLE001 - it is closed as well as it can be
                    logger.warning("a connection could not be closed: %s", failure)
                except BaseException:
                    self._doomed.append(doomed)  # whoever was cancelled leaves it to the next
                    raise
