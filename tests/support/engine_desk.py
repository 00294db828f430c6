"""Where a part of the engine reports to, in tests: what it said can be waited for."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from actors.agent_session.core import Input
from actors.agent_session.core.inputs import PartReported
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.daemon_executor import PooledExecutor
from actors.agent_session.engine.loop import OwnedTask
from protocols import SessionEvent

R = TypeVar("R")
DEADLINE_S = 100.0


class Desk:
    """Collects reports and audio, and runs tasks; made and used on the event loop."""

    def __init__(self) -> None:
        self.reports: list[Input] = []
        self.audio: list[tuple[str, int, bytes]] = []
        self._news = asyncio.Condition()
        self.tasks: set[asyncio.Task[None]] = set()
        self.crashes: list[BaseException] = []
        asyncio.get_running_loop().set_default_executor(PooledExecutor(1, "other"))
        self.bulkhead = Bulkhead("part", self.crashes.append)

    def report(self, what: Input) -> None:
        self.reports.append(what)
        self._ring()

    @property
    def told(self) -> list[Input]:
        """The reports but for what became of parts."""
        return [report for report in self.reports if not isinstance(report, PartReported)]

    @property
    def parts(self) -> list[SessionEvent]:
        """What became of parts."""
        return [report.event for report in self.reports if isinstance(report, PartReported)]

    def push(self, speech_id: str, position: int, pcm: bytes) -> None:
        self.audio.append((speech_id, position, pcm))
        self._ring()

    def spawn(self, work: Coroutine[Any, Any, None]) -> OwnedTask:
        task = OwnedTask(work, loop=asyncio.get_running_loop())
        self.tasks.add(task)
        return task

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Wait until ``wanted`` is so."""
        async with asyncio.timeout(DEADLINE_S), self._news:
            await self._news.wait_for(wanted)

    async def wait_for(self, kind: type[R], number: int = 1) -> R:
        """The ``number``-th report of this kind, now or soon."""
        await self.until(lambda: len(self.all(kind)) >= number)
        return self.all(kind)[number - 1]

    def all(self, kind: type[R]) -> list[R]:
        return [report for report in self.reports if isinstance(report, kind)]

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _ring(self) -> None:
        self.spawn(self._notify())

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()
