"""The acceptor's side of one connection: bytes in, authenticated frames and answers out. Sans I/O."""

from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from protocols import AuthenticationError
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.frames import AckWriter, Frame, FrameReader
from supervision.thespian_seam.handshake import (
    FINISH_BYTES,
    HELLO_BYTES,
    NONCE_BYTES,
    SessionKeys,
    check_finish,
    make_answer,
    read_hello,
    session_keys,
)
from supervision.thespian_seam.keys import Key

READ_BYTES: Final = 256 * 1024


class InboundState(Enum):
    """How far the connector has proven itself."""

    HELLO = auto()
    FINISH = auto()
    OPEN = auto()
    GONE = auto()


_READ_IN: Final = MappingProxyType(
    {
        InboundState.HELLO: HELLO_BYTES,
        InboundState.FINISH: FINISH_BYTES,
        InboundState.OPEN: READ_BYTES,
        InboundState.GONE: 1,
    }
)


class InboundChannel:
    """Cures S1, S3, S4, S5 and M6: a stranger gets to send `HELLO_BYTES` bytes, and nothing of them is decoded.

    The caller reads at most `wanted` bytes at a time, so that before authentication no more than that is ever held.
    """

    def __init__(self, key: Key, local: EndpointAddress, nonce: bytes) -> None:
        self._key = key
        self._local = local
        self._nonce = nonce
        self._buffer = b""
        self._keys: SessionKeys | None = None
        self._frames: FrameReader | None = None
        self._acks: AckWriter | None = None
        self.state = InboundState.HELLO
        self.sender: EndpointAddress | None = None
        """Who says to connect: proven once the state is `OPEN`, until then possibly a replay."""

    @property
    def wanted(self) -> int:
        """How many bytes to read at most."""
        return _READ_IN[self.state] - len(self._buffer)

    def receive(self, data: bytes) -> tuple[bytes, list[Frame]]:
        """Take at most `wanted` bytes; what to send back at once, and the frames completed.

        Raises:
            AuthenticationError, DecodeError: the connection must be closed.
        """
        if self._frames is not None:
            return b"", self._frames.feed(data)
        if self.state is InboundState.GONE:
            raise AuthenticationError("a connector that insists on an incarnation that is over")
        self._buffer += data
        if self.wanted:
            return b"", []
        taken, self._buffer = self._buffer, b""
        if self._keys is None:
            return self._greet(taken), []
        check_finish(self._keys, taken)
        self._frames, self._acks = FrameReader(self._keys.frames), AckWriter(self._keys.acks)
        self.state = InboundState.OPEN
        return b"", []

    def acknowledge(self, sequence: int) -> bytes:
        """The bytes that acknowledge everything up to ``sequence``; only when `OPEN`."""
        if self._acks is None:
            raise ValueError("acknowledgement before authentication")
        return self._acks.encode(sequence)

    def _greet(self, data: bytes) -> bytes:
        hello = read_hello(self._key, data)
        if hello.recipient != self._local:
            self.state = InboundState.GONE
            return make_answer(self._key, hello, bytes(NONCE_BYTES), welcome=False)
        self.sender = hello.sender
        self._keys = session_keys(self._key, hello, self._nonce)
        self.state = InboundState.FINISH
        return make_answer(self._key, hello, self._nonce, welcome=True)
