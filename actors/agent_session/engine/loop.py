"""An asyncio event loop in a thread of its own, of which nothing escapes unnoticed."""

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any, Final, TypeVar, TypeVarTuple

from actors.agent_session.engine.daemon_executor import PooledExecutor
from actors.agent_session.engine.failures import UncaughtError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

OTHER_THREADS: Final = 8
"""For what blocks and belongs to no provider and no tool; what comes on top waits."""
STOP_TIMEOUT_S: Final = 1.0
KEPT_FRAMES_S: Final = 1.0
"""How long the frames of a failed task keep their local variables."""


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
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

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
    """Runs a loop until `stop`. ``crashed`` is called, from the loop's thread, with any exception that nobody handled.

    A task's exception is unhandled as soon as nothing refers to the task; until then it may be awaited. Python sees that at once, but for a
    task to which the local variables of its own failed frames refer, as in a method of the object that holds the task. Such a cycle would
    wait for the garbage collector, and a collection stops the audio, the longer the larger the heap. So these variables are given up
    `KEPT_FRAMES_S` after the failure; a traceback that is printed with them later than that lacks them.
    """

    def __init__(self, name: str, crashed: Callable[[BaseException], None]) -> None:
        super().__init__(name, asyncio.new_event_loop(), crashed)
        self._loop.set_exception_handler(self._unhandled)
        self._loop.set_task_factory(self._make_task)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Cancel all tasks and end the loop; waits at most `STOP_TIMEOUT_S`. A second call does nothing."""
        if self._thread.is_alive():
            self.call(self._loop.stop)
            self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            super().stop()
            self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        except BaseException as failure:  # noqa: BLE001 - the thread's seam: its process ends of it
            self.crashed(failure)
        finally:
            self._loop.close()

    def _make_task(
        self,
        loop: asyncio.AbstractEventLoop,
        work: "Generator[Any, None, T] | Coroutine[Any, Any, T]",
        **options: Any,  # noqa: ANN401 - asyncio's
    ) -> "asyncio.Task[T]":
        task = asyncio.Task(work, loop=loop, **options)
        task.add_done_callback(self._look_at)
        return task

    def _look_at(self, task: "asyncio.Task[Any]") -> None:
        if task.get_stack(limit=1):  # failed; asking for the exception would count as handling it
            self._loop.call_later(KEPT_FRAMES_S, _clear_frames, weakref.ref(task))

    def _unhandled(self, _loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
        self.crashed(details.get("exception") or RuntimeError(details["message"]))


def _clear_frames(reference: "weakref.ref[asyncio.Task[Any]]") -> None:
    task = reference()
    for frame in task.get_stack() if task is not None else ():
        with suppress(RuntimeError):  # it runs on, as that of a generator that somebody else holds
            frame.clear()
