"""A call's journal: one SQLite file, written by one thread of one life.

``entries`` only grows, but for what a checkpoint makes superfluous. ``life`` holds the newest incarnation: opening the journal makes a new
one, and from then on every older one is refused. Blocking; knows no actor and no thread.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from actors.agent_session.core import EVENTS_KEPT, Checkpoint, Entry, Happened
from protocols import DecodeError, FencedError, JournalError, pack, unpack

SCHEMA_VERSION: Final = 1
BUSY_TIMEOUT_S: Final = 1.0
"""How long a write waits for somebody who holds the file's lock (a reader's copy, a backup)."""
_SCHEMA: Final = (
    "CREATE TABLE life (incarnation INTEGER NOT NULL)",
    "CREATE TABLE entries (seq INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL, event INTEGER, body BLOB NOT NULL)",
    "INSERT INTO life VALUES (0)",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


class Journal:
    """The journal of one life, open. Use it from the thread that opened it.

    ``incarnation`` counts this life; ``past`` are the entries of those before it, oldest first.

    Raises:
        JournalError: the file cannot be made or opened (retryable), or it is damaged or of another version (not retryable).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._errors("open"):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # sqlite gives its other files the mode of this one
            self._sqlite = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            with self._errors("open"):
                self._prepare()
                self.incarnation, self.past = self._begin_life()
        except JournalError:
            self._sqlite.close()
            raise

    def append(self, transactions: Sequence[Sequence[Entry]]) -> None:
        """Commit the entries of all ``transactions`` at once. They survive the process, not the machine's power.

        Raises:
            FencedError: a newer life has begun; nothing was written.
            JournalError: the disk is full, locked or read-only; nothing was written, a retry may help.
        """
        with self._errors("write"), self._transaction():
            if self._newest_life() != self.incarnation:
                raise FencedError(
                    f"{self._path}: a newer life of this call writes the journal; this one (number {self.incarnation}) must end"
                )
            for entries in transactions:
                for entry in entries:
                    self._insert(entry)

    def close(self, *, delete: bool) -> None:
        """Close the journal, and remove its files where ``delete``; it cannot be used any more."""
        with self._errors("close"):
            self._sqlite.close()
            if delete:
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _prepare(self) -> None:
        self._sqlite.execute("PRAGMA synchronous = NORMAL")
        self._sqlite.execute("PRAGMA journal_mode = WAL")
        version = self._sqlite.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with self._transaction():
                for statement in _SCHEMA:
                    self._sqlite.execute(statement)
        elif version != SCHEMA_VERSION:
            text = f"{self._path} has schema version {version}, this is {SCHEMA_VERSION}: use the program that wrote it, or remove the file"
            raise JournalError(text, retryable=False)

    def _begin_life(self) -> tuple[int, tuple[Entry, ...]]:
        with self._transaction():
            incarnation = self._newest_life() + 1
            self._sqlite.execute("UPDATE life SET incarnation = ?", (incarnation,))
            rows = self._sqlite.execute("SELECT body FROM entries ORDER BY seq").fetchall()
        return incarnation, tuple(unpack(Entry, body) for (body,) in rows)

    def _newest_life(self) -> int:
        row = self._sqlite.execute("SELECT incarnation FROM life").fetchone()
        if row is None:
            raise sqlite3.DatabaseError("the table life is empty")
        return int(row[0])

    def _insert(self, entry: Entry) -> None:
        number = entry.number if isinstance(entry, Happened) else None
        row = (self.incarnation, number, pack(Entry, entry))
        seq = self._sqlite.execute("INSERT INTO entries (incarnation, event, body) VALUES (?, ?, ?)", row).lastrowid
        if isinstance(entry, Checkpoint):
            oldest = entry.memory.next_event - EVENTS_KEPT
            self._sqlite.execute("DELETE FROM entries WHERE seq < ? AND (event IS NULL OR event < ?)", (seq, oldest))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._sqlite.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._sqlite.execute("COMMIT")
        except BaseException:
            if self._sqlite.in_transaction:
                self._sqlite.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as failure:
            text = f"cannot {what} {self._path} ({failure}): make room on the disk, or its folder writable"
            raise JournalError(text, retryable=True) from failure
        except (sqlite3.DatabaseError, DecodeError) as failure:
            text = f"{self._path} is damaged ({failure}): remove the file; what the call had said so far is lost"
            raise JournalError(text, retryable=False) from failure
