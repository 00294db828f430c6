"""What stands around a message on the wire.

``version byte + msgpack``: the message's own id, the recipient's id and uid, the sender, what it answers, its trace, and how long it is
still wanted (remaining milliseconds, never a clock time). Any bytes decode to an `Envelope` or raise `DecodeError`.
"""

from dataclasses import dataclass
from typing import Final

from protocols.codec import pack, unpack
from protocols.errors import DecodeError, MessageTooLargeError
from protocols.messages import Message
from protocols.ref import Ref

__all__ = ["WIRE_VERSION", "Envelope", "decode_envelope", "encode_envelope"]

WIRE_VERSION: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message on its way.

    ``to_uid`` may be empty where the sender knows only the id: then any incarnation may have it. ``correlation_id`` is the ``message_id``
    of the request that this message answers. ``remaining_ms`` is the time from sending after which nobody wants it any more.
    """

    message: Message
    message_id: str
    to_id: str
    to_uid: str
    sender: Ref | None = None
    correlation_id: str = ""
    trace_id: str = ""
    remaining_ms: int | None = None


def encode_envelope(envelope: Envelope) -> bytes:
    """The bytes of ``envelope``.

    Raises:
        MessageTooLargeError: beyond `protocols.codec.MAX_WIRE_BYTES`.
        UsageError: a free-form field that msgpack cannot carry.
    """
    try:
        return bytes((WIRE_VERSION,)) + pack(Envelope, envelope)
    except MessageTooLargeError as failure:
        raise MessageTooLargeError(f"{type(envelope.message).__name__}: {failure}") from None


def decode_envelope(data: bytes) -> Envelope:
    """The envelope that ``data`` encodes.

    Raises:
        DecodeError: for any other bytes.
    """
    if not data or data[0] != WIRE_VERSION:
        raise DecodeError(f"wire version {data[0] if data else 'none'}, this is {WIRE_VERSION}: run one version on all nodes")
    envelope: Envelope = unpack(Envelope, data[1:])
    return envelope
