"""Both ends of the wire in one process: endpoints whose loops a test turns by hand."""

import socket
from collections.abc import Callable
from typing import Any, Self

from protocols import SystemClock, SystemEntropy
from supervision.thespian_seam.acceptor import Acceptor, listen
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.frames import Frame
from supervision.thespian_seam.links import Links
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.reactor import Reactor

KEY = bytes(range(32))
DEADLINE_S = 100.0
CLOCK, ENTROPY = SystemClock(), SystemEntropy()


class Endpoint:
    """An acceptor and links, as a process has them. ``heard`` are the frames delivered, by sender."""

    def __init__(self, *, key: bytes = KEY, clock: Any = CLOCK, **options: Any) -> None:
        self.options = SystemOptions(key=key, **options)
        self.clock = clock
        self.reactor = Reactor(clock, 8)
        listener, self.address = listen("127.0.0.1", "peer", ENTROPY.hex_id())
        self.heard: list[tuple[EndpointAddress, Frame]] = []
        self.acceptor = Acceptor(
            self.reactor, listener, self.address, options=self.options, entropy=ENTROPY, deliver=lambda *got: self.heard.append(got)
        )
        self.links = Links(self.reactor, self.address, self.options.secret, clock, ENTROPY)

    @property
    def said(self) -> list[bytes]:
        return [frame.payload for _, frame in self.heard]

    def close(self) -> None:
        self.links.close()
        self.acceptor.close()
        self.reactor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def turn(condition: Callable[[], object], *endpoints: Endpoint, timeout_s: float = DEADLINE_S) -> None:
    """Turn the loops until the condition holds."""
    deadline = CLOCK.monotonic() + timeout_s
    while not condition():
        assert CLOCK.monotonic() < deadline, "the condition never came to hold"
        for endpoint in endpoints:
            endpoint.reactor.poll(0.001)


def connect(address: EndpointAddress) -> socket.socket:
    """A stranger's connection."""
    sock = socket.create_connection((address.host, address.port), timeout=DEADLINE_S)
    sock.setblocking(False)
    return sock


def closed(sock: socket.socket) -> bool:
    """Whether the other end has closed; whatever it sent is thrown away."""
    try:
        while sock.recv(4096):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True
