"""Thespian's transport with our byte path: authenticated frames instead of pickles, one loop instead of one selector a turn.

How it works. Thespian calls ``run`` with a handler; it hands over one message after the other until its mailbox is empty, then polls the
reactor, which reads sockets, writes what waits, and calls timers and what other threads posted. All of these put *turns* into the mailbox
and do nothing else with the actor; so an actor sees one thing at a time, in the order of arrival, whatever it is. A `Turn` stands where
Thespian expects a message, and its own messages (exits, questions of its admin) travel beside it through an allowlist.
"""

from collections import deque
from collections.abc import Callable
from socket import socket
from typing import Any

from thespian.actors import ActorAddress
from thespian.system.transport import (
    ReceiveEnvelope,
    SendStatus,
    Thespian__Run_Expired,
    Thespian__Run_HandlerResult,
    Thespian__Run_Terminated,
    TransmitOnly,
)
from thespian.system.transport.asyncTransportBase import asyncTransportBase
from thespian.system.transport.wakeupTransportBase import wakeupTransportBase

from protocols import Clock, Entropy
from supervision.actor.context import POST_LIMIT
from supervision.thespian_seam import allowlist
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.endpoint import Endpoint
from supervision.thespian_seam.frames import MAX_PAYLOAD_BYTES, Kind
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.outbound import Fate
from supervision.thespian_seam.reactor import Reactor

_STATUS = {Fate.TAKEN: SendStatus.Sent, Fate.DEAD: SendStatus.DeadTarget, Fate.LOST: SendStatus.Failed}


class Turn:
    """One turn of a mailbox: what Thespian hands to the actor instead of a pickled message."""

    __slots__ = ("run",)

    def __init__(self, run: Callable[[], object]) -> None:
        self.run = run


class AuthenticatedTransport(asyncTransportBase, wakeupTransportBase):  # type: ignore[misc]  # Thespian is untyped
    """The mailbox of one process, and the ``endpoint`` of its own actor. All of it happens on one thread, except `Reactor.post`.

    Turns are put into the mailbox by the endpoints of the process, timers and posts; Thespian's own messages go to the handler of `run`,
    as ever.
    The mailbox is bounded by what one round of reading takes from each sender: nothing more is read before it is empty (cures M9).
    """

    def __init__(self, listener: socket, address: EndpointAddress, options: SystemOptions, clock: Clock, entropy: Entropy) -> None:
        super().__init__()
        self.myAddress = ActorAddress(address)
        self.reactor = Reactor(clock, POST_LIMIT)
        self.endpoint = Endpoint(
            listener,
            address,
            options,
            clock,
            entropy,
            reactor=self.reactor,
            enqueue=self.enqueue,
            on_thespian=lambda sender, payload: self._mailbox.append(ReceiveEnvelope(ActorAddress(sender), allowlist.loads(payload))),
        )
        self._mailbox: deque[Any] = deque()
        self._clock = clock
        self._aborted = False
        self._draining = False

    def enqueue(self, turn: Callable[[], object]) -> None:
        """Put a turn at the end of the mailbox."""
        self._mailbox.append(ReceiveEnvelope(self.myAddress, Turn(turn)))

    def flush(self, timeout_s: float) -> None:
        """Wait until everything sent is in its recipient's mailbox, or lost, for at most ``timeout_s``. Nothing is handled meanwhile."""
        deadline = self._clock.monotonic() + timeout_s
        while self.endpoint.links.pending and (remaining := deadline - self._clock.monotonic()) > 0:
            self.reactor.poll(remaining)

    def close(self) -> None:
        """Close every descriptor of the transport."""
        self.endpoint.close()
        self.reactor.close()

    # What Thespian calls.

    def serializer(self, intent: Any) -> bytes:
        """The bytes of one of Thespian's own messages; raises CannotPickleAddress, which its callers expect."""
        return allowlist.dumps(intent.message)

    def _schedulePreparedIntent(self, intent: Any, has_exclusive_flag: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002, N802
        """Replaces the queue that all recipients share (M1) and whose every message costs a pass through all of it."""
        remote = intent.targetAddr.addressDetails
        if not isinstance(remote, EndpointAddress) or len(intent.serMsg) > MAX_PAYLOAD_BYTES:
            intent.tx_done(SendStatus.Failed)
        elif remote == self.endpoint.address:
            self._mailbox.append(ReceiveEnvelope(self.myAddress, intent.message))
            intent.tx_done(SendStatus.Sent)
        else:
            self.endpoint.links.send(remote, Kind.THESPIAN, intent.serMsg, lambda fate: intent.tx_done(_STATUS[fate]))

    def _runWithExpiry(self, handler: Any) -> Any:  # noqa: N802 - Thespian's name
        """Replaces the loop: hand over the mailbox, then wait for more, until the time is up or `abort_run` was called."""
        transmit_only = handler is TransmitOnly
        while not self._aborted or (self._draining and self.endpoint.links.pending):
            if transmit_only and not self.endpoint.links.pending:
                return 0
            while self._mailbox and not transmit_only:
                result = Thespian__Run_HandlerResult(handler(self._mailbox.popleft()))
                if not result:
                    return result
            remaining_s = self.run_time.view().remainingSeconds()
            if remaining_s == 0:
                return Thespian__Run_Expired()
            self.reactor.poll(remaining_s)
        return Thespian__Run_Terminated()

    def abort_run(self, drain: bool = False) -> None:  # noqa: FBT001, FBT002 - Thespian's signature
        """Leave `run`; with ``drain`` only once everything sent has its fate."""
        self._aborted, self._draining = True, drain

    def deadAddress(self, _manager: Any, address: Any) -> None:  # noqa: N802 - Thespian's name
        """A process is known to have ended."""
        self.endpoint.links.forget(address.addressDetails)

    def set_watch(self, watchlist: list[int]) -> None:
        """Thespian clears its watch list after each message; ours are in the reactor."""
