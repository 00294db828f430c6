"""Whose key proves a connection.

Every process of a run holds the run's key, except those that run user code (`ActorStart.confined`). Such a process has a key of its own,
which is derived from the run's and from its address, so each of the others can compute it and it can compute none. A connection is proven
with the key of its confined end, or with the run's where it has none; two confined processes cannot speak with each other. So what user
code finds in its process opens nothing that the process itself may not do.

A child is forked with all that its parent knows, and the frames of its parent are on its stack. The key is therefore one object that
everything refers to and that is overwritten in place; its bytes are never handed out. What it cannot reach is memory that was freed:
whoever searches all of the process's memory is not kept from finding it.
"""

import hmac

from protocols import AuthenticationError
from supervision.thespian_seam.address import EndpointAddress


def mac(key: bytes | bytearray, label: bytes, *parts: bytes) -> bytes:
    """The HMAC-SHA256 of what ``label`` says ``parts`` are. Variable-length parts come last."""
    return hmac.digest(key, label + b"\0" + b"".join(parts), "sha256")


class Key:
    """The key that this process holds: the run's, until it is `confine`d."""

    def __init__(self, secret: bytes) -> None:
        self._held = bytearray(secret)
        self._own: EndpointAddress | None = None

    def confine(self, address: EndpointAddress) -> None:
        """Forget the run's key, in favour of that of ``address``, which is confined."""
        derived = _derived(self._held, address)
        self._held[:] = bytes(len(self._held))
        self._held, self._own = bytearray(derived), address

    def mac(self, sender: EndpointAddress, recipient: EndpointAddress, label: bytes, *parts: bytes) -> bytes:
        """The HMAC-SHA256, as `keys.mac`, under the key of connections from ``sender`` to ``recipient``.

        Raises:
            AuthenticationError: this process does not hold that key, or nobody does.
        """
        confined = {address for address in (sender, recipient) if address.confined}
        if self._own is None and len(confined) <= 1:
            return mac(_derived(self._held, *confined) if confined else self._held, label, *parts)
        if confined != {self._own}:
            raise AuthenticationError("a connection of another process that runs user code, or between two of them")
        return mac(self._held, label, *parts)


def _derived(key: bytearray, address: EndpointAddress) -> bytes:
    return mac(key, b"endpoint", address.pack())
