"""Threads for what blocks, which nobody waits for: what never returns in one of them cannot hold up the end of its process."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonExecutor(ThreadPoolExecutor):
    """At most ``threads`` calls run at a time, each in a daemon thread; what comes on top waits.

    It is a `ThreadPoolExecutor` because an event loop's default executor has to be one; of that class it uses nothing, since Python
    joins those threads when a process ends.
    """

    def __init__(self, threads: int, name: str) -> None:
        super().__init__(threads, thread_name_prefix=name)
        self._name = name
        self._free = threads
        self._lock = threading.Lock()
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have ``function`` called; the future has its result, or what it raised."""
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function(*args, **kwargs)
            except BaseException as failure:  # noqa: BLE001 - it is the future's
                future.set_exception(failure)
            else:
                future.set_result(result)

        self._calls.put(call)
        with self._lock:
            begin = self._free > 0
            self._free -= begin
        if begin:
            threading.Thread(target=self._serve, name=self._name, daemon=True).start()
        return future

    def _serve(self) -> None:
        """Make calls until none waits."""
        while True:
            with self._lock:  # with `submit`: a call that is put is seen here, or finds this thread free again
                if self._calls.empty():
                    self._free += 1
                    return
                call = self._calls.get()
            call()
