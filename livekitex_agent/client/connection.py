"""The script's connection to its launcher, on the running event loop: requests and their answers, pushes, and the end.

How it works. Two things tell of the end, in either order: the socket closes, and the launcher's pidfd becomes readable. The first brings
what the launcher has said of it, the second how it died; each waits `EXIT_MESSAGES_S` for the other, since a forked copy of the launcher's
socket may keep it open, and a launcher may close it before it is gone. Then `Connection.ended` is done, once, with the error for all who
wait. From `_abandon` on the launcher's descriptors are not touched: they may be closed by then, and their numbers another's.
"""

import asyncio
from contextlib import suppress
from typing import Final, cast

from livekitex_agent.client.launcher_process import LauncherProcess
from livekitex_agent.client.open_requests import Answer, OnPush, OpenRequests
from livekitex_agent.gateway.exit_messages import launcher_ended
from livekitex_agent.gateway.frames import Frame, FrameReader, StopSystem, SystemEnded, SystemReady, encode_frame
from protocols import DecodeError, Message, SystemUnavailableError, UsageError

READ_BYTES: Final = 1 << 16
EXIT_MESSAGES_S: Final = 1.0
STOP_TIMEOUT_S: Final = 7.0
"""How long `Connection.stop` waits for the launcher before it is killed; the launcher itself kills the tree after less."""
KILL_TIMEOUT_S: Final = 2.0
"""How long a killed launcher may take to be gone."""


class Connection(asyncio.Protocol):
    """Frames to and from the launcher. Made and used in one event loop.

    ``on_push`` is called with each pushed message and `EventsLost`. What waits to be written is bounded by what its users leave unanswered.
    Requests that are open when the connection ends are not answered: `ended` tells.
    """

    def __init__(self, launcher: LauncherProcess, on_push: OnPush) -> None:
        self._launcher = launcher
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        self._requests = OpenRequests(self._write, on_push)
        self._transport: asyncio.Transport | None = None
        self._said = ""
        self._asked_by = ""
        self._stopping = False
        self._abandoned = False
        self._exited = asyncio.Event()
        self.root_pid = 0
        self.ready: asyncio.Future[SystemUnavailableError | None] = self._loop.create_future()
        """Done when the tree is up, with None, or will never be, with why."""
        self.ended: asyncio.Future[SystemUnavailableError] = self._loop.create_future()
        """Done when the connection is over, with the error that tells why."""

    @property
    def stopped(self) -> bool:
        """Whether its end was, or is, asked for: by `stop`, or by a signal to the launcher."""
        return self._stopping

    @classmethod
    async def open(cls, launcher: LauncherProcess, on_push: OnPush) -> "Connection":
        """Take over the launcher's socket; if that fails or is cancelled, nothing of the launcher is used any more."""
        connection = cls(launcher, on_push)
        try:
            await connection._loop.create_unix_connection(lambda: connection, sock=launcher.connection)
        except BaseException:
            connection._abandon()
            raise
        return connection

    def request(self, name: str, message: Message, *, timeout_s: float, then: Answer) -> None:
        """Ask whoever has ``name``; ``then`` is called once with the answer, or with why there is none.

        Raises:
            MessageTooLargeError: nothing was sent.
            SystemUnavailableError: the system has ended.
            UsageError: this process is a fork of the one that started it.
        """
        self._requests.ask(name, message, timeout_s=timeout_s, then=then)

    async def stop(self) -> None:
        """End the system in order, and wait until the launcher is gone. In a fork of the script nothing is done.

        Raises:
            SystemUnavailableError: the launcher was killed, and the kernel does not end it.
        """
        if self._launcher.foreign:
            return
        if not self.ended.done():
            self._stopping = True
            self._write(StopSystem())
        if not self._abandoned and not await self._launcher_ends(STOP_TIMEOUT_S):
            self._launcher.kill()
            await self._launcher_ends(KILL_TIMEOUT_S)
        await asyncio.wait([self.ended], timeout=2 * EXIT_MESSAGES_S)
        self._abandon()
        self._end()
        self._launcher.close(0.0)

    async def _launcher_ends(self, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                return await self._exited.wait()
        except TimeoutError:
            return False

    def _abandon(self) -> None:
        """Use nothing of the launcher any more: its descriptors may be closed, and their numbers given to others, from here on."""
        if not self._abandoned:
            self._abandoned = True
            self._loop.remove_reader(self._launcher.exited)
            self._close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ours: hear frames, and the launcher's end even if a copy of its socket lives on somewhere."""
        self._transport = cast("asyncio.Transport", transport)  # that of a stream socket; uvloop's own are of no such class
        if self._abandoned:  # it was cancelled before this was called
            self._close()
            return
        self._loop.add_reader(self._launcher.exited, self._launcher_exited)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        try:
            for frame in self._reader.feed(data):
                self._receive(frame)
        except DecodeError as failure:
            self._said = f"it said what this version cannot read: {failure}"
            self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The launcher has closed its end; how it ended is known a moment later."""
        if exc is not None:  # writing failed: what it said before it closed was not read
            self._read_rest()
        if self._said or self._stopping or self._abandoned or self._exited.is_set():
            self._end()
        else:
            self._loop.call_later(EXIT_MESSAGES_S, self._end)

    def _read_rest(self) -> None:
        with suppress(OSError):  # no more has come
            while data := self._launcher.connection.recv(READ_BYTES):
                self.data_received(data)

    def _receive(self, frame: Frame) -> None:
        match frame:
            case _ if self._requests.receive(frame):
                pass
            case SystemReady(root_pid=root_pid):
                self.root_pid = root_pid
                self.ready.set_result(None)
            case SystemEnded(asked=asked, text=text):
                if asked:
                    self._stopping, self._asked_by = True, text
                else:
                    self._said = text
            case _:
                raise DecodeError(f"{frame.TAG} is not for scripts")

    def _write(self, frame: Frame) -> None:
        if self._launcher.foreign:
            raise UsageError("the system belongs to the process that this one is a fork of: fork first, then start one here")
        if self.ended.done():
            raise self.ended.result()
        if self._transport is not None:
            self._transport.write(encode_frame(frame))

    def _launcher_exited(self) -> None:
        self._loop.remove_reader(self._launcher.exited)
        self._exited.set()
        self._launcher.sweep()
        if self._transport is None or self._transport.is_closing():
            self._end()
        # What it wrote is still to be read, up to its end; but a copy of its socket may live on and keep that end away.
        self._loop.call_later(EXIT_MESSAGES_S, self._close)

    def _close(self) -> None:
        """Close at once, also if what was written is not taken: a copy of the other end may live on, which is not read."""
        if self._transport is not None:
            self._transport.abort()

    def _end(self) -> None:
        if self.ended.done():
            return
        if self._stopping:
            by = f" by {self._asked_by} to its launcher" if self._asked_by else ""
            error = SystemUnavailableError(f"the system was stopped{by}")
        else:
            what = "the system has ended" if self.ready.done() else "the system could not start"
            error = SystemUnavailableError(f"{what}: {self._said or launcher_ended(self._launcher.fate())}")
        self.ended.set_result(error)
        if not self.ready.done():
            self.ready.set_result(error)
        self._requests.forget()
