"""A holder of the key outside the system: talks to its processes in Thespian's own messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from thespian.actors import ActorAddress
from thespian.system.transport import SendStatus, TransmitIntent

from protocols import SystemClock, SystemEntropy
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.transport import AuthenticatedTransport
from support.seam_system import DEADLINE_S, KEY


class Peer:
    """Sends a message of Thespian's and waits for its fate, or for an answer."""

    def __init__(self) -> None:
        listener, address = listen("127.0.0.1", "peer", SystemEntropy().hex_id())
        self.transport = AuthenticatedTransport(listener, address, SystemOptions(key=KEY), SystemClock(), SystemEntropy())
        self.got: list[Any] = []

    def send(self, to: str, message: object) -> Any:
        """The status that Thespian's caller is told."""
        status: list[Any] = []
        intent = TransmitIntent(ActorAddress(EndpointAddress.parse(to)), message)
        intent.addCallback(lambda sent, _: status.append(sent), lambda failed, _: status.append(failed))
        self.transport.scheduleTransmit(None, intent)
        self._turn(status)
        return status[0]

    def ask(self, to: str, message: object) -> Any:
        """The next message of Thespian's that comes back."""
        assert self.send(to, message) == SendStatus.Sent
        self._turn(self.got)
        return self.got.pop(0)

    def _turn(self, waited_for: list[Any]) -> None:
        deadline = SystemClock().monotonic() + DEADLINE_S
        while not waited_for:
            assert SystemClock().monotonic() < deadline
            self.transport.run(lambda envelope: self.got.append(envelope.message) or True, timedelta(milliseconds=5))


@contextmanager
def peer() -> Iterator[Peer]:
    """A peer for the length of a test."""
    talking = Peer()
    try:
        yield talking
    finally:
        talking.transport.close()
