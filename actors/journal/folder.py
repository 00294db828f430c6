"""The journals of a folder, for whoever is not a call's session: which calls are open, and what they are."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from heapq import nlargest
from pathlib import Path
from typing import Final

from actors.journal.connecting import companion, failures, look_into
from actors.journal.mending import NEW, Found, last_good
from actors.journal.opening import StuckError, open_file
from actors.journal.record import CallRecord
from actors.journal.schema import SCHEMA_VERSION, DamagedError, read_record, version_of, write_record
from protocols import JournalError

log = logging.getLogger("livekitex.journal")

MAX_LOOKED_INTO: Final = 5_000
"""Files of a folder that are looked into, those written last first."""

_SUFFIX: Final = ".sqlite3"


def call_path(folder: Path, call_id: str) -> Path:
    """The journal of a call."""
    return folder / f"{call_id}{_SUFFIX}"


def open_calls(folder: Path, run_id: str) -> tuple[CallRecord, ...]:
    """The calls of the run ``run_id`` that are open, oldest first. Reads at most `MAX_LOOKED_INTO` files, in about 0.2 ms each.

    A journal that cannot be read is skipped and logged.
    """
    records = (read_record_of(path) for path in nlargest(MAX_LOOKED_INTO, journals(folder), key=written_wall_s))
    calls = (record for record in records if record is not None and record.is_open and record.run_id == run_id)
    return tuple(sorted(calls, key=lambda record: (record.began_wall_s, record.call_id)))


def read_call(folder: Path, call_id: str) -> CallRecord | None:
    """What a call is; None if it has no journal, or one that does not say, or that cannot be read (which is logged)."""
    path = call_path(folder, call_id)
    return read_record_of(path) if path.exists() else None


def release_call(folder: Path, call_id: str, outcome: str, wall_s: float) -> None:
    """Note that the call has ended with ``outcome`` and belongs to no run any more; without a journal this does nothing.

    What keeps it from being written down is logged.
    """
    _change(folder, call_id, lambda record: replace(record, run_id="", outcome=outcome, ended_wall_s=wall_s))


def disown_call(folder: Path, call_id: str) -> None:
    """Note that the call belongs to no run any more, open as it is, until somebody takes it up; else as `release_call`."""
    _change(folder, call_id, lambda record: replace(record, run_id=""))


def _change(folder: Path, call_id: str, change: Callable[[CallRecord], CallRecord]) -> None:
    def write(sqlite: sqlite3.Connection, found: Found) -> None:
        if found.record is not None:
            write_record(sqlite, change(found.record))

    path = call_path(folder, call_id)
    if path.exists():
        try:
            open_file(path, write).sqlite.close()
        except (JournalError, StuckError) as failure:
            log.warning("what became of a call could not be written down", extra={"call_id": call_id, "reason": str(failure)})


def journals(folder: Path) -> Iterator[Path]:
    """The journals in a folder; none if there is no such folder."""
    return folder.glob(f"*{_SUFFIX}")


def written_wall_s(path: Path) -> float:
    """When a journal was last written; 0 if it is gone."""
    written = 0.0
    for file in (path, companion(path, "-wal")):
        with suppress(OSError):
            status = file.stat()
            if status.st_size:  # a reader leaves an empty log
                written = max(written, status.st_mtime)
    return written


def read_record_of(path: Path) -> CallRecord | None:
    """What the call of a journal is; as `read_call`."""
    try:
        record = look_at(path)
    except JournalError as failure:
        log.warning("the journal of a call cannot be read", extra={"path": str(path), "reason": str(failure)})
        return None
    return record


def look_at(path: Path) -> CallRecord | None:
    """What the call of a journal is; None if it does not say.

    Raises:
        JournalError: it cannot be read (retryable), or a later program wrote it.
    """
    mended = companion(path, NEW)
    source = mended if mended.exists() else path
    try:
        with failures("read", source), look_into(source) as sqlite:
            return read_record(sqlite) if version_of(sqlite) == SCHEMA_VERSION else None
    except (JournalError, DamagedError) as failure:
        if isinstance(failure, JournalError) and not failure.retryable:
            raise
        record = last_good(source, DamagedError(str(failure))).record
        if record is None:
            raise JournalError(f"{path} cannot be read ({failure})", retryable=True) from failure
        return record
