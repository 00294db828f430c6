"""Being told of each task of an event loop when it is made."""

import asyncio
from collections.abc import Callable
from typing import Any

Made = Callable[["asyncio.Task[Any]"], object]
"""Called with a task by the code that makes it, before it runs."""


class _WatchedFactory:
    """A loop's task factory with those who watch it; ``before`` is the factory in whose place it stands."""

    def __init__(self, before: Any) -> None:  # noqa: ANN401 - asyncio's
        self.before = before
        self.watchers: list[Made] = []

    def __call__(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> Any:  # noqa: ANN401 - asyncio's
        task = asyncio.Task(work, loop=loop, **options) if self.before is None else self.before(loop, work, **options)
        for made in self.watchers:
            made(task)
        return task


def watch_tasks(loop: asyncio.AbstractEventLoop, made: Made) -> None:
    """Call ``made`` with each task that is made on ``loop`` from now on. A task factory that it has goes on making them."""
    factory = loop.get_task_factory()
    if not isinstance(factory, _WatchedFactory):
        factory = _WatchedFactory(factory)
        loop.set_task_factory(factory)
    factory.watchers.append(made)


def unwatch_tasks(loop: asyncio.AbstractEventLoop, made: Made) -> None:
    """Undo `watch_tasks`. A task factory that user code has set since then stays, and with it what it stands on."""
    factory = loop.get_task_factory()
    if isinstance(factory, _WatchedFactory):
        factory.watchers.remove(made)
        if not factory.watchers:
            loop.set_task_factory(factory.before)
