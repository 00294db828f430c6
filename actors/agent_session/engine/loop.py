"""The event loop of the engine: whatever nobody handles in its tasks is a crash of the session."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVarTuple

from actors.agent_session.engine.daemon_executor import PooledExecutor
from actors.agent_session.engine.failures import UncaughtError
from actors.agent_session.event_loop_thread import EventLoopThread, call_on

Ts = TypeVarTuple("Ts")

OTHER_THREADS: Final = 8
"""For what blocks and belongs to no provider and no tool; what comes on top waits."""
STOP_TIMEOUT_S: Final = 1.0


class OwnedTask(asyncio.Task[None]):
    """A task of ours. Only its owner may end it, with `drop`: one that is cancelled in any other way leaves its work undone."""

    dropped = False

    def drop(self) -> None:
        """Cancel the task: its work is not wanted any more."""
        self.dropped = True
        self.cancel()


class EngineLoop:
    """The engine's tasks on the event loop ``loop``, to which it gives its threads.

    ``crashed`` is called on the loop with any exception of the tasks that nobody handled.
    """

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop, crashed: Callable[[BaseException], None]) -> None:
        self.crashed = crashed
        self._loop = loop
        self._loop.set_default_executor(PooledExecutor(OTHER_THREADS, f"{name} helper"))
        self._tasks: set[OwnedTask] = set()

    def call(self, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """From any thread: have ``callback`` called on the loop, in order. Nothing happens once the loop has stopped."""
        call_on(self._loop, callback, *args)

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Callable[[], None]:
        """On the loop: have ``callback`` called after ``delay_s`` seconds; gives what takes that back."""
        return self._loop.call_later(delay_s, callback).cancel

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop."""
        return self._loop

    def spawn(self, work: Coroutine[Any, Any, None]) -> OwnedTask:
        """On the loop: run ``work`` as a task. Its exception is a crash, and so is a cancellation that is not its owner's."""
        task = OwnedTask(work, loop=self._loop, name=getattr(work, "__qualname__", ""))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def stop(self) -> None:
        """Cancel all tasks; the loop goes on. A second call does nothing."""
        for task in self._tasks:
            task.drop()

    def _done(self, task: OwnedTask) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            failure = task.exception()
        else:
            failure = None if task.dropped else UncaughtError(f"{task.get_name()} was cancelled by code that does not own it")
        if failure is not None:
            self.crashed(failure)


class LoopThread(EngineLoop):
    """The same in a thread of its own, which runs until `stop`.

    ``crashed`` is called, from the loop's thread, with any exception that nobody handled; see `EventLoopThread`.
    """

    def __init__(self, name: str, crashed: Callable[[BaseException], None]) -> None:
        self._runner = EventLoopThread(
            name, lambda failure, _what: crashed(failure), threads=PooledExecutor(OTHER_THREADS, f"{name} helper"), ending=super().stop
        )
        super().__init__(name, self._runner.loop, crashed)
        self._runner.start()

    def stop(self) -> None:
        """Cancel all tasks and end the loop; waits at most `STOP_TIMEOUT_S`. A second call does nothing."""
        self._runner.stop(STOP_TIMEOUT_S)
