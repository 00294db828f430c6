"""The launcher's end of the socket pair: frames in and out, as turns of the gateway's mailbox, without a thread and without blocking.

The pair is the lifeline too. It is over when the script closes it or dies, and also when the starting process is gone while others still
hold copies of its end, or hangs in its exit handlers.
"""

import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from livekitex_agent.gateway.frames import Frame, FrameReader, encode_frame
from livekitex_agent.gateway.outbox import Outbox
from protocols import DecodeError
from supervision import Cancel

log = logging.getLogger("livekitex.gateway")

READ_BYTES: Final = 1 << 16
RETRY_S: Final = 0.01
"""A script that does not read is offered the next bytes after this time."""
FLUSH_S: Final = 1.0
EXIT_GRACE_S: Final = 2.0
"""How long the exit handlers of a script may use the system."""

Watch = Callable[[int, Callable[[], None]], Cancel]
After = Callable[[float, Callable[[], None]], Cancel]


class Channel:
    """Frames to and from the script, for one thread.

    ``watch`` has a callback run whenever a descriptor is readable, ``after`` once after a time. ``on_frame`` is called with each frame,
    ``on_closed`` once after the last. ``exit_fd`` is a pipe on which the script tells that its interpreter exits.
    """

    def __init__(self, connection: socket.socket, exit_fd: int = -1, *, watch: Watch, after: After) -> None:
        self._socket = connection
        self._exit_fd = exit_fd
        self._watch = watch
        self._after = after
        self._reader = FrameReader()
        self._outbox = Outbox()
        self._unsent = b""
        self._blocked = False
        self._open = True
        self._on_frame: Callable[[Frame], None] = lambda _frame: None
        self._on_closed: Callable[[], None] = lambda: None
        self._cancel: list[Cancel] = []
        self._unwatch_exit: Cancel = lambda: None
        self._starter = -1

    def start(self, starter_pid: int, on_frame: Callable[[Frame], None], on_closed: Callable[[], None]) -> None:
        """Begin to hear the script, which runs in the process ``starter_pid``, this one's parent."""
        self._on_frame, self._on_closed = on_frame, on_closed
        self._socket.setblocking(False)
        self._cancel.append(self._watch(self._socket.fileno(), self._readable))
        if starter_pid != os.getppid():
            self._after(0.0, self._end)  # it ended before it could be watched
            return
        if self._exit_fd >= 0:
            self._unwatch_exit = self._watch(self._exit_fd, self._exits)
        self._starter = os.pidfd_open(starter_pid)
        self._cancel.append(self._watch(self._starter, self._end))

    def send(self, frame: Frame) -> None:
        """Queue a frame and write what can be written; never blocks (see `Outbox` for the bounds)."""
        self._outbox.push(frame)
        if not self._blocked:
            self._write()

    def close(self) -> None:
        """Write what is queued, for at most `FLUSH_S` a frame, and close; again does no harm."""
        self._stop_watching()
        with suppress(OSError):  # the script is gone, or does not read
            self._socket.settimeout(FLUSH_S)
            while self._fill():
                self._socket.sendall(self._unsent)
                self._unsent = b""
        self._socket.close()

    def _readable(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
            for frame in self._reader.feed(data):
                self._on_frame(frame)
        except BlockingIOError:
            return
        except ConnectionResetError:  # how a script ends that had not read everything
            data = b""
        except (OSError, DecodeError) as failure:
            log.warning("the script's connection broke", extra={"error": str(failure)})
            data = b""
        if not data:
            self._end()

    def _exits(self) -> None:
        """The script's exit handlers run; those that use the system get a moment. The end of the pipe says nothing: the socket's does."""
        if os.read(self._exit_fd, READ_BYTES):
            self._after(EXIT_GRACE_S, self._end)
        self._close_exit()

    def _write(self) -> None:
        self._blocked = False
        while self._fill():
            try:
                sent = self._socket.send(self._unsent)
            except BlockingIOError:
                self._blocked = True
                self._after(RETRY_S, self._write)
                return
            except OSError:  # the script is gone: reading tells
                self._unsent = b""
                return
            self._unsent = self._unsent[sent:]

    def _fill(self) -> bool:
        """Take the next frame if nothing is half sent; False when there is nothing to send."""
        if not self._unsent and (frame := self._outbox.pop()) is not None:
            self._unsent = encode_frame(frame)
        return bool(self._unsent)

    def _end(self) -> None:
        if self._open:
            self._open = False
            self._stop_watching()
            self._on_closed()

    def _stop_watching(self) -> None:
        while self._cancel:
            self._cancel.pop()()
        self._close_exit()
        if self._starter >= 0:
            os.close(self._starter)
            self._starter = -1

    def _close_exit(self) -> None:
        if self._exit_fd >= 0:
            self._unwatch_exit()
            os.close(self._exit_fd)
            self._exit_fd = -1
