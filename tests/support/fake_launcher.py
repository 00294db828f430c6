"""A launcher without processes: the script's end of the socket pair is real, the other end is the test's."""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import TypeVar

from livekitex_agent.client.connection import Connection
from livekitex_agent.gateway.frames import EventsLost, Frame, FrameReader, Pushed, Request, Response, Unanswered, encode_frame
from protocols import Message, NameChanged, Ref

F = TypeVar("F")


class FakeLauncher:
    """What `Connection` needs of a `LauncherProcess`. ``said`` is how it ended, for `fate`."""

    def __init__(self) -> None:
        self.connection, self.far = socket.socketpair()
        self.exited = os.eventfd(0)
        self.said: str | None = None
        self.killed = False
        self.foreign = False
        self.swept = False
        self.closed = False
        self.pid = 4711

    def exit(self, said: str = "exited with code 0", *, keep_socket: bool = False) -> None:
        """The process ends; ``keep_socket``: somebody holds a copy of its socket."""
        self.said = said
        os.eventfd_write(self.exited, 1)
        if not keep_socket:
            self.far.close()

    def fate(self) -> str | None:
        return self.said

    def kill(self) -> None:
        self.killed = True
        self.exit("killed by SIGKILL")

    def sweep(self) -> None:
        self.swept = True

    def close(self, timeout_s: float) -> None:
        del timeout_s
        self.closed = True
        self.connection.close()
        if self.exited >= 0:
            os.close(self.exited)
            self.exited = -1


class FakeTree:
    """The far end: what the script asked, in order, and what is said to it."""

    def __init__(self, launcher: FakeLauncher) -> None:
        self.launcher = launcher
        self._reader = FrameReader()
        self._frames: asyncio.Queue[Frame] = asyncio.Queue()
        launcher.far.setblocking(False)
        asyncio.get_running_loop().add_reader(launcher.far, self._read)

    def _read(self) -> None:
        data = self.launcher.far.recv(1 << 20)
        if not data:
            asyncio.get_running_loop().remove_reader(self.launcher.far)
        for frame in self._reader.feed(data):
            self._frames.put_nowait(frame)

    async def next(self, kind: type[F], where: Callable[[F], bool] = lambda _frame: True) -> F:
        """The next frame of this kind; the others before it are dropped."""
        async with asyncio.timeout(100):
            while True:
                frame = await self._frames.get()
                if isinstance(frame, kind) and where(frame):
                    return frame

    async def request(self, message: type[Message]) -> Request:
        """The next request with such a message."""
        return await self.next(Request, lambda frame: isinstance(frame.message, message))

    def quiet(self) -> bool:
        """Whether nothing has come that was not taken."""
        return self._frames.empty()

    def say(self, frame: Frame) -> None:
        self.launcher.far.sendall(encode_frame(frame))

    def answer(self, request: Request, message: Message) -> None:
        self.say(Response(request_id=request.request_id, message=message))

    def leave_unanswered(self, request: Request, reason: str = "nobody has the name") -> None:
        self.say(Unanswered(request_id=request.request_id, reason=reason))

    def push(self, message: Message) -> None:
        self.say(Pushed(message=message))

    def name(self, name: str, life: int) -> None:
        """``name`` has a new life."""
        self.push(NameChanged(name=name, ref=Ref(id=name, uid=str(life), address="there")))

    def name_gone(self, name: str, reason: str = "killed", *, final: bool = False) -> None:
        self.push(NameChanged(name=name, ref=None, reason=reason, final=final))

    def close(self) -> None:
        if self.launcher.far.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self.launcher.far)


async def open_connection(on_push: Callable[[Message | EventsLost], None]) -> tuple[Connection, FakeTree]:
    launcher = FakeLauncher()
    connection = await Connection.open(launcher, on_push)  # type: ignore[arg-type]
    return connection, FakeTree(launcher)


async def close_connection(connection: Connection, tree: FakeTree) -> None:
    """End as a launcher that was asked to."""
    tree.close()
    if tree.launcher.said is None:
        tree.launcher.exit()
    await connection.stop()
    tree.launcher.far.close()
