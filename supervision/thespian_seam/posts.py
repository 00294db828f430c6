"""How other threads, and signal handlers, reach the main loop."""

import os
import threading
from collections import deque
from collections.abc import Callable

from protocols import CapacityError


class Posts:
    """A bounded queue with a descriptor that becomes readable when something is in it.

    At the bound another thread blocks; the loop's own thread is refused, since only it could make room.
    """

    def __init__(self, limit: int) -> None:
        self._free = threading.BoundedSemaphore(limit)
        self._posted: deque[Callable[[], None]] = deque()
        self._signalled: deque[Callable[[], None]] = deque()
        self._owner = threading.get_ident()
        self.fileno = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def put(self, callback: Callable[[], None]) -> None:
        """Queue ``callback``; from any thread.

        Raises:
            CapacityError: the queue is full and this is the loop's own thread.
        """
        if threading.get_ident() != self._owner:
            self._free.acquire()
        elif not self._free.acquire(blocking=False):
            raise CapacityError("the actor has posted more to itself than it handles")
        self._posted.append(callback)
        os.eventfd_write(self.fileno, 1)

    def put_from_signal(self, callback: Callable[[], None]) -> None:
        """Queue ``callback`` ahead of the others; takes no lock, so a signal handler may call it."""
        self._signalled.append(callback)
        os.eventfd_write(self.fileno, 1)

    def take(self) -> list[Callable[[], None]]:
        """Everything queued so far."""
        try:
            os.eventfd_read(self.fileno)
        except BlockingIOError:
            return []
        taken: list[Callable[[], None]] = []
        while self._signalled:
            taken.append(self._signalled.popleft())
        while self._posted:
            taken.append(self._posted.popleft())
            self._free.release()
        return taken

    def close(self) -> None:
        """Give up the descriptor."""
        os.close(self.fileno)
