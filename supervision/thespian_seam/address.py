"""Where an actor listens, which incarnation of that port is meant, and whose it is.

Cures M7: Thespian's address is ip and port, and ports are reused. Ours carries a nonce of the incarnation, as part of the address itself.
It is the digest of the actor's id and uid, so a proof of the address is a proof of whose it is.
"""

import hashlib
import ipaddress
import struct
from dataclasses import dataclass
from typing import Final, Self

from protocols import Ref

NONCE_BYTES: Final = 16

_PACKED: Final = struct.Struct(f"!4sH{NONCE_BYTES}s?")
_CONFINED: Final = "/confined"

PACKED_BYTES: Final = _PACKED.size


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """``host:port#nonce``: an IPv4 address, a port, and 32 hexadecimal digits unique to one incarnation.

    ``confined`` (``host:port#nonce/confined``) is an endpoint that has a key of its own instead of the run's (see `keys`).
    """

    host: str
    port: int
    nonce: str
    confined: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}#{self.nonce}{_CONFINED if self.confined else ''}"

    @classmethod
    def of(cls, host: str, port: int, actor_id: str, uid: str, *, confined: bool = False) -> Self:
        """Where this incarnation of this actor listens."""
        return cls(host, port, _nonce(actor_id, uid), confined)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address that ``str`` printed.

        Raises:
            ValueError: the text is none.
        """
        plain = text.removesuffix(_CONFINED)
        place, _, nonce = plain.partition("#")
        host, _, port = place.rpartition(":")
        address = cls(str(ipaddress.IPv4Address(host)), int(port), nonce, confined=plain != text)
        if cls.unpack(address.pack()) != address:
            raise ValueError(f"no address: {text!r}")
        return address

    def proves(self, sender: Ref) -> bool:
        """Whether ``sender`` is the incarnation that listens here: what its id and uid digest to is part of the address."""
        return sender.address == str(self) and self.nonce == _nonce(sender.id, sender.uid)

    def pack(self) -> bytes:
        """The address in `PACKED_BYTES` bytes.

        Raises:
            ValueError: a part is out of its range.
        """
        try:
            return _PACKED.pack(ipaddress.IPv4Address(self.host).packed, self.port, bytes.fromhex(self.nonce), self.confined)
        except struct.error as failure:
            raise ValueError(f"no address: {self}") from failure

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The address that `pack` packed; any `PACKED_BYTES` bytes are one."""
        host, port, nonce, confined = _PACKED.unpack(data)
        return cls(str(ipaddress.IPv4Address(host)), port, nonce.hex(), confined)


def _nonce(actor_id: str, uid: str) -> str:
    data = actor_id.encode()
    return hashlib.sha256(len(data).to_bytes(4) + data + uid.encode()).hexdigest()[: 2 * NONCE_BYTES]
