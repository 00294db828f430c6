"""The bytes of a segment: pure, on bodies that mean nothing here.

A segment is records, one behind the other, in batches; all integers are little-endian::

    0   4  magic: "LKJ" and the version of the format, 1
    4   1  kind: 1 description of the call, 2 body, 3 tombstone
    5   1  flags: 1 the last record of its batch, 2 the call has ended (of a description)
    6   2  zero
    8   4  length n of the payload
    12  4  checksum of the record before; of the first one, that of the segment's own name
    16  8  sequence: 1, 2, 3, ...
    24  4  CRC-32 of these 24 bytes
    28  n  payload
    +0  4  checksum: CRC-32 of the 28 bytes and the payload
    +4  4  length of the whole record, 36 + n, so that the last record is found from the end

The checksums form a chain that begins with the call, the incarnation and the segment, so a record that was changed, lost, repeated or moved
does not fit. A batch counts once its last record is there.

A writer adds a batch with one `write`, so a writer that is killed leaves a beginning of it. The end of a segment is therefore *torn*, which
is no loss, if the file ends inside a batch and nothing valid follows; everything else that does not fit is *damage*.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

VERSION: Final = 1
DESCRIPTION: Final = 1
BODY: Final = 2
TOMBSTONE: Final = 3
LAST: Final = 1
ENDED: Final = 2
OVERHEAD: Final = 36
"""What a record takes beside its payload."""

_MAGIC: Final = b"LKJ"
_START: Final = struct.Struct("<4sBBHIIQ")
_CRC: Final = struct.Struct("<I")
_HEADER: Final = 28
_TRAILER: Final = struct.Struct("<II")
_KINDS: Final = (DESCRIPTION, BODY, TOMBSTONE)


class NewerFormatError(Exception):
    """A later program wrote this. Never leaves the package."""


class Record(NamedTuple):
    """A record: its place in the call, and what it says."""

    kind: int
    flags: int
    sequence: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a segment goes on: behind ``size`` bytes, whose last record had this ``checksum`` and ``sequence``."""

    size: int
    checksum: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What a segment holds: the ``records`` of its whole batches, and where they end.

    ``first`` is its first record, even if its batch is not whole. ``damage`` says what does not fit (empty: nothing, though the end may be
    torn), and ``lost`` how many records are missing behind ``tail`` because of it (None: not known).
    """

    records: tuple[Record, ...]
    tail: Tail
    first: Record | None
    damage: str = ""
    lost: int | None = 0


def seed_of(call_id: str, incarnation: int, number: int) -> int:
    """The checksum that the first record of a segment continues."""
    return zlib.crc32(f"{call_id}/{incarnation}.{number}".encode())


def start_of(seed: int) -> Tail:
    """Where an empty segment goes on."""
    return Tail(0, seed, 0)


def batch(tail: Tail, items: Sequence[tuple[int, int, bytes]]) -> tuple[bytes, Tail]:
    """The bytes of a batch behind ``tail``, of kinds, flags and payloads, and where the segment goes on then."""
    parts: list[bytes] = []
    checksum, sequence, size = tail.checksum, tail.sequence, tail.size
    for left, (kind, flags, payload) in enumerate(items, 1 - len(items)):
        sequence += 1
        start = _START.pack(_MAGIC + bytes((VERSION,)), kind, flags | (0 if left else LAST), 0, len(payload), checksum, sequence)
        header = start + _CRC.pack(zlib.crc32(start))
        checksum = zlib.crc32(payload, zlib.crc32(header))
        parts += (header, payload, _TRAILER.pack(checksum, OVERHEAD + len(payload)))
        size += OVERHEAD + len(payload)
    return b"".join(parts), Tail(size, checksum, sequence)


def scan(data: bytes, seed: int) -> Scan:
    """What the segment ``data`` holds whose name has the checksum ``seed``.

    Raises:
        NewerFormatError: a later program wrote it.
    """
    records: list[Record] = []
    first, whole = None, 0
    tail = committed = start_of(seed)
    while tail.size < len(data):
        found = _record_at(data, tail.size)
        flaw = found if isinstance(found, str) else _misfit(found, tail)
        if flaw or isinstance(found, str):
            damage, lost = _judge(data, tail, committed, flaw, torn=found == _TORN)
            return Scan(tuple(records[:whole]), committed, first, damage, lost)
        record, _, checksum = found
        records.append(record)
        first = first or record
        tail = Tail(tail.size + OVERHEAD + len(record.payload), checksum, record.sequence)
        if record.flags & LAST:
            whole, committed = len(records), tail
    return Scan(tuple(records[:whole]), committed, first)


def last_record(end: bytes) -> Record | None:
    """The last record of the segment that ends with ``end``; None if there is no whole one, or not all of it is in ``end``."""
    if len(end) < OVERHEAD:
        return None
    _, length = _TRAILER.unpack_from(end, len(end) - _TRAILER.size)
    if not OVERHEAD <= length <= len(end):
        return None
    found = _record_at(end, len(end) - length)
    return None if isinstance(found, str) or len(found[0].payload) + OVERHEAD != length else found[0]


def first_record(beginning: bytes) -> Record | None:
    """The first record of the segment that begins with ``beginning``; None if it is not whole there.

    Raises:
        NewerFormatError: a later program wrote it.
    """
    found = _record_at(beginning, 0)
    return None if isinstance(found, str) else found[0]


def length_at_end(end: bytes) -> int:
    """How long the last record of a segment says that it is; ``end`` are the segment's last bytes. 0 if there are too few."""
    return 0 if len(end) < OVERHEAD else int(_CRC.unpack_from(end, len(end) - _CRC.size)[0])


_TORN: Final = "the file ends inside a record"


def _record_at(data: bytes, at: int) -> tuple[Record, int, int] | str:
    """A record, the checksum that it continues, and its own; or what is wrong with it."""
    if len(data) - at < _HEADER:
        return _TORN
    magic, kind, flags, zero, length, previous, sequence = _START.unpack_from(data, at)
    (crc,) = _CRC.unpack_from(data, at + _START.size)
    start = data[at : at + _START.size]
    if magic != _MAGIC + bytes((VERSION,)):
        ours = _MAGIC + bytes((VERSION,)) + start[4:]
        if magic[:3] == _MAGIC and zlib.crc32(ours) != crc and zlib.crc32(start) == crc:
            raise NewerFormatError(f"its format has version {magic[3]}, this is {VERSION}")
        return "a header is broken"
    if zlib.crc32(start) != crc:
        return "a header is broken"
    end = at + _HEADER + length
    if end + _TRAILER.size > len(data):
        return _TORN
    payload = data[at + _HEADER : end]
    checksum, total = _TRAILER.unpack_from(data, end)
    if checksum != zlib.crc32(payload, zlib.crc32(data[at : at + _HEADER])) or total != length + OVERHEAD:
        return f"record {sequence} does not fit its checksum"
    if kind not in _KINDS or zero or flags & ~(LAST | ENDED):
        raise NewerFormatError(f"record {sequence} is of the kind {kind}.{flags}.{zero}, which this program does not know")
    return Record(kind, flags, sequence, payload), previous, checksum


def _misfit(found: tuple[Record, int, int], tail: Tail) -> str:
    record, previous, _ = found
    if previous != tail.checksum or record.sequence != tail.sequence + 1:
        return f"record {record.sequence} does not follow the one before it"
    return ""


def _judge(data: bytes, tail: Tail, committed: Tail, flaw: str, *, torn: bool) -> tuple[str, int | None]:
    """Whether the segment is damaged behind ``tail``, and how many records are lost."""
    last, end = _last_behind(data, tail.size)
    if torn and last is None:
        return "", 0
    found = f"{flaw if not torn else 'a record is broken'}, {tail.size} bytes from its beginning"
    if last is None and not torn:
        last, end = _damaged_last(data, tail.size)
    return found, last - committed.sequence if last is not None and end == len(data) else None


def _last_behind(data: bytes, at: int) -> tuple[int | None, int]:
    """The sequence of the last valid record behind the flaw at ``at`` (None: there is none), and where it ends."""
    last, end = None, 0
    at = data.find(_MAGIC, at + 1)
    while at >= 0:
        found = _valid(data, at)
        if found is None:
            at = data.find(_MAGIC, at + 1)
        else:
            last, end = found.sequence, at + OVERHEAD + len(found.payload)
            at = end if data.startswith(_MAGIC, end) else data.find(_MAGIC, end)
    return last, end


def _damaged_last(data: bytes, at: int) -> tuple[int | None, int]:
    """The sequence of the record at ``at`` whose payload is broken, if it is the last one and its header is sound."""
    start = data[at : at + _START.size]
    *_, length, _, sequence = _START.unpack(start)
    sound = zlib.crc32(start) == _CRC.unpack_from(data, at + _START.size)[0]
    return (sequence, at + OVERHEAD + length) if sound else (None, 0)


def _valid(data: bytes, at: int) -> Record | None:
    try:
        found = _record_at(data, at)
    except NewerFormatError:
        return None
    return None if isinstance(found, str) else found[0]
