"""How a journal is opened to be written: whole, or mended, and not while another file takes its place."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from actors.journal.connecting import connect, failures, make, set_up, transaction
from actors.journal.mending import Found, extent_of, finish, read, refuse_condemned, set_back
from actors.journal.schema import DamagedError, prepare
from actors.journal.wal import Extent, frames_lost
from protocols import JournalError

_ATTEMPTS: Final = 5
"""How often the file is opened anew because somebody puts another in its place meanwhile."""


class StuckError(Exception):
    """The file is damaged, and for ``failure`` nothing can be done about it now. Never leaves this package."""

    def __init__(self, damage: DamagedError, failure: JournalError) -> None:
        super().__init__(str(damage))
        self.damage = damage
        self.failure = failure


class _ReplacedError(Exception):
    """Another file stands in the place of the one that was opened."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open journal; ``number`` is its file's (see `is_at`), and ``found`` what it held before it was opened."""

    sqlite: sqlite3.Connection
    number: int
    found: Found


def open_file(path: Path, act: Callable[[sqlite3.Connection, Found], None]) -> Opened:
    """Open the journal, make it where there is none, mend it where it is damaged, and ``act`` in the transaction in which it was read.

    Raises:
        JournalError: the disk does not let it (retryable), or the file is a later program's; nothing was changed.
        StuckError: it is damaged and cannot be mended.
    """
    for _ in range(_ATTEMPTS):
        sqlite: sqlite3.Connection | None = None
        before: Extent | None = None
        try:
            with failures("open", path):
                finish(path)
                before = extent_of(path)  # before anybody opens the file: whoever does it first writes there what is left
                number = make(path)
                refuse_condemned(path)
                sqlite = connect(path)
                set_up(sqlite)
                found = _read_and(act, sqlite, path, number, before)
        except _ReplacedError:
            pass
        except DamagedError as failure_:
            damage = DamagedError(str(failure_), known=before)
            try:
                set_back(path, damage, sqlite)
            except JournalError as failure:
                raise StuckError(damage, failure) from damage
        else:
            kept, sqlite = sqlite, None
            return Opened(kept, number, found)
        finally:
            if sqlite is not None:
                sqlite.close()
    raise JournalError(f"{path} is replaced again and again while it is opened", retryable=True)


def is_at(path: Path, number: int) -> bool:
    """Whether the file ``number`` still stands at ``path``."""
    try:
        return path.stat().st_ino == number
    except FileNotFoundError:
        return False


def _read_and(
    act: Callable[[sqlite3.Connection, Found], None], sqlite: sqlite3.Connection, path: Path, number: int, before: Extent | None
) -> Found:
    with transaction(sqlite):
        if not is_at(path, number):
            raise _ReplacedError
        if lost := frames_lost(before, extent_of(path)):
            raise DamagedError(f"its newest {lost} pages are lost")
        prepare(sqlite)
        found = read(sqlite)
        act(sqlite, found)
    return found
