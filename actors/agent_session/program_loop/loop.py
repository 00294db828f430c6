"""The event loop that a call's user code runs on, so that what blocks in it stops no audio."""

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final, TypeVarTuple

import structlog

from actors.agent_session.engine.daemon_executor import DaemonExecutor
from actors.agent_session.event_loop_thread import EventLoopThread, call_on
from actors.agent_session.program_loop.task_watching import Made, unwatch_tasks, watch_tasks

Ts = TypeVarTuple("Ts")

PROGRAM_THREADS: Final = 32
"""Of the loop's default executor (`asyncio.to_thread`); what comes on top waits. It is the most that asyncio's own has."""
STOP_TIMEOUT_S: Final = 1.0
SWITCH_INTERVAL_S: Final = 0.001
"""How soon a thread that runs Python gives way to another that waits. At Python's 5 ms, user code that computes makes the voice stutter."""


class ProgramLoop:
    """User code's tasks on the event loop ``loop``, which somebody else runs: a script's own, or a simulation's.

    ``failed`` is called on the loop with each exception of a task or a callback that nobody handled, after it was logged with its
    traceback. It ends nothing: neither the loop nor the call. ``made`` is called with each task as it is made on the loop, by the code that
    makes it, user code too.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, failed: Callable[[BaseException], None], *, made: Made | None = None) -> None:
        self.loop = loop
        self._failed = failed
        self._made = made
        self._tasks: set[asyncio.Task[Any]] = set()
        if made is not None:
            watch_tasks(loop, made)

    def call(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> None:
        """From any thread: have ``callback`` called on the loop, in order, in ``context`` (None: a copy of the caller's).

        Nothing happens once the loop has ended.
        """
        call_on(self.loop, self._guarded, callback, *args, context=context)

    def spawn(self, work: Coroutine[Any, Any, object], *, name: str | None = None, context: Context | None = None) -> "asyncio.Task[Any]":
        """On the loop: run ``work`` as a task, in ``context`` (None: a copy of the current one).

        Its exception is one that nobody handles; a cancellation is none.
        """
        task = self.loop.create_task(work, name=name, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def stop(self, timeout_s: float = 0.0) -> bool:  # noqa: ARG002 - for the loop in a thread of its own
        """On the loop: cancel the tasks that were spawned, and return at once; the loop goes on. A second call does nothing.

        Tells whether none is left.
        """
        if self._made is not None:
            unwatch_tasks(self.loop, self._made)
            self._made = None
        for task in self._tasks:
            task.cancel()
        return not self._tasks

    def _guarded(self, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        try:
            callback(*args)
        except Exception as failure:  # noqa: BLE001 - the seam to user code
            self._report(failure, f"exception in {getattr(callback, '__qualname__', callback)}")

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        failure = None if task.cancelled() else task.exception()
        if isinstance(failure, Exception):  # any other leaves the loop, whose runner has it
            self._report(failure, f"exception in the task {task.get_name()}")

    def _report(self, failure: BaseException, what: str) -> None:
        structlog.get_logger("livekitex.program").error(what, exc_info=failure)
        self._failed(failure)


class ProgramLoopThread(ProgramLoop):
    """A program loop in a thread of its own: a new loop of the process's policy (uvloop, where that is set), which runs until `stop`.

    ``failed`` is called also with the exceptions of user code's own tasks, as soon as nothing refers to them (see `EventLoopThread`), and
    with an exit (`SystemExit`), after which the loop goes on. From here on the process's threads give way after `SWITCH_INTERVAL_S`.
    """

    def __init__(self, name: str, failed: Callable[[BaseException], None], *, made: Made | None = None) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._runner = EventLoopThread(name, self._report, threads=DaemonExecutor(PROGRAM_THREADS, f"{name} helper"))
        super().__init__(self._runner.loop, failed, made=made)
        self._runner.start()

    @property
    def thread(self) -> threading.Thread:
        """The thread that runs the loop."""
        return self._runner.thread

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """From any thread: cancel all tasks, user code's too, and end the loop; see `EventLoopThread.stop`."""
        return self._runner.stop(timeout_s)
