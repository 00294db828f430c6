"""The signals that ask a script to end, as events of an event loop."""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final, Self

from protocols import UsageError

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_Handler = Callable[[int, FrameType | None], object] | int | None


class StopSignals:
    """While it is entered: the first of these signals sets ``first``, another one ``second``. The handlers of before come back afterwards.

    The events belong to ``loop``, which may run in another thread. A signal that is ignored stays so.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._before: dict[signal.Signals, _Handler] = {}
        self.first = asyncio.Event()
        self.second = asyncio.Event()

    def __enter__(self) -> Self:
        """Take the signals over.

        Raises:
            UsageError: this is not the main thread, to which they come.
        """
        if threading.current_thread() is not threading.main_thread():
            raise UsageError("signals come to the main thread alone: serve there; in another thread use wait_ended(), drain() and stop()")
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _caught(self, _number: int, _frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._arrived)

    def _arrived(self) -> None:
        (self.second if self.first.is_set() else self.first).set()
