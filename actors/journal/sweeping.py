"""Removes the journals that nobody needs any more."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from heapq import nsmallest
from math import inf
from pathlib import Path
from typing import Final

from actors.journal.connecting import COMPANIONS, companion, connect, set_up, transaction
from actors.journal.folder import MAX_LOOKED_INTO, journals, look_at, written_wall_s
from actors.journal.mending import aside_of, remove
from protocols import JournalError

ABANDONED_S: Final = 7 * 86_400.0
"""An open call that nobody has written to for so long is given up, and so is what cannot be read."""

Known = dict[Path, tuple[float, float]]
"""When each file was written when it was last looked into, and when it is due (seconds since the epoch)."""


def sweep(folder: Path, wall_s: float, known: Known | None = None) -> tuple[str, ...]:
    """Remove the calls whose retention is over at ``wall_s``, and abandoned ones; gives their ids.

    With a call go its damaged files. ``known`` spares looking again into what nobody has written to since the last sweep. Looks at no more
    than `MAX_LOOKED_INTO` files, oldest first. What the disk does not let be removed is left for the next time, and what a later program
    wrote is left to that.
    """
    known = {} if known is None else known
    removed = []
    for path in nsmallest(MAX_LOOKED_INTO, journals(folder), key=written_wall_s):
        written = written_wall_s(path)
        if known.get(path, (-1.0, 0.0))[0] != written:
            known[path] = (written, _due_wall_s(path))
        if known[path][1] <= wall_s:
            with suppress(OSError, sqlite3.Error):
                if _remove_if_due(path, wall_s):
                    removed.append(path.stem)
    for gone in [path for path in known if not path.exists()]:
        del known[gone]
    _remove_orphans(folder, wall_s)
    return tuple(removed)


def _due_wall_s(path: Path) -> float:
    try:
        record = look_at(path)
    except JournalError as failure:
        if not failure.retryable:
            return inf
        record = None
    if record is None or record.is_open:
        return written_wall_s(path) + ABANDONED_S
    return record.ended_wall_s + record.retention_s


def _remove_if_due(path: Path, wall_s: float) -> bool:
    """Remove it, unless somebody takes it up again in this moment: whoever does has the lock, or sees that another file is there."""
    with closing(connect(path)) as sqlite:
        try:
            set_up(sqlite)
            with transaction(sqlite):
                if _due_wall_s(path) > wall_s:
                    return False
                remove(path)
        except sqlite3.DatabaseError as failure:
            if getattr(failure, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise
            remove(path)
    return True


def _remove_orphans(folder: Path, wall_s: float) -> None:
    """Damaged files of calls that are gone."""
    for aside in _asides(folder):
        with suppress(OSError):
            if aside.stat().st_mtime + ABANDONED_S <= wall_s:
                for suffix in ("", *COMPANIONS):
                    companion(aside, suffix).unlink(missing_ok=True)


def _asides(folder: Path) -> Iterator[Path]:
    paths = {Path(str(file).rpartition(".damaged-")[0]) for file in folder.glob("*.sqlite3.damaged-*")}
    return (aside for path in paths if not path.exists() for aside in aside_of(path))
