"""Threads for what blocks, which nobody waits for: what never returns in one of them cannot hold up the end of its process."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Final, ParamSpec, TypeVar

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

    @property
    def full(self) -> bool:
        """Whether every thread is at work, so that a further call would wait."""
        return self._free == 0

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have ``function`` called; the future has its result, or what it raised (`StopIteration` as a `RuntimeError`, see PEP 479)."""
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function(*args, **kwargs)
            except StopIteration as failure:  # no future of asyncio can hold it, and no coroutine raise it
                future.set_exception(_without_stop(failure))
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


def _without_stop(failure: StopIteration) -> RuntimeError:
    error = RuntimeError(f"a function raised StopIteration({failure.value!r:.80}): give next() a default")
    error.__cause__ = failure
    return error


CURRENT_POOL: Final[ContextVar[DaemonExecutor | None]] = ContextVar("livekitex_pool", default=None)
"""The threads of the part that the current task works for."""


class PooledExecutor(DaemonExecutor):
    """The default executor of a loop on which several parts work: a call takes a thread of its part's pool, so no part can take them all.

    A task's part is the `CURRENT_POOL` of its context, which the tasks that it starts inherit. Calls of no part have ``threads`` of their
    own.
    """

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `DaemonExecutor.submit`, in the pool of the current task's part."""
        pool = CURRENT_POOL.get()
        return super().submit(function, *args, **kwargs) if pool is None else pool.submit(function, *args, **kwargs)
