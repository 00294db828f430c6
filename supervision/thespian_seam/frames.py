"""Frames and acknowledgements on an authenticated connection. Sans I/O.

``kind, length, sequence, MAC, payload``. The MAC covers the place of the frame in its connection, so none can be left out, repeated or
moved; ``sequence`` rises through all connections of a sender's incarnation, so a frame sent again after a lost connection is recognised.
An acknowledgement is the highest sequence taken, with a MAC of its own. Nothing is decoded before its MAC was compared.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from protocols import AuthenticationError, DecodeError
from supervision.thespian_seam.handshake import MAC_BYTES, require_mac
from supervision.thespian_seam.keys import mac

MAX_PAYLOAD_BYTES: Final = 2 * 1024 * 1024

_HEADER: Final = struct.Struct("!BIQ")
_INDEX: Final = struct.Struct("!Q")
_PREFIX_BYTES: Final = _HEADER.size + MAC_BYTES

ACK_BYTES: Final = _INDEX.size + MAC_BYTES


class Kind(IntEnum):
    """What a payload is."""

    ENVELOPE = 1
    """One of our encoded envelopes, opaque here."""

    THESPIAN = 2
    """A system message of Thespian's, for `allowlist.loads`."""


_KINDS: Final = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Frame:
    """One authenticated message."""

    kind: Kind
    sequence: int
    payload: bytes


class FrameWriter:
    """Encodes the frames of one connection, in order."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._index = 0

    def encode(self, frame: Frame) -> bytes:
        """The bytes of the connection's next frame; its payload has at most `MAX_PAYLOAD_BYTES`."""
        header = _HEADER.pack(frame.kind, len(frame.payload), frame.sequence)
        proof = mac(self._key, b"frame", _INDEX.pack(self._index), header, frame.payload)
        self._index += 1
        return header + proof + frame.payload


class FrameReader:
    """Decodes the frames of one connection; holds at most one unfinished frame."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._index = 0
        self._last = 0
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes.

        Raises:
            AuthenticationError: a MAC is wrong, or a sequence does not rise.
            DecodeError: a frame is larger than `MAX_PAYLOAD_BYTES` or of no known kind.
        """
        self._buffer += data
        frames: list[Frame] = []
        while len(self._buffer) >= _PREFIX_BYTES:
            kind, length, sequence = _HEADER.unpack_from(self._buffer)
            if length > MAX_PAYLOAD_BYTES:
                raise DecodeError(f"frame of {length} bytes, at most {MAX_PAYLOAD_BYTES} are taken")
            end = _PREFIX_BYTES + length
            if len(self._buffer) < end:
                break
            header, proof = bytes(self._buffer[: _HEADER.size]), bytes(self._buffer[_HEADER.size : _PREFIX_BYTES])
            payload = bytes(self._buffer[_PREFIX_BYTES:end])
            require_mac(mac(self._key, b"frame", _INDEX.pack(self._index), header, payload), proof, "frame")
            if sequence <= self._last:
                raise AuthenticationError(f"frame {sequence} after {self._last}")
            if kind not in _KINDS:
                raise DecodeError(f"frame of unknown kind {kind}")
            del self._buffer[:end]
            self._index += 1
            self._last = sequence
            frames.append(Frame(Kind(kind), sequence, payload))
        return frames


class AckWriter:
    """Encodes the acknowledgements of one connection, in order."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._index = 0

    def encode(self, sequence: int) -> bytes:
        """The bytes that acknowledge everything up to ``sequence``."""
        body = _INDEX.pack(sequence)
        proof = mac(self._key, b"ack", _INDEX.pack(self._index), body)
        self._index += 1
        return body + proof


class AckReader:
    """Decodes the acknowledgements of one connection."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._index = 0
        self._buffer = bytearray()

    def feed(self, data: bytes) -> int:
        """The highest sequence that ``data`` acknowledges, or 0.

        Raises:
            AuthenticationError: a MAC is wrong.
        """
        self._buffer += data
        highest = 0
        while len(self._buffer) >= ACK_BYTES:
            body, proof = bytes(self._buffer[: _INDEX.size]), bytes(self._buffer[_INDEX.size : ACK_BYTES])
            require_mac(mac(self._key, b"ack", _INDEX.pack(self._index), body), proof, "acknowledgement")
            del self._buffer[:ACK_BYTES]
            self._index += 1
            (highest,) = _INDEX.unpack(body)
        return highest
