"""Where an actor listens, and which life of that port is meant.

Cures M7: Thespian's address is ip and port, and ports are reused. Ours carries a nonce of the life, as part of the address itself.
"""

import ipaddress
import struct
from dataclasses import dataclass
from typing import Final, Self

_PACKED: Final = struct.Struct("!4sH8s")

PACKED_BYTES: Final = _PACKED.size
NONCE_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """``host:port#nonce``: an IPv4 address, a port, and 16 hexadecimal digits unique to one life."""

    host: str
    port: int
    nonce: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}#{self.nonce}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address that ``str`` printed.

        Raises:
            ValueError: the text is none.
        """
        place, _, nonce = text.partition("#")
        host, _, port = place.rpartition(":")
        address = cls(str(ipaddress.IPv4Address(host)), int(port), nonce)
        if cls.unpack(address.pack()) != address:
            raise ValueError(f"no address: {text!r}")
        return address

    def pack(self) -> bytes:
        """The address in `PACKED_BYTES` bytes.

        Raises:
            ValueError: a part is out of its range.
        """
        try:
            return _PACKED.pack(ipaddress.IPv4Address(self.host).packed, self.port, bytes.fromhex(self.nonce))
        except struct.error as failure:
            raise ValueError(f"no address: {self}") from failure

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The address that `pack` packed; any `PACKED_BYTES` bytes are one."""
        host, port, nonce = _PACKED.unpack(data)
        return cls(str(ipaddress.IPv4Address(host)), port, nonce.hex())
