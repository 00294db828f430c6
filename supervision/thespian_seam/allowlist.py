"""Thespian's own messages on the wire: whether its admin is there, and nothing else.

Cures S4 and S5. Frames are authenticated before this module sees them; the allowlist bounds what even a holder of the key can do: no
message shuts a system down, ends an actor or starts one by its class name. Our envelopes never come here: they travel as opaque bytes.
"""

import io
import pickle
from typing import Any, Final

from protocols import DecodeError

ALLOWED: Final = frozenset(
    {
        ("thespian.system.messages.admin", "QueryAck"),
        ("thespian.system.messages.admin", "QueryExists"),
    }
)
"""Exact pairs of module and name. A prefix would not do: ``thespian.system.systemBase`` + ``os.getpid`` is a dotted name."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise DecodeError(f"{module}.{name} is no message of Thespian's that we take")
        return super().find_class(module, name)


def dumps(message: object) -> bytes:
    """The bytes of a Thespian message.

    Raises:
        CannotPickleAddress: Thespian's, for an address that no other process can use; Thespian's callers know it.
    """
    return pickle.dumps(message, protocol=5)


def loads(data: bytes) -> object:
    """The Thespian message that ``data`` encodes.

    Raises:
        DecodeError: it names anything outside `ALLOWED`, is no message, or is no pickle.
    """
    try:
        message: object = _Unpickler(io.BytesIO(data)).load()
    except DecodeError:
        raise
    except Exception as failure:
        raise DecodeError(f"no message of Thespian's: {failure}") from failure
    if (type(message).__module__, type(message).__name__) not in ALLOWED:
        raise DecodeError(f"a {type(message).__name__} is no message")
    return message
