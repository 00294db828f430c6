"""The listening socket of a process and the connections that others made to it.

How it works. A connection begins unauthenticated: it may send one HELLO and, after the answer, one FINISH (`handshake`), both of fixed
length, and nothing else of it is read. There is room for so many of these; one that is silent or slow makes room for the next. Once proven
it is the one connection of its sender, and an older one of the same sender is closed.

From then on frames come in. Each has a number that its sender counts through all its connections, so what was delivered on a connection
that broke before its acknowledgement arrived is known when it comes again, and is acknowledged without a second delivery.
"""

import errno
import logging
import socket
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from protocols import AuthenticationError, DecodeError, Entropy
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.frames import Frame
from supervision.thespian_seam.handshake import NONCE_BYTES
from supervision.thespian_seam.inbound import InboundChannel, InboundState
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.reactor import READABLE, WRITABLE, Cancel, Reactor

log = logging.getLogger("livekitex.seam")

LISTEN_BACKLOG: Final = 512
MAX_KNOWN_SENDERS: Final = 4096
"""Senders whose last sequence is remembered; beyond it the one heard longest ago is forgotten, and what it sends again comes twice."""

_ACCEPTS_PER_TURN: Final = 64
_OUT_OF_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_DESCRIPTOR_PAUSE_S: Final = 0.1

Deliver = Callable[[EndpointAddress, Frame], None]


def listen(host: str, actor_id: str, uid: str, *, confined: bool = False) -> tuple[socket.socket, EndpointAddress]:
    """A socket that listens on ``host`` (cures S2), and the address of the incarnation that it is for.

    The port is the operating system's choice, so no two systems clash.

    Raises:
        OSError: ``host`` is not an address of this machine, or there is no descriptor left.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        listener.bind((host, 0))
        listener.listen(LISTEN_BACKLOG)
    except OSError:
        listener.close()
        raise
    _, port = listener.getsockname()
    return listener, EndpointAddress.of(host, port, actor_id, uid, confined=confined)


class Acceptor:
    """Accepts, authenticates, delivers, acknowledges.

    A connection that breaks a rule, or any exception while its bytes are handled, closes that connection only. Those that have not
    authenticated are at most `SystemOptions.max_unauthenticated` (beyond it the oldest silent one is closed) and live at most
    `SystemOptions.handshake_timeout_s`. Authenticated ones are one for each sender: a newer replaces the older.
    """

    def __init__(
        self,
        reactor: Reactor,
        listener: socket.socket,
        local: EndpointAddress,
        *,
        options: SystemOptions,
        entropy: Entropy,
        deliver: Deliver,
    ) -> None:
        self._reactor = reactor
        self._listener = listener
        self._local = local
        self._options = options
        self._entropy = entropy
        self._deliver = deliver
        self._unauthenticated: OrderedDict[_Connection, Cancel] = OrderedDict()
        self._open: dict[EndpointAddress, _Connection] = {}
        self._taken: OrderedDict[EndpointAddress, int] = OrderedDict()
        self.refused = 0
        """Connections closed for breaking a rule."""
        reactor.watch(listener.fileno(), self._accept)

    def hears(self, sender: EndpointAddress) -> bool:
        """Whether more may still come from ``sender`` on a connection that stands."""
        return sender in self._open or any(stranger.channel.sender == sender for stranger in self._unauthenticated)

    def close(self) -> None:
        """Close everything."""
        for connection in [*self._unauthenticated, *self._open.values()]:
            self._close(connection)
        self._reactor.unwatch(self._listener.fileno())
        self._listener.close()

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_PER_TURN):
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as failure:
                if failure.errno in _OUT_OF_DESCRIPTORS:
                    self._pause()
                    return
                continue  # the connection was gone before it was accepted
            self._admit(sock)

    def _pause(self) -> None:
        """Without a descriptor to accept with, the listener would stay readable and the loop would spin."""
        log.error("no file descriptor left to accept a connection; trying again soon")
        fd = self._listener.fileno()
        self._reactor.unwatch(fd)
        self._reactor.call_later(_DESCRIPTOR_PAUSE_S, lambda: self._reactor.watch(fd, self._accept))

    def _admit(self, sock: socket.socket) -> None:
        """Take up a connection; what it has sent already is read at once, so that whoever holds the key is told from who does not."""
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        nonce = bytes.fromhex(self._entropy.hex_id(NONCE_BYTES))
        connection = _Connection(sock, InboundChannel(self._options.secret, self._local, nonce))
        if len(self._unauthenticated) >= self._options.max_unauthenticated:
            silent = (stranger for stranger in self._unauthenticated if stranger.channel.state is InboundState.HELLO)
            self._refuse(next(silent, next(iter(self._unauthenticated))), "too many connections without authentication")
        self._unauthenticated[connection] = self._reactor.call_later(
            self._options.handshake_timeout_s, lambda: self._refuse(connection, "no authentication in time")
        )
        self._reactor.watch(connection.fd, lambda: self._ready(connection))
        self._ready(connection)

    def _ready(self, connection: "_Connection") -> None:
        try:
            blocked = bool(connection.unsent)
            if not blocked:
                self._read(connection)
            connection.write()
            if blocked != bool(connection.unsent):  # who does not read its acknowledgements is not read from
                self._reactor.change(connection.fd, WRITABLE if connection.unsent else READABLE)
        except (EOFError, OSError):
            self._close(connection)
        except (AuthenticationError, DecodeError) as failure:
            self._refuse(connection, str(failure))
        except Exception:
            log.exception("closed a connection whose bytes could not be handled")
            self._close(connection)

    def _read(self, connection: "_Connection") -> None:
        try:
            data = connection.sock.recv(connection.channel.wanted)
        except BlockingIOError:
            return
        if not data:
            raise EOFError
        was_open = connection.channel.state is InboundState.OPEN
        answer, frames = connection.channel.receive(data)
        connection.unsent += answer
        if connection.channel.state is InboundState.OPEN and not was_open:
            self._authenticated(connection)
        sender = connection.channel.sender
        if frames and sender is not None:
            self._take(connection, sender, frames)

    def _authenticated(self, connection: "_Connection") -> None:
        self._unauthenticated.pop(connection)()
        sender = connection.channel.sender
        assert sender is not None  # noqa: S101 - an open channel has its HELLO
        older = self._open.pop(sender, None)
        self._open[sender] = connection
        if older is not None:
            self._close(older)

    def _take(self, connection: "_Connection", sender: EndpointAddress, frames: list[Frame]) -> None:
        """Deliver what was not delivered on an earlier connection of the same sender, and acknowledge all of it."""
        taken = self._taken.pop(sender, 0)
        for frame in frames:
            if frame.sequence > taken:
                self._deliver(sender, frame)
                taken = frame.sequence
        self._taken[sender] = taken
        if len(self._taken) > MAX_KNOWN_SENDERS:
            self._taken.popitem(last=False)
        connection.unsent += connection.channel.acknowledge(frames[-1].sequence)

    def _refuse(self, connection: "_Connection", why: str) -> None:
        self.refused += 1
        if self.refused.bit_count() == 1:  # the 1st, 2nd, 4th, …: an attack must not fill the log
            log.warning("refused a connection: %s", why, extra={"local": str(self._local), "refused": self.refused})
        self._close(connection)

    def _close(self, connection: "_Connection") -> None:
        cancel = self._unauthenticated.pop(connection, None)
        if cancel is not None:
            cancel()
        sender = connection.channel.sender
        if sender is not None and self._open.get(sender) is connection:
            del self._open[sender]
        self._reactor.unwatch(connection.fd)
        connection.sock.close()


class _Connection:
    """A socket, its channel, and what the socket does not take yet (at most an answer, or the acknowledgements of what was read)."""

    def __init__(self, sock: socket.socket, channel: InboundChannel) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.channel = channel
        self.unsent = b""

    def write(self) -> None:
        """Send what can be sent now."""
        if self.unsent:
            try:
                self.unsent = self.unsent[self.sock.send(self.unsent) :]
            except BlockingIOError:
                return
