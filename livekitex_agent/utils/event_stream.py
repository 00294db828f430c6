"""What the streams of LiveKit's providers have in common: a task that sends events into a channel, which one reader iterates."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from livekitex_agent.utils import aio

__all__ = ["EventStream"]

_T = TypeVar("_T")


class EventStream(Generic[_T]):
    """Events in order; iterating raises what the task that makes them has raised. `_event_ch` is where it sends them.

    Whoever inherits calls `_open`, and then `_start` with the task's coroutine; `_monitor` sees each event as well.
    """

    _event_ch: aio.Chan[_T]
    _task: "asyncio.Task[None]"

    def _open(self, channel: "aio.Chan[_T] | None" = None) -> None:
        self._event_ch = aio.Chan[_T]() if channel is None else channel
        self._tee = aio.itertools.tee(self._event_ch, 2)
        self._event_aiter, self._monitored = self._tee
        self._metrics_task: asyncio.Task[None] | None = None

    def _start(self, work: Coroutine[Any, Any, None], *, monitored: bool = True) -> None:
        if monitored:
            self._start_monitor()
        self._task = asyncio.create_task(work, name=f"{type(self).__name__}._main_task")
        self._task.add_done_callback(lambda _: self._event_ch.close())

    def _start_monitor(self) -> None:
        if self._metrics_task is None:
            self._metrics_task = asyncio.create_task(
                self._metrics_monitor_task(self._monitored), name=f"{type(self).__name__}._metrics_task"
            )

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[_T]) -> None:
        async for _ in event_aiter:
            pass

    async def aclose(self) -> None:
        """End it at once; what was not read is dropped. A second time does nothing."""
        await aio.cancel_and_wait(self._task)
        self._event_ch.close()
        if self._metrics_task is not None:
            await self._metrics_task
        await self._tee.aclose()

    async def __anext__(self) -> _T:
        try:
            return await anext(self._event_aiter)
        except StopAsyncIteration:
            if self._task.done() and not self._task.cancelled() and (failure := self._task.exception()):
                raise failure  # noqa: B904 - it has ended because of that
            raise StopAsyncIteration from None

    def __aiter__(self) -> AsyncIterator[_T]:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, exc_type: type[BaseException] | None, exc: BaseException | None, exc_tb: TracebackType | None) -> None:
        await self.aclose()
