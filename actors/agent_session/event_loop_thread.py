"""A thread that runs an asyncio event loop, of which nothing escapes unnoticed."""

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context
from typing import Any, Final, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

KEPT_FRAMES_S: Final = 1.0
"""How long the frames of a failed task keep their local variables."""

Unhandled = Callable[[BaseException, str], None]
"""Called on the loop's thread with an exception that nobody handled, and with what asyncio says of it."""


class EventLoopThread:
    """Runs a new loop of the process's policy, once it is started and until `stop`; its default executor has ``threads`` threads.

    ``ending`` is called on the loop's thread before the tasks that are left are cancelled.

    A task's exception is unhandled as soon as nothing refers to the task; until then it may be awaited. Python sees that at once, but for a
    task to which the local variables of its own failed frames refer, as in a method of the object that holds the task. Such a cycle would
    wait for the garbage collector, and a collection stops the audio, the longer the larger the heap. So these variables are given up
    `KEPT_FRAMES_S` after the failure; a traceback that is printed with them later than that lacks them.

    An exit or an interrupt that escapes a task is unhandled too; the loop goes on.
    """

    def __init__(
        self,
        name: str,
        unhandled: Unhandled,
        *,
        threads: ThreadPoolExecutor,
        ending: Callable[[], None] = lambda: None,
    ) -> None:
        self.loop = asyncio.new_event_loop()
        self._unhandled = unhandled
        self._ending = ending
        self._stopping = False
        self._patience_s = 0.0
        self.loop.set_default_executor(threads)
        self.loop.set_exception_handler(self._complain)
        self.loop.set_task_factory(self._make_task)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to run the loop."""
        self._thread.start()

    @property
    def thread(self) -> threading.Thread:
        """The thread that runs the loop."""
        return self._thread

    def stop(self, timeout_s: float) -> bool:
        """Cancel all tasks and end the loop; waits at most ``timeout_s``, but on the loop's own thread not at all.

        Tells whether it has ended. What blocks in it cannot be ended, it ends with the process; a task that refuses its cancellation
        is left unfinished.
        """
        self._patience_s = timeout_s
        self._stopping = True
        with suppress(RuntimeError):  # it has ended
            self.loop.call_soon_threadsafe(self.loop.stop)
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            while not self._stopping:  # whoever else stops it, or leaves it by an exit
                self._guarded(self.loop.run_forever)
            self._guarded(self._ending)
            self._guarded(self._cancel_all)
            self._guarded(lambda: self.loop.run_until_complete(self.loop.shutdown_asyncgens()))
        finally:
            self.loop.set_exception_handler(lambda *_: None)  # of tasks that refused to end
            self.loop.close()

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - the thread's seam: its process would not notice
            self._unhandled(failure, "the event loop was left by an exception")

    def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks(self.loop)  # now: what they begin at their cancellation, to give back what they hold, is to go on
        for task in tasks:
            if not task.cancelling():
                task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks, timeout=self._patience_s))

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
            self.loop.call_later(KEPT_FRAMES_S, _clear_frames, weakref.ref(task))

    def _complain(self, _loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
        self._unhandled(details.get("exception") or RuntimeError(details["message"]), details["message"])


def call_on(loop: asyncio.AbstractEventLoop, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> None:
    """From any thread: have ``callback`` called on ``loop``, in order. Nothing happens once the loop has ended.

    It runs in ``context``; if that is None, in a copy of the caller's.
    """
    try:
        loop.call_soon_threadsafe(callback, *args, context=context)
    except RuntimeError:
        if not loop.is_closed():
            raise


def _clear_frames(reference: "weakref.ref[asyncio.Task[Any]]") -> None:
    task = reference()
    for frame in task.get_stack() if task is not None else ():
        with suppress(RuntimeError):  # it runs on, as that of a generator that somebody else holds
            frame.clear()
