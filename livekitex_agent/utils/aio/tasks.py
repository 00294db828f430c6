"""Tasks that are ended together, and awaited."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

__all__ = ["TaskSet", "cancel_and_wait", "gracefully_cancel"]

_T = TypeVar("_T")


async def cancel_and_wait(*futures: "asyncio.Future[Any]") -> None:
    """Cancel all ``futures``, and return once each is done; how they end is not told."""
    for future in futures:
        future.cancel()
    if futures:
        await asyncio.wait(futures)


gracefully_cancel: Final = cancel_and_wait


class TaskSet:
    """Holds tasks until they are done."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop
        self._tasks: set[asyncio.Task[Any]] = set()

    def create_task(self, coro: Coroutine[Any, Any, _T], name: str | None = None) -> "asyncio.Task[_T]":
        """Start ``coro`` as a task of this set."""
        task = (self._loop or asyncio.get_running_loop()).create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def tasks(self) -> "set[asyncio.Task[Any]]":
        """Those that are not done (a copy)."""
        return set(self._tasks)
