"""What becomes of a damaged journal: it is kept aside, and a new file is made with the last good state.

A second name for the damaged file condemns it: until another has taken its place, nobody uses it. The new file is made whole beside it
first; whoever opens the journal after somebody was killed in between finishes the work. So no moment leaves an older state that looks
like the newest.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from actors.journal.connecting import COMPANIONS, companion, failures, make, transaction
from actors.journal.record import CallRecord
from actors.journal.rows import START, Head, Row, flaw, mend
from actors.journal.schema import (
    NO_LIFE,
    UNREADABLE,
    DamagedError,
    Life,
    NewerError,
    create,
    prepare,
    read_any,
    read_life,
    read_needed,
    read_record,
    require_sound,
    write_record,
)
from actors.journal.wal import PAGE_BYTES, Extent, Log, Merged, extent, merged, read_log

KEPT_ASIDE: Final = 3
"""Damaged files of one call; of more the oldest are removed."""
MAX_BYTES: Final = 1 << 28
"""A larger file is none of ours, and is not looked into."""

_INDEX_BYTES: Final = 96
NEW: Final = ".mended"
"""Ends the name of a mended file that has not taken its place yet."""
_UNFINISHED: Final = ".mending"
_ASIDE: Final = re.compile(r"\.damaged-(\d{1,9})$")


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds; ``rows`` are those that a life needs."""

    life: Life = NO_LIFE
    record: CallRecord | None = None
    rows: tuple[Row, ...] = ()

    def told(self) -> str:
        """What was lost of it, in words."""
        match self.life.lost:
            case 0:
                return "nothing of the call's state is lost"
            case _ if not self.rows:
                return "nothing of it could be read: what was said in the call so far is forgotten"
            case None:
                return "the call is set back to the last state that could be read"
            case lost:
                return f"the call is set back by its newest {lost} entries"


_NOTHING: Final = Found(Life(lost=None))


def read(sqlite: sqlite3.Connection) -> Found:
    """What a whole file holds.

    Raises:
        DamagedError: it is not whole.
        sqlite3.Error: it cannot be read.
    """
    require_sound(sqlite)
    life, record = read_life(sqlite), read_record(sqlite)
    rows = read_needed(sqlite, life.head)
    if wrong := flaw(rows, life.head):
        raise DamagedError(wrong)
    return Found(life, record, rows)


def read_past(path: Path) -> Found:
    """What the file holds, whoever has locked it, and wherever it stands; nothing of it is changed.

    Raises:
        JournalError: it cannot be read, or a later program wrote it.
        DamagedError: it is damaged.
    """
    with failures("read", path):
        refuse_condemned(path)
        before = extent_of(path)
        file, log = _bytes_of(path)
        seen = merged(file, read_log(log, before), strict=True)
        if not seen.complete:
            raise DamagedError("its newest pages are lost", known=before)
        with _opened(seen.image) as sqlite:
            prepare(sqlite)
            return read(sqlite)


def extent_of(path: Path) -> Extent | None:
    """How far the log is committed, as its index says; None if it says nothing."""
    try:
        with companion(path, "-shm").open("rb") as index:
            return extent(index.read(_INDEX_BYTES))
    except FileNotFoundError:
        return None


def set_back(path: Path, damage: DamagedError, sqlite: sqlite3.Connection | None) -> None:
    """Keep the damaged file aside and put its last good state in its place, with a report; the connection to it is closed.

    Raises:
        JournalError: the disk does not let it; then `last_good` is still to be had.
    """
    with failures("mend", path):
        aside = _keep_aside(path)
        found = last_good(aside, damage)
        report = f"{path} was damaged ({damage}). It is kept as {aside.name}; {found.told()}"
        _make(companion(path, NEW), replace(found, life=replace(found.life, report=report)))
        if sqlite is not None:
            sqlite.close()
        finish(path)


def finish(path: Path) -> None:
    """Put a mended file in its place that somebody left beside it.

    Raises:
        OSError: the disk does not let it.
    """
    new = companion(path, NEW)
    if new.exists():
        for suffix in COMPANIONS:  # first: a log knows not to which file it belongs
            companion(path, suffix).unlink(missing_ok=True)
        new.replace(path)


def refuse_condemned(path: Path) -> None:
    """Refuse a file that is kept aside as damaged already, and only has not been replaced yet.

    Raises:
        DamagedError: it is one.
        OSError: it cannot be looked for.
    """
    if path.stat().st_nlink > 1 and any(path.samefile(aside) for aside in aside_of(path)):
        raise DamagedError("it was to be replaced before")


def last_good(path: Path, damage: DamagedError) -> Found:
    """The last good state of a damaged file, as far as its bytes can be had; empty if there is none."""
    with suppress(OSError):
        path = next((aside for aside in aside_of(path) if path.samefile(aside)), path)
    try:
        file, log = _bytes_of(path)
    except OSError:
        return _NOTHING
    best = _NOTHING
    for merged_ in _images(file, read_log(log, damage.known)):
        with suppress(*UNREADABLE, DamagedError, NewerError), _opened(merged_.image) as sqlite:
            prepare(sqlite)
            found = _rescue(sqlite)
            if _end(found) > _end(best):
                known = merged_.complete or found.life.lost != 0
                best = found if known else replace(found, life=replace(found.life, lost=None))
    return best


def aside_of(path: Path) -> list[Path]:
    """The damaged files of a call that are kept aside, oldest first."""
    return sorted((file for file in path.parent.glob(f"{path.name}.damaged-*") if _ASIDE.search(file.name)), key=_number)


def remove(path: Path) -> None:
    """Remove a journal with all that lies beside it.

    Raises:
        OSError: the disk does not let it.
    """
    for file in (path, companion(path, NEW), companion(path, _UNFINISHED), *aside_of(path)):
        for suffix in ("", *COMPANIONS):
            companion(file, suffix).unlink(missing_ok=True)


def _rescue(sqlite: sqlite3.Connection) -> Found:
    life, record = None, None
    with suppress(*UNREADABLE, DamagedError):
        life = read_life(sqlite)
    with suppress(*UNREADABLE, DamagedError):
        record = read_record(sqlite)
    rows = read_any(sqlite)
    mended = mend(rows, life.head if life else None)
    incarnation = max([life.incarnation if life else 0, *(row.incarnation for row in rows if row.authentic)])
    end = mended.rows[-1] if mended.rows else None
    head = Head(end.seq, end.seal, len(mended.rows)) if end else START
    return Found(Life(incarnation, head, mended.lost), record, mended.rows)


def _end(found: Found) -> tuple[int, int, bool]:
    return found.life.head.seq, found.life.incarnation, found.record is not None


def _images(file: bytes, log: Log) -> Iterator[Merged]:
    """The databases that the bytes may be, the likeliest first."""
    yield merged(file, log, strict=True)
    lenient = merged(file, log, strict=False)
    yield lenient
    if len(lenient.image) > PAGE_BYTES:  # a lost first page is made anew: it says where the tables begin, which is always the same
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as sqlite:
            create(sqlite, NO_LIFE, ())
            fresh = sqlite.serialize()
        size = (len(lenient.image) // PAGE_BYTES).to_bytes(4, "big")
        yield replace(lenient, image=fresh[:28] + size + fresh[32:PAGE_BYTES] + lenient.image[PAGE_BYTES:])


@contextmanager
def _opened(image: bytes) -> Iterator[sqlite3.Connection]:
    """A database in memory; what is written to it is gone afterwards."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as sqlite:
        if image:
            sqlite.deserialize(image[:18] + b"\x01\x01" + image[20:])  # it has no log
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON"):
            sqlite.execute(f"PRAGMA {pragma}")
        yield sqlite


def _bytes_of(path: Path) -> tuple[bytes, bytes]:
    log = companion(path, "-wal")
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    if size > MAX_BYTES:
        raise OSError(f"it has {size} bytes")
    return path.read_bytes(), log.read_bytes() if log.exists() else b""


def _make(path: Path, found: Found) -> None:
    """A file that holds what was ``found``; it bears its name only once it is whole."""
    unfinished = path.with_suffix(_UNFINISHED)
    unfinished.unlink(missing_ok=True)
    try:
        make(unfinished)
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as sqlite:
            sqlite.execute("PRAGMA journal_mode = MEMORY")
            with transaction(sqlite):
                create(sqlite, found.life, found.rows)
                if found.record is not None:
                    write_record(sqlite, found.record)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)  # it may be what the disk is full of
        raise


def _keep_aside(path: Path) -> Path:
    """Another name for the damaged file and its companions; the one that it has, if somebody was interrupted here before."""
    kept = aside_of(path)
    aside = next((aside for aside in kept if path.samefile(aside)), None)
    if aside is None:
        aside = companion(path, f".damaged-{_number(kept[-1]) + 1 if kept else 1}")
        _duplicate(path, aside)
    for suffix in COMPANIONS:
        if companion(path, suffix).exists() and not companion(aside, suffix).exists():
            _duplicate(companion(path, suffix), companion(aside, suffix))
    for old in aside_of(path)[:-KEPT_ASIDE]:
        for suffix in ("", *COMPANIONS):
            companion(old, suffix).unlink(missing_ok=True)
    return aside


def _number(aside: Path) -> int:
    return int(aside.name.rpartition("-")[2])


def _duplicate(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copy2(source, target)
