"""The script's end of the lifelines, and what it does where nobody calls it: in a fork of the script, and when its interpreter exits.

The kernel cuts a lifeline when the script dies or executes another program. But a fork holds a copy of it, and would speak in the script's
name when it leaves the same ``with`` block; and an interpreter whose exit handlers hang has not died.
"""

import atexit
import fcntl
import os
import socket
import threading
from contextlib import suppress
from typing import Final
from weakref import WeakSet

STDERR_FILENO: Final = 2


class Lifeline:
    """The socket pair to a launcher, and a pipe that tells it of the script's exit. ``theirs`` and ``exit_fd`` are the launcher's ends.

    It belongs to the process that made it; in a fork of that, everything here does nothing.

    Raises:
        OSError: there is no descriptor left.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self.connection, self.theirs = map(_above_standard, socket.socketpair())
        try:
            self.exit_fd, self._exit_writer = map(_above, os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK))
        except OSError:
            self.connection.close()
            self.theirs.close()
            raise
        _lifelines.add(self)
        _watch_exit()

    @property
    def foreign(self) -> bool:
        """Whether this process is a fork of the one that it belongs to."""
        return os.getpid() != self._owner

    def hand_over(self) -> None:
        """The launcher has its ends, or will never have them: close them here."""
        self.theirs.close()
        os.close(self.exit_fd)

    def tell_exit(self) -> None:
        """The last thread of the script has ended, its exit handlers begin to run: the launcher waits a moment for them, then ends."""
        if self._exit_writer >= 0 and not self.foreign:
            with suppress(OSError):  # the launcher is gone
                os.write(self._exit_writer, b"x")

    def cut(self) -> None:
        """End the connection, even if somebody holds copies of it, and give up what belongs to it. Again does no harm."""
        if not self.foreign:
            with suppress(OSError):  # it is closed, or the launcher is gone
                self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        if self._exit_writer >= 0:
            os.close(self._exit_writer)
            self._exit_writer = -1

    def disown(self) -> None:
        """In a fork: put a connection that is closed at its other end in the place of this copy, whoever uses its number."""
        if self.connection.fileno() >= 0:
            dead, end = socket.socketpair()
            with dead, end:
                os.dup2(dead.fileno(), self.connection.fileno(), inheritable=False)


_lifelines: WeakSet[Lifeline] = WeakSet()
_watched: set[int] = set()
"""The process ids of this process, and of those that it is a fork of, whose exit is watched."""


def _disown_all() -> None:
    for lifeline in tuple(_lifelines):
        lifeline.disown()


def _watch_exit() -> None:
    """Once in a process: make `_tell_exit` the first of all exit handlers, which run in reverse order after the last thread."""
    if os.getpid() not in _watched:
        _watched.add(os.getpid())
        with suppress(RuntimeError):  # the main thread has ended already
            threading._register_atexit(lambda: atexit.register(_tell_exit))  # type: ignore[attr-defined]  # noqa: SLF001


def _tell_exit() -> None:
    for lifeline in tuple(_lifelines):
        lifeline.tell_exit()


def _above_standard(connection: socket.socket) -> socket.socket:
    return socket.socket(fileno=_above(connection.detach()))


def _above(descriptor: int) -> int:
    """``descriptor`` with a number that is no standard stream's: where one of those is closed, the next file gets its number."""
    if descriptor > STDERR_FILENO:
        return descriptor
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
    finally:
        os.close(descriptor)


os.register_at_fork(after_in_child=_disown_all)
