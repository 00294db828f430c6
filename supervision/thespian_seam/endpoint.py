"""The place of one actor on a reactor: where it listens, what it says to others, and the turns that come of it.

A process has one for its own actor, and one for each light child that lives in it (`light_children`). Each listens on a port of its own and
proves its own address, so nobody needs to know which actors share a process.
"""

from collections.abc import Callable
from socket import socket
from typing import Final

from protocols import Clock, Entropy
from supervision.thespian_seam.acceptor import Acceptor
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.frames import Frame, Kind
from supervision.thespian_seam.links import Links
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.reactor import Reactor

EXIT_MESSAGES_S: Final = 0.2
"""How long the exit of a child is held back for what it sent before. Its sockets are closed by then, so this is hardly ever waited for."""

FLUSH_S: Final = 1.0
"""How long an actor that ends waits until what it sent was taken."""

_POLL_S: Final = 0.001


class Endpoint:
    """What one actor says and hears. All of it happens on the reactor's thread.

    Envelopes that arrive are handed to `on_envelope` as a turn (`enqueue`), with the time of their arrival and the address that their
    frame's MAC proves. Thespian's own messages go to ``on_thespian``, and nowhere by default.
    """

    def __init__(
        self,
        listener: socket,
        address: EndpointAddress,
        options: SystemOptions,
        clock: Clock,
        entropy: Entropy,
        *,
        reactor: Reactor,
        enqueue: Callable[[Callable[[], object]], None],
        on_thespian: Callable[[EndpointAddress, bytes], None] = lambda _sender, _payload: None,
    ) -> None:
        self.address = address
        self.clock = clock
        self.reactor = reactor
        self.enqueue = enqueue
        self.on_envelope: Callable[[bytes, float, EndpointAddress], None] = lambda _data, _now, _origin: None
        self.acceptor = Acceptor(reactor, listener, address, options=options, entropy=entropy, deliver=self._arrived)
        self.links = Links(reactor, address, options.secret, clock, entropy)
        self._on_thespian = on_thespian

    def send_envelope(self, to: EndpointAddress, data: bytes) -> None:
        """Send an encoded envelope; lost silently if that incarnation is over."""
        if to == self.address:
            self._envelope(self.address, data)
        else:
            self.links.send(to, Kind.ENVELOPE, data)

    def drain(self, within_s: float, then: Callable[[], None]) -> None:
        """Call ``then``, possibly at once, when everything sent is in its recipient's mailbox or lost, or after ``within_s``."""
        self._poll(within_s, lambda: not self.links.pending, then)

    def hear_out(self, sender: EndpointAddress, then: Callable[[], None]) -> None:
        """Call ``then``, possibly at once, when nothing more can come from ``sender``, which is over, or after `EXIT_MESSAGES_S`."""
        self._poll(EXIT_MESSAGES_S, lambda: not self.acceptor.hears(sender), then)

    def close(self) -> None:
        """Close every descriptor of its own; what waits is lost."""
        self.links.close()
        self.acceptor.close()

    def _poll(self, within_s: float, done: Callable[[], bool], then: Callable[[], None]) -> None:
        deadline = self.clock.monotonic() + within_s

        def look() -> None:
            if done() or self.clock.monotonic() >= deadline:
                then()
            else:
                self.reactor.call_later(_POLL_S, look)

        look()

    def _arrived(self, sender: EndpointAddress, frame: Frame) -> None:
        if frame.kind is Kind.ENVELOPE:
            self._envelope(sender, frame.payload)
        else:
            self._on_thespian(sender, frame.payload)

    def _envelope(self, origin: EndpointAddress, data: bytes) -> None:
        arrived_at = self.clock.monotonic()
        self.enqueue(lambda: self.on_envelope(data, arrived_at, origin))
