"""What one system of processes is told when it is started."""

import ipaddress
from dataclasses import InitVar, dataclass, field
from typing import Final

from protocols import ConfigurationError, new_key
from supervision.thespian_seam.keys import Key

KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemOptions:
    """Validated when it is made.

    ``host`` is where every socket of the system listens. ``key`` authenticates its messages: made new for this run unless given.
    ``stop_timeout_s`` is how long the tree may take to end in order before it is killed. ``keep_fds`` are descriptors that every process
    of the system keeps (a log file, say); all others that are not its own are closed in each child.

    Raises:
        ConfigurationError: ``host`` is no IPv4 address of one interface, or leaves the machine without a configured key; ``key`` is too
            short; a number is not positive.
    """

    host: str = "127.0.0.1"
    key: InitVar[bytes | None] = None
    stop_timeout_s: float = 4.0
    handshake_timeout_s: float = 5.0
    max_unauthenticated: int = 64
    keep_fds: frozenset[int] = frozenset()
    secret: Key = field(init=False, repr=False)
    """The key in use; ``key`` itself is not kept."""

    def __post_init__(self, key: bytes | None) -> None:
        try:
            host = ipaddress.IPv4Address(self.host)
        except ValueError:
            raise ConfigurationError(f"host {self.host!r} is no IPv4 address; use 127.0.0.1 or the address of one interface") from None
        if host.is_unspecified:
            raise ConfigurationError(f"host {self.host} listens on every interface; name one")
        if not host.is_loopback and key is None:
            raise ConfigurationError(f"host {self.host} is reached from other machines: configure a key of {KEY_BYTES} random bytes")
        if key is not None and len(key) < KEY_BYTES:
            raise ConfigurationError(f"the key has {len(key)} bytes, at least {KEY_BYTES} are needed")
        if min(self.stop_timeout_s, self.handshake_timeout_s, self.max_unauthenticated) <= 0:
            raise ConfigurationError("stop_timeout_s, handshake_timeout_s and max_unauthenticated must be positive")
        object.__setattr__(self, "secret", Key(new_key() if key is None else key))
