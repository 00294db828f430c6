"""An asyncio event loop in a thread of its own, of which nothing escapes unnoticed."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVarTuple

from actors.agent_session.engine.daemon_executor import DaemonExecutor

Ts = TypeVarTuple("Ts")

MAX_BLOCKING_CALLS: Final = 16
"""Threads for what blocks (providers, sync tools); what comes on top waits."""
STOP_TIMEOUT_S: Final = 1.0


class LoopThread:
    """Runs a loop until `stop`. ``crashed`` is called, from the loop's thread, with any exception that nobody handled."""

    def __init__(self, name: str, crashed: Callable[[BaseException], None]) -> None:
        self._crashed = crashed
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._unhandled)
        self._loop.set_default_executor(DaemonExecutor(MAX_BLOCKING_CALLS, f"{name} helper"))
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """From any thread: have ``callback`` called on the loop, in order. Nothing happens once the loop has stopped."""
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """On the loop: run ``work`` as a task. Its exception, if it is not cancelled, is a crash."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def stop(self) -> None:
        """Cancel all tasks and end the loop; waits at most `STOP_TIMEOUT_S`. A second call does nothing."""
        if self._thread.is_alive():
            self.call(self._loop.stop)
            self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            for task in self._tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        except BaseException as failure:  # noqa: BLE001 - the thread's seam: its process ends of it
            self._crashed(failure)
        finally:
            self._loop.close()

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self._crashed(failure)

    def _unhandled(self, _loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
        self._crashed(details.get("exception") or RuntimeError(details["message"]))
