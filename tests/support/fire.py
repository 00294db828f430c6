"""A local attacker without the key: what it sends, once or continuously, to every port of a running system."""

import os
import pickle
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.handshake import make_hello
from supervision.thespian_seam.keys import Key

CONNECT_S: Final = 5.0
MAX_HELD: Final = 200
"""Connections held open at a time; an older one is given up for each new one."""

_ANYBODY: Final = EndpointAddress("127.0.0.1", 1, "aa" * 16)


class RunsCode:
    """Makes the folder ``path`` when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.path),))


def thespian_frame(message: Any) -> bytes:
    """``message`` as Thespian itself would send it."""
    data = pickle.dumps(message)
    return b"%d>" % len(data) + data


def attacks(ran: Path) -> dict[str, bytes]:
    """What breaks Thespian, or a careless HTTP server; ``ran`` would exist if code of it were run."""
    return {
        "a pickle that runs code": thespian_frame(RunsCode(ran)),
        "a pickle over HTTP": b"POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n" + pickle.dumps(RunsCode(ran)),
        "a negative size": b"-5>" + bytes(200),
        "junk": os.urandom(4096),
        "an oversized frame": b"9" * 18 + b">" + bytes(300_000),
        "an oversized head": b"GET /" + b"a" * 300_000,
        "a forged shutdown": thespian_frame(("admin", "thespian.system.messages.admin.SystemShutdown")) + bytes(100),
        "a hello of another run": make_hello(Key(bytes(32)), bytes(16), _ANYBODY, _ANYBODY).data,
    }


def halves() -> dict[str, bytes]:
    """The beginnings of what is allowed, to be held open."""
    return {
        "nothing": b"",
        "half a hello": make_hello(Key(bytes(32)), bytes(16), _ANYBODY, _ANYBODY).data[:-1],
        "half a request": b"GET /health HTTP/1.1\r\nHost: local",
    }


def hung_up(sock: socket.socket, within_s: float) -> bool:
    """Whether the other end closes; what it says is thrown away."""
    sock.settimeout(within_s)
    try:
        while sock.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


class Fire:
    """While it is entered, sends everything to every port that ``ports`` names then, at most ``per_second`` times a second in all."""

    def __init__(
        self,
        ports: Callable[[], Iterable[int]],
        ran: Path,
        *,
        per_second: float = 500.0,
        replays: Callable[[], Mapping[str, bytes]] = dict,
    ) -> None:
        self.sent: Counter[str] = Counter()
        """How often each attack was delivered."""
        self.targets: set[int] = set()
        """The ports that took a connection."""
        self._ports = ports
        self._attacks = attacks(ran)
        self._halves = halves()
        self._replays = replays
        self._pause_s = 1 / per_second
        self._held: deque[socket.socket] = deque()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._burn, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        while self._held:
            self._held.pop().close()

    def _burn(self) -> None:
        while not self._over.is_set():
            for port in self._ports():
                for name, data in {**self._attacks, **self._replays()}.items():
                    self._shoot(port, name, data, hold=False)
                for name, data in self._halves.items():
                    self._shoot(port, name, data, hold=True)

    def _shoot(self, port: int, name: str, data: bytes, *, hold: bool) -> None:
        if self._over.wait(self._pause_s):
            return
        sock = socket.socket()
        sock.settimeout(CONNECT_S)
        try:
            sock.connect(("127.0.0.1", port))
            self.targets.add(port)
            with suppress(ConnectionError):  # hung up before it was all said
                sock.sendall(data)
            self.sent[name] += 1
        except OSError:
            hold = False
        if hold:
            self._held.append(sock)
            sock = self._held.popleft() if len(self._held) > MAX_HELD else socket.socket()
        sock.close()
