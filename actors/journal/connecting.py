"""Connections to a journal's file, and what SQLite's failures mean."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from actors.journal.schema import DamagedError, NewerError
from protocols import JournalError

BUSY_TIMEOUT_S: Final = 1.0
"""How long a write waits for somebody who holds the file's lock (a reader's copy, a backup)."""
LOOK_TIMEOUT_S: Final = 0.1
"""How long one who only looks waits for somebody who lets nobody look."""
COMPANIONS: Final = ("-wal", "-shm")
"""What SQLite keeps beside the file of this name while it is in use."""

_MAGIC: Final = b"SQLite format 3\x00\x10\x00"
"""How a file begins: the mark, and the size of its pages."""
_FORMATS: Final = (b"\x01\x01", b"\x02\x02")
"""Then: without a log, and with one. Others SQLite only reads."""
_OF_THE_DISK: Final = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)


def companion(path: Path, suffix: str) -> Path:
    """The file beside ``path`` whose name ends with ``suffix``."""
    return path.with_name(path.name + suffix)


def make(path: Path) -> int:
    """Make the file where there is none, and its folder, for the user alone; sqlite gives the file's companions its mode. Gives its number.

    Raises:
        OSError: it cannot be had.
        DamagedError: it does not begin as a file that SQLite lets be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        head = os.pread(descriptor, len(_MAGIC) + 2, 0)
        if head and (head[:-2] != _MAGIC or head[-2:] not in _FORMATS):
            raise DamagedError("its header is not one of a journal")
        if not head and _has_log(path):  # which SQLite would remove
            raise DamagedError("it is empty, and its log is not")
        return os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the file, which exists, that may write. Nothing is read yet, so nothing can fail: `set_up` comes next."""
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)


def set_up(sqlite: sqlite3.Connection) -> None:
    """Prepare a new connection for writing.

    Raises:
        sqlite3.Error: the file cannot be opened. To close the connection may remove a damaged log: whoever wants to keep it does so first.
    """
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "synchronous = NORMAL", "journal_mode = WAL"):
        sqlite.execute(f"PRAGMA {pragma}")


@contextmanager
def look_into(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, beside whoever writes, and changes nothing: neither the file nor what tells of lost writes.

    Raises:
        OSError, sqlite3.Error: there is no such file, or it cannot be read.
    """
    shm = companion(path, "-shm")
    if shm.exists():
        how = "readonly_shm=1"
    elif _has_log(path):
        raise FileNotFoundError(f"{shm} is missing")
    else:
        how = "immutable=1"
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&{how}", timeout=LOOK_TIMEOUT_S, uri=True)) as sqlite:
        yield sqlite


def _has_log(path: Path) -> bool:
    log = companion(path, "-wal")
    return log.exists() and log.stat().st_size > 0


@contextmanager
def transaction(sqlite: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing, and nobody else meanwhile. They survive the process, not the machine's power.

    Raises:
        sqlite3.Error: nothing was written.
    """
    sqlite.execute("BEGIN IMMEDIATE")
    try:
        yield
        sqlite.execute("COMMIT")
    except BaseException:
        if sqlite.in_transaction:
            sqlite.execute("ROLLBACK")
        raise


@contextmanager
def failures(what: str, path: Path) -> Iterator[None]:
    """Tell the disk's failures from damage.

    Raises:
        JournalError: the disk fails (retryable), or the file is a later program's (not retryable).
        DamagedError: the file is not what was written.
    """
    try:
        yield
    except OSError as failure:
        raise disk_error(what, path, failure) from failure
    except sqlite3.Error as failure:
        if getattr(failure, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _OF_THE_DISK:
            raise disk_error(what, path, failure) from failure
        raise DamagedError(str(failure)) from failure
    except (UnicodeError, MemoryError) as failure:
        raise DamagedError(f"it cannot be read: {failure}") from failure
    except NewerError as failure:
        raise JournalError(f"{path} {failure}: use the program that wrote it, or remove the file", retryable=False) from failure


def disk_error(what: str, path: Path, failure: Exception) -> JournalError:
    """The disk does not let ``what`` be done."""
    return JournalError(f"cannot {what} {path} ({failure}): make room on the disk, or its folder writable", retryable=True)
