"""The connector's side: what waits for one peer, and one connection to it. Sans I/O."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from protocols import AuthenticationError
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.frames import AckReader, Frame, FrameWriter
from supervision.thespian_seam.handshake import ANSWER_BYTES, make_finish, make_hello, read_answer, session_keys
from supervision.thespian_seam.keys import Key

MAX_WAITING: Final = 4096
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
MAX_IN_FLIGHT_BYTES: Final = 256 * 1024


class Fate(Enum):
    """What became of a message."""

    TAKEN = auto()
    """It is in the recipient's mailbox."""

    DEAD = auto()
    """That incarnation of the recipient is over."""

    LOST = auto()
    """Given up: too much waits already, or the recipient neither answers nor refuses."""


Told = Callable[[Fate], None]


@dataclass(slots=True)
class _Waiting:
    frame: Frame
    told: Told | None


class Outbox:
    """What has been sent to one peer and is not acknowledged, and what has not been sent. Survives a lost connection.

    Cures M1, M2 and M3: each peer has a queue of its own, so a stuck one holds up nobody else, and each message learns its `Fate`.
    At `MAX_WAITING` messages or `MAX_WAITING_BYTES` bytes the newest is refused.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._in_flight: deque[_Waiting] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def put(self, frame: Frame, told: Told | None) -> bool:
        """Queue a frame, False (and nothing changed) at the bound."""
        if len(self) >= MAX_WAITING or self._bytes + len(frame.payload) > MAX_WAITING_BYTES:
            return False
        self._waiting.append(_Waiting(frame, told))
        self._bytes += len(frame.payload)
        return True

    def next(self) -> Frame | None:
        """The next frame to send; it waits for its acknowledgement from here on."""
        if not self._waiting:
            return None
        self._in_flight.append(self._waiting.popleft())
        return self._in_flight[-1].frame

    def acknowledged(self, sequence: int) -> None:
        """Everything sent up to ``sequence`` was taken."""
        while self._in_flight and self._in_flight[0].frame.sequence <= sequence:
            self._finish(self._in_flight.popleft(), Fate.TAKEN)

    def rewind(self) -> None:
        """The connection is lost: what is not acknowledged is sent again, in order; the recipient knows what it has."""
        while self._in_flight:
            self._waiting.appendleft(self._in_flight.pop())

    def abandon(self, fate: Fate) -> None:
        """Give up everything."""
        self.rewind()
        while self._waiting:
            self._finish(self._waiting.popleft(), fate)

    def _finish(self, waiting: _Waiting, fate: Fate) -> None:
        self._bytes -= len(waiting.frame.payload)
        if waiting.told is not None:
            waiting.told(fate)


class OutboundChannel:
    """One connection to a peer. Cures S1 on the acknowledgement path: whoever only listens gets two addresses and is hung up on."""

    def __init__(self, key: Key, local: EndpointAddress, remote: EndpointAddress, nonce: bytes) -> None:
        self._key = key
        self._hello = make_hello(key, nonce, local, remote)
        self._buffer = b""
        self._writer: FrameWriter | None = None
        self._acks: AckReader | None = None
        self.gone = False
        """The peer said that the incarnation asked for is over."""

    @property
    def open(self) -> bool:
        """Whether frames may be sent."""
        return self._writer is not None

    @property
    def greeting(self) -> bytes:
        """What to send as soon as the connection stands."""
        return self._hello.data

    def receive(self, data: bytes) -> tuple[bytes, int]:
        """Take bytes of the peer; what to send back at once, and the highest sequence that it acknowledges (0: none).

        Raises:
            AuthenticationError: the peer has not the key; the connection must be closed.
        """
        if self._acks is not None:
            return b"", self._acks.feed(data)
        self._buffer += data
        if len(self._buffer) < ANSWER_BYTES:
            return b"", 0
        if len(self._buffer) > ANSWER_BYTES:
            raise AuthenticationError("a peer that speaks out of turn")
        nonce = read_answer(self._key, self._hello, self._buffer)
        if nonce is None:
            self.gone = True
            return b"", 0
        keys = session_keys(self._key, self._hello, nonce)
        self._writer, self._acks = FrameWriter(keys.frames), AckReader(keys.acks)
        return make_finish(keys), 0

    def encode(self, frame: Frame) -> bytes:
        """The bytes of the next frame; only when `open`."""
        if self._writer is None:
            raise ValueError("frame before authentication")
        return self._writer.encode(frame)
