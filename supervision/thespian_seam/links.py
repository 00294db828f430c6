"""The connections that this process made to others: one for each peer that it talks to.

How it works. A message goes into the peer's `Outbox` and stays there until the peer has acknowledged it, which it does when the message is
in its mailbox. The connection is only a way there: when it is lost, everything without acknowledgement is sent again on the next one, in
order, and the peer leaves out what it has already (`Acceptor`). ::

    IDLE ── something to send ──> CONNECTING ── the handshake is over ──> CONNECTED ── nothing for `IDLE_S` ──> (forgotten)
                                     ▲   │                                    │
                                     │   └── refused: that incarnation is over ──> DEAD, told of every message
                                     └── PAUSING, 20 ms to 1 s <── lost ──────┘

A message has one of three fates (`Fate`): taken, dead (its recipient's incarnation is over: the port refuses, another incarnation answers,
or the parent has seen it end) or lost (too much waits, or nobody answers for `PATIENCE_S`). A connection goes one way; who answers makes
one of its own.
"""

import errno
import logging
import socket
from collections.abc import Callable
from enum import Enum, auto
from itertools import count
from typing import Final

from protocols import AuthenticationError, Clock, Entropy
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.frames import Frame, Kind
from supervision.thespian_seam.handshake import NONCE_BYTES
from supervision.thespian_seam.keys import Key
from supervision.thespian_seam.outbound import MAX_IN_FLIGHT_BYTES, Fate, OutboundChannel, Outbox, Told
from supervision.thespian_seam.reactor import READABLE, WRITABLE, Cancel, Reactor

log = logging.getLogger("livekitex.seam")

PATIENCE_S: Final = 30.0
"""How long a peer may neither answer nor refuse before what waits for it is given up. A refusal ends the wait at once."""

IDLE_S: Final = 60.0
"""After this time without a message a connection is closed; the next message makes a new one."""

_READ_BYTES: Final = 64 * 1024
_RETRY_FIRST_S: Final = 0.02
_RETRY_MOST_S: Final = 1.0
_REFUSED: Final = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH})


class _Step(Enum):
    IDLE = auto()
    CONNECTING = auto()
    CONNECTED = auto()
    PAUSING = auto()


class Links:
    """Sends frames, in order for each peer, each at most once to the mailbox, as long as both incarnations last."""

    def __init__(self, reactor: Reactor, local: EndpointAddress, key: Key, clock: Clock, entropy: Entropy) -> None:
        self.reactor = reactor
        self.local = local
        self.key = key
        self.clock = clock
        self.entropy = entropy
        self._links: dict[EndpointAddress, Link] = {}
        self._sequence = count(1)

    @property
    def pending(self) -> int:
        """Messages whose `Fate` is not known yet."""
        return sum(link.pending for link in self._links.values())

    def send(self, remote: EndpointAddress, kind: Kind, payload: bytes, told: Told | None = None) -> None:
        """Send to one incarnation; ``told`` learns the `Fate`, possibly before this returns."""
        link = self._links.get(remote)
        if link is None:
            link = self._links[remote] = Link(self, remote)
        link.send(Frame(kind, next(self._sequence), payload), told)

    def forget(self, remote: EndpointAddress) -> None:
        """That incarnation is known to be over: give up what waits for it."""
        link = self._links.get(remote)
        if link is not None:
            link.end(Fate.DEAD)

    def discard(self, link: "Link") -> None:
        """Called by a link that has nothing left to do."""
        self._links.pop(link.remote, None)

    def close(self) -> None:
        """Close every connection; what waits is lost."""
        for link in list(self._links.values()):
            link.end(Fate.LOST)


class Link:
    """The connection to one peer: made when there is something to send, made again when it is lost, closed when idle."""

    def __init__(self, links: Links, remote: EndpointAddress) -> None:
        self.remote = remote
        self._links = links
        self._reactor = links.reactor
        self._outbox = Outbox()
        self._step = _Step.IDLE
        self._socket: socket.socket | None = None
        self._channel: OutboundChannel | None = None
        self._unsent = bytearray()
        self._blocked = False
        self._retry_s = _RETRY_FIRST_S
        self._refused = 0
        self._timer: Cancel = lambda: None
        self._patience: Cancel | None = None
        self._used_at = links.clock.monotonic()

    @property
    def pending(self) -> int:
        """Messages whose fate is not known yet."""
        return len(self._outbox)

    def send(self, frame: Frame, told: Told | None) -> None:
        """Queue a frame and send what can be sent now."""
        self._used_at = self._links.clock.monotonic()
        if not self._outbox.put(frame, told):
            self._refuse(told)
            return
        if self._step is _Step.IDLE:
            self._guard(self._connect)
        elif self._channel is not None and self._channel.open and not self._blocked:
            self._guard(self._pump)
        self._watch_progress()

    def end(self, fate: Fate) -> None:
        """Close the connection for good."""
        self._disconnect()
        self._timer()
        self._calm()
        self._links.discard(self)
        self._outbox.abandon(fate)

    def _refuse(self, told: Told | None) -> None:
        self._refused += 1
        if self._refused.bit_count() == 1:
            log.error("too much waits for a peer; the newest message is lost", extra={"peer": str(self.remote), "refused": self._refused})
        if told is not None:
            told(Fate.LOST)

    def _watch_progress(self) -> None:
        """While something waits, the peer must answer within `PATIENCE_S`."""
        if self._patience is None and self.pending and not (self._channel is not None and self._channel.open):
            self._patience = self._reactor.call_later(PATIENCE_S, lambda: self.end(Fate.LOST))

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience()
            self._patience = None

    def _connect(self) -> None:
        nonce = bytes.fromhex(self._links.entropy.hex_id(NONCE_BYTES))
        channel = OutboundChannel(self._links.key, self._links.local, self.remote, nonce)
        try:
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        except OSError:
            log.exception("no file descriptor left to connect with; trying again soon")
            self._pause()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket, self._channel = sock, channel
        self._unsent = bytearray(self._channel.greeting)
        self._step, self._blocked = _Step.CONNECTING, True
        failure = sock.connect_ex((self.remote.host, self.remote.port))
        self._reactor.watch(sock.fileno(), lambda: self._guard(self._ready), READABLE | WRITABLE)
        if failure != errno.EINPROGRESS:
            self._guard(lambda: self._connected(failure))

    def _guard(self, step: Callable[[], None]) -> None:
        """Run one step; an exception closes this connection only."""
        try:
            step()
        except AuthenticationError as failure:
            # Whoever took over the port of a dead actor has not the key.
            log.warning("hung up on a listener: %s", failure, extra={"peer": str(self.remote)})
            self.end(Fate.DEAD)
        except (EOFError, OSError):
            self._lost()
        except Exception:
            log.exception("gave up a connection whose bytes could not be handled")
            self.end(Fate.LOST)

    def _connected(self, failure: int) -> None:
        if failure in _REFUSED:
            self.end(Fate.DEAD)
        elif failure:
            self._lost()
        else:
            self._step = _Step.CONNECTED
            self._pump()

    def _ready(self) -> None:
        sock, channel = self._socket, self._channel
        assert sock is not None  # noqa: S101 - watched only while it is there
        assert channel is not None  # noqa: S101 - made together with the socket
        if self._step is _Step.CONNECTING:
            self._connected(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            return
        try:
            data = sock.recv(_READ_BYTES)
        except BlockingIOError:
            data = None
        if data == b"":
            raise EOFError
        if data:
            answer, sequence = channel.receive(data)
            if channel.gone:
                self.end(Fate.DEAD)
                return
            if answer:
                self._unsent += answer
                self._retry_s = _RETRY_FIRST_S
                self._calm()
                self._timer = self._reactor.call_later(IDLE_S, self._idle)
            self._outbox.acknowledged(sequence)
        self._pump()

    def _pump(self) -> None:
        """Send what can be sent now; the socket is watched for room only while there is none."""
        sock, channel = self._socket, self._channel
        if sock is None or channel is None:
            return
        while True:
            while channel.open and len(self._unsent) < MAX_IN_FLIGHT_BYTES and (frame := self._outbox.next()) is not None:
                self._unsent += channel.encode(frame)
            if not self._unsent:
                break
            try:
                sent = sock.send(self._unsent)
            except BlockingIOError:
                break
            del self._unsent[:sent]
        if bool(self._unsent) != self._blocked:
            self._blocked = bool(self._unsent)
            self._reactor.change(sock.fileno(), READABLE | WRITABLE if self._blocked else READABLE)

    def _lost(self) -> None:
        """The peer closed, or died; whether its port still listens shows at the next attempt."""
        self._disconnect()
        self._timer()
        self._outbox.rewind()
        if self.pending:
            self._pause()
            self._watch_progress()
        else:
            self.end(Fate.DEAD)

    def _pause(self) -> None:
        self._step = _Step.PAUSING
        self._timer = self._reactor.call_later(self._retry_s, self._connect)
        self._retry_s = min(2 * self._retry_s, _RETRY_MOST_S)

    def _idle(self) -> None:
        quiet_s = self._links.clock.monotonic() - self._used_at
        if quiet_s >= IDLE_S and not self.pending:
            self.end(Fate.DEAD)
        else:
            self._timer = self._reactor.call_later(max(IDLE_S - quiet_s, 1.0), self._idle)

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._reactor.unwatch(self._socket.fileno())
            self._socket.close()
        self._socket = self._channel = None
        self._step, self._blocked = _Step.IDLE, False
        self._unsent = bytearray()
