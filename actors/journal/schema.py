"""The format of a journal's file: its tables in version 2, how a file of version 1 becomes one, and how a file says its version.

A file says its version twice, so that a damaged header is never taken for another version: as ``user_version``, and as an
``application_id`` that no other version has. Files of version 1 have no ``application_id``.

- ``life`` (one row): the newest incarnation, where the entries end (`rows.Head`), and the damage that no life has told yet: ``report``, and
  how many entries were ``lost`` (NULL: not known).
- ``call`` (one row, or none in a migrated file): the `record.CallRecord` in msgpack.
- ``entries``: `rows.Row`.
"""

import sqlite3
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from actors.journal.record import CallRecord
from actors.journal.rows import START, Head, Item, Row
from actors.journal.wal import Extent
from protocols import DecodeError, pack, unpack

SCHEMA_VERSION: Final = 2
_TABLES: Final = (
    "CREATE TABLE life (incarnation INTEGER, seq INTEGER, seal INTEGER, rows INTEGER, lost INTEGER, report BLOB, crc INTEGER)",
    "CREATE TABLE call (body BLOB, crc INTEGER)",
    """CREATE TABLE entries
       (seq INTEGER PRIMARY KEY, incarnation INTEGER, event INTEGER, flags INTEGER, link INTEGER, crc INTEGER, seal INTEGER, body BLOB)""",
)
_INSERT: Final = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_EXTENT: Final = "SELECT count(*), ifnull(max(iif(flags & 1, seq, 0)), 0) FROM entries"
_NEEDED: Final = (
    "SELECT seq, incarnation, event, flags, link, crc, seal, body FROM entries WHERE seq >= ? OR event IS NOT NULL ORDER BY seq"
)
_WITHOUT_BODIES: Final = "SELECT seq, incarnation, event, flags, link, crc, seal, NULL FROM entries ORDER BY seq"
_BODIES: Final = "SELECT seq, body FROM entries WHERE typeof(body) = 'blob' ORDER BY seq"
_LIFE: Final = struct.Struct("<qqqqq")
_UNKNOWN: Final = -1
_CHECKPOINT_1: Final = b"\x92\xaacheckpoint"
"""How the body of a checkpoint begins in version 1: a pair of that tag and its fields."""
_KINDS: Final = frozenset((int, int, event, int, int, int, int, body) for event in (int, type(None)) for body in (bytes, type(None)))


UNREADABLE: Final = (sqlite3.Error, UnicodeError, MemoryError)
"""What reading a damaged file may raise: a name in it may be no text, and the size of a row beyond all memory."""


class DamagedError(Exception):
    """The file is not what was written. ``known`` is how far its log was committed, where that is known. Never leaves this package."""

    def __init__(self, text: str, *, known: Extent | None = None) -> None:
        super().__init__(text)
        self.known = known


class NewerError(Exception):
    """The file is a later program's. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class Life:
    """The row of the table ``life``."""

    incarnation: int = 0
    head: Head = START
    lost: int | None = 0
    report: str = ""


NO_LIFE: Final = Life()
"""Of a file that nobody has begun a life with."""


def prepare(sqlite: sqlite3.Connection) -> None:
    """Give an empty file its tables, and bring one of version 1 up; within a transaction.

    Raises:
        DamagedError, NewerError: it is neither, nor of our version.
    """
    match version_of(sqlite):
        case 0:
            create(sqlite, NO_LIFE, ())
        case 1:
            _migrate(sqlite)
        case _:
            pass


def version_of(sqlite: sqlite3.Connection) -> int:
    """The version of a file, 0 for an empty one.

    Raises:
        DamagedError, NewerError: it is none that we know.
    """
    version, stamp = _pragma(sqlite, "user_version"), _pragma(sqlite, "application_id")
    if version > 1 and stamp == _stamp(version):
        if version > SCHEMA_VERSION:
            raise NewerError(f"has schema version {version}, this is {SCHEMA_VERSION}")
        return version
    tables = [name for (name,) in sqlite.execute("SELECT name FROM sqlite_master ORDER BY name")]
    if (version, stamp, tables) not in [(0, 0, []), (1, 0, ["entries", "life"])]:
        raise DamagedError(f"its header says version {version} with the mark {stamp}")
    return version


def create(sqlite: sqlite3.Connection, life: Life, rows: Iterable[Row]) -> None:
    """The tables of an empty file."""
    for statement in _TABLES:
        sqlite.execute(statement)
    sqlite.execute("INSERT INTO life VALUES (0, 0, 0, 0, 0, x'', 0)")
    write_life(sqlite, life)
    insert(sqlite, rows)
    sqlite.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    sqlite.execute(f"PRAGMA application_id = {_stamp(SCHEMA_VERSION)}")


def read_life(sqlite: sqlite3.Connection) -> Life:
    """The newest life.

    Raises:
        DamagedError: there is not exactly one that fits its checksum.
    """
    match sqlite.execute("SELECT * FROM life LIMIT 2").fetchall():
        case [(int(incarnation), int(seq), int(seal), int(rows), int() | None as lost, bytes(report), int(crc))]:
            life = Life(incarnation, Head(seq, seal, rows), lost, report.decode(errors="replace"))
            if crc == _crc_of(life):
                return life
        case _:
            pass
    raise DamagedError("its record of the newest life does not fit its checksum")


def write_life(sqlite: sqlite3.Connection, life: Life) -> None:
    """Replace the newest life."""
    head = life.head
    values = (life.incarnation, head.seq, head.seal, head.rows, life.lost, life.report.encode(), _crc_of(life))
    sqlite.execute("UPDATE life SET incarnation = ?, seq = ?, seal = ?, rows = ?, lost = ?, report = ?, crc = ?", values)


def read_record(sqlite: sqlite3.Connection) -> CallRecord | None:
    """What the call is; None if the file does not say.

    Raises:
        DamagedError: what it says does not fit its checksum.
    """
    match sqlite.execute("SELECT body, crc FROM call LIMIT 2").fetchall():
        case []:
            return None
        case [(bytes(body), int(crc))] if zlib.crc32(body) == crc:
            try:
                record: CallRecord = unpack(CallRecord, body)
            except DecodeError as failure:
                raise DamagedError(f"its record of the call cannot be read ({failure})") from failure
            return record
        case _:
            pass
    raise DamagedError("its record of the call does not fit its checksum")


def write_record(sqlite: sqlite3.Connection, record: CallRecord) -> None:
    """Replace what the call is."""
    body = pack(CallRecord, record)
    if sqlite.execute("SELECT body FROM call").fetchall() != [(body,)]:
        sqlite.execute("DELETE FROM call")
        sqlite.execute("INSERT INTO call VALUES (?, ?)", (body, zlib.crc32(body)))


def insert(sqlite: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Add rows."""
    sqlite.executemany(_INSERT, rows)


def require_sound(sqlite: sqlite3.Connection) -> None:
    """Look through the file's structure, in less than a millisecond: what is written over hidden damage may be lost.

    Raises:
        DamagedError: there is some.
    """
    found = sqlite.execute("PRAGMA quick_check(1)").fetchone()
    if found != ("ok",):
        raise DamagedError(f"its structure is broken: {str(found[0]).splitlines()[-1]}")


def read_needed(sqlite: sqlite3.Connection, head: Head) -> tuple[Row, ...]:
    """The rows that a life needs: the events, and all from the newest checkpoint on.

    Raises:
        DamagedError: a row is none, or there are more or fewer than ``head`` says.
    """
    count, base = sqlite.execute(_EXTENT).fetchone()
    if count != head.rows:
        raise DamagedError(f"it has {count} rows instead of {head.rows}")
    rows = [_row(columns) for columns in sqlite.execute(_NEEDED, (base,))]
    if None in rows:
        raise DamagedError("a row has columns of a wrong kind")
    return tuple(row for row in rows if row is not None)


def read_any(sqlite: sqlite3.Connection) -> tuple[Row, ...]:
    """The rows that can be read of a damaged file, from either end up to what cannot; those whose body cannot be read have none."""
    rows: dict[int, Row] = {}
    bodies: dict[int, bytes] = {}
    for direction in ("ASC", "DESC"):
        with suppress(*UNREADABLE):
            for columns in sqlite.execute(f"{_WITHOUT_BODIES} {direction}"):
                row = _row(columns)
                if row is not None and rows.setdefault(row.seq, row) is not row:
                    break
        with suppress(*UNREADABLE):
            for seq, body in sqlite.execute(f"{_BODIES} {direction}"):
                if seq in bodies:
                    break
                bodies[seq] = body
    return tuple(rows[seq]._replace(body=bodies[seq] if seq in bodies else _body(sqlite, seq)) for seq in sorted(rows))


def _body(sqlite: sqlite3.Connection, seq: int) -> bytes | None:
    with suppress(*UNREADABLE):
        for (body,) in sqlite.execute("SELECT body FROM entries WHERE seq = ?", (seq,)):
            if isinstance(body, bytes):
                return body
    return None


def _row(columns: tuple[Any, ...]) -> Row | None:
    return Row._make(columns) if tuple(map(type, columns)) in _KINDS else None


def _migrate(sqlite: sqlite3.Connection) -> None:
    """Version 1 had neither checksums nor a record; where its transactions ended is not known."""
    incarnation = sqlite.execute("SELECT max(incarnation) FROM life").fetchone()[0]
    if type(incarnation) is not int:
        raise DamagedError("the table life is empty")
    rows: list[Row] = []
    for seq, life, event, body in sqlite.execute("SELECT seq, incarnation, event, body FROM entries ORDER BY seq"):
        link = rows[-1].seal if rows and rows[-1].seq == seq - 1 else 0
        rows.append(Row.sealed(seq, life, Item(body, event, body.startswith(_CHECKPOINT_1)), link, last=True))
    for table in ("life", "entries"):
        sqlite.execute(f"DROP TABLE {table}")
    head = Head(rows[-1].seq, rows[-1].seal, len(rows)) if rows else START
    create(sqlite, Life(incarnation, head), rows)


def _pragma(sqlite: sqlite3.Connection, name: str) -> int:
    return int(sqlite.execute(f"PRAGMA {name}").fetchone()[0])


def _stamp(version: int) -> int:
    return zlib.crc32(b"livekitex journal %d" % version) & 0x7FFF_FFFF


def _crc_of(life: Life) -> int:
    head, lost = life.head, _UNKNOWN if life.lost is None else life.lost
    return zlib.crc32(life.report.encode(), zlib.crc32(_LIFE.pack(life.incarnation, head.seq, head.seal, head.rows, lost)))
