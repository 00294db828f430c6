"""How two endpoints prove that they hold one key (see `keys`), before either decodes anything of the other. Sans I/O.

::

    connector                                         acceptor
    HELLO   nonce, sender, recipient, MAC       ─►    right MAC? am I that incarnation?
                                                ◄─    WELCOME  nonce, MAC      (or GONE, MAC: another incarnation listens here)
    FINISH  MAC                                 ─►    from here on the connection counts as authenticated

Both nonces enter the keys of the frames that follow, so a recorded connection opens nothing when it is played again, in either
direction, and neither side has to remember what it has seen. A listener without the key learns two addresses and nothing else.
"""

import hmac
import struct
from dataclasses import dataclass
from typing import Final

from protocols import AuthenticationError
from supervision.thespian_seam.address import PACKED_BYTES, EndpointAddress
from supervision.thespian_seam.keys import Key, mac

MAGIC: Final = b"LKX\x01"
MAC_BYTES: Final = 32
NONCE_BYTES: Final = 16

_HELLO: Final = struct.Struct(f"!{len(MAGIC)}s{NONCE_BYTES}s{PACKED_BYTES}s{PACKED_BYTES}s")
_ANSWER: Final = struct.Struct(f"!?{NONCE_BYTES}s")

HELLO_BYTES: Final = _HELLO.size + MAC_BYTES
ANSWER_BYTES: Final = _ANSWER.size + MAC_BYTES
FINISH_BYTES: Final = MAC_BYTES


@dataclass(frozen=True, slots=True)
class Hello:
    """Who connects, and to which incarnation. ``data`` are the bytes that said so."""

    sender: EndpointAddress
    recipient: EndpointAddress
    data: bytes


@dataclass(frozen=True, slots=True, repr=False)
class SessionKeys:
    """The keys of one connection: of the frames one way, of the acknowledgements the other way."""

    frames: bytes
    acks: bytes


def require_mac(expected: bytes, got: bytes, what: str) -> None:
    """Compare in constant time.

    Raises:
        AuthenticationError: they differ.
    """
    if not hmac.compare_digest(expected, got):
        raise AuthenticationError(f"{what} without the key")


def make_hello(key: Key, nonce: bytes, sender: EndpointAddress, recipient: EndpointAddress) -> Hello:
    """The connector's first bytes; ``nonce`` is fresh for each connection.

    Raises:
        AuthenticationError: this process has no key for it.
    """
    body = _HELLO.pack(MAGIC, nonce, sender.pack(), recipient.pack())
    return Hello(sender, recipient, body + key.mac(sender, recipient, b"hello", body))


def read_hello(key: Key, data: bytes) -> Hello:
    """Check a HELLO of `HELLO_BYTES` bytes.

    Raises:
        AuthenticationError: it is none, or its MAC is wrong.
    """
    body, proof = data[: _HELLO.size], data[_HELLO.size :]
    _, _, *packed = _HELLO.unpack(body)
    sender, recipient = map(EndpointAddress.unpack, packed)  # two addresses say whose key it is; nothing else is read before the proof
    require_mac(key.mac(sender, recipient, b"hello", body), proof, "HELLO")
    return Hello(sender, recipient, data)


def make_answer(key: Key, hello: Hello, nonce: bytes, *, welcome: bool) -> bytes:
    """The acceptor's answer: WELCOME, or GONE when the incarnation that ``hello`` asks for is not the one that listens."""
    body = _ANSWER.pack(welcome, nonce)
    return body + key.mac(hello.sender, hello.recipient, b"answer", hello.data, body)


def read_answer(key: Key, hello: Hello, data: bytes) -> bytes | None:
    """The acceptor's nonce, or None for GONE.

    Raises:
        AuthenticationError: the answer does not come from a holder of the key, or belongs to another HELLO.
    """
    body, proof = data[: _ANSWER.size], data[_ANSWER.size :]
    require_mac(key.mac(hello.sender, hello.recipient, b"answer", hello.data, body), proof, "answer")
    welcome, nonce = _ANSWER.unpack(body)
    return nonce if welcome else None


def session_keys(key: Key, hello: Hello, nonce: bytes) -> SessionKeys:
    """The keys that HELLO and WELCOME agree on."""
    ends = hello.sender, hello.recipient
    return SessionKeys(key.mac(*ends, b"frames", hello.data, nonce), key.mac(*ends, b"acks", hello.data, nonce))


def make_finish(keys: SessionKeys) -> bytes:
    """The connector's proof that it holds the key now, not only when its HELLO was recorded."""
    return mac(keys.frames, b"finish")


def check_finish(keys: SessionKeys, data: bytes) -> None:
    """Check a FINISH of `FINISH_BYTES` bytes.

    Raises:
        AuthenticationError: the connector could not make it.
    """
    require_mac(make_finish(keys), data, "FINISH")
