"""Looks at calls without a claim: nothing that an owner does is disturbed, and nothing is written."""

import os
from heapq import nlargest
from pathlib import Path
from typing import Final

from actors.journal.content import ATTEMPTS, gather
from actors.journal.folders import call_ids, open_call, open_file, opened_root, previous, segments
from actors.journal.format import DESCRIPTION, ENDED, TOMBSTONE, NewerFormatError, Record, first_record, last_record, length_at_end
from protocols import CallEntry, JournalContent, JournalError

MAX_LISTED: Final = 5_000
"""Calls that a list looks into, those whose folders changed last."""

_FIRST_READ: Final = 64 * 1024
_LAST_READ: Final = 4 * 1024


def told(what: str, path: Path, failure: Exception) -> str:
    """Why ``what`` cannot be done, and what to do."""
    if isinstance(failure, OSError):
        return f"cannot {what} {path} ({failure.strerror or failure}): make room on the disk, or its folder writable"
    return f"cannot {what} {path}: {failure}"


def read_call(root: Path, call_id: str) -> JournalContent | None:
    """See `protocols.JournalStore.read`."""
    try:
        with opened_root(root, make=False) as opened:
            folder = open_call(opened, call_id, make=False)
            try:
                found = gather(folder, call_id, str(root / call_id))
            finally:
                os.close(folder)
    except FileNotFoundError:
        return None
    except OSError as failure:
        raise JournalError(told("read", root / call_id, failure), retryable=True) from failure
    return found.content if found.segments and not found.removed else None


def list_calls(root: Path) -> tuple[CallEntry, ...]:
    """See `protocols.JournalStore.list`."""
    try:
        with opened_root(root, make=False) as opened:
            names = call_ids(opened)
            if len(names) > MAX_LISTED:
                names = nlargest(MAX_LISTED, names, key=lambda name: _changed_ns(opened, name))
            entries = [entry for name in names if (entry := _entry(opened, name)) is not None]
    except FileNotFoundError:
        return ()
    except OSError as failure:
        raise JournalError(told("read", root, failure), retryable=True) from failure
    return tuple(sorted(entries, key=lambda entry: (-entry.written_wall_s, entry.call_id)))


def find_call(root: Path, call_id: str) -> CallEntry | None:
    """See `protocols.JournalStore.find`."""
    try:
        with opened_root(root, make=False) as opened:
            return _entry(opened, call_id)
    except FileNotFoundError:
        return None
    except OSError as failure:
        raise JournalError(told("read", root / call_id, failure), retryable=True) from failure


def _changed_ns(root: int, name: str) -> int:
    try:
        return os.stat(name, dir_fd=root, follow_symlinks=False).st_mtime_ns
    except FileNotFoundError:
        return 0


def _entry(root: int, call_id: str) -> CallEntry | None:
    try:
        folder = open_call(root, call_id, make=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as failure:
        return CallEntry(call_id=call_id, problem=str(failure))
    try:
        for _ in range(ATTEMPTS):
            try:
                return _entry_of(folder, call_id)
            except FileNotFoundError:  # a checkpoint has replaced what was there
                continue
        return CallEntry(call_id=call_id, problem="it changes faster than it can be read")
    except (OSError, NewerFormatError) as failure:
        return CallEntry(call_id=call_id, problem=str(failure))
    finally:
        os.close(folder)


def _entry_of(folder: int, call_id: str) -> CallEntry | None:
    """From the newest segment that says what the call is; None if there is no segment, or a tombstone."""
    there = segments(folder)
    written_ns, size = 0, 0
    kept = previous(folder)
    for name in [*(segment.name for segment in reversed(there)), *([] if kept is None or not there else [kept.previous])]:
        first, last, status = _ends(folder, name)
        written_ns, size = max(written_ns, status.st_mtime_ns), size + status.st_size
        if first is not None and first.kind == TOMBSTONE:
            return None
        if first is not None and first.kind == DESCRIPTION:
            newest = last if last is not None and last.kind == DESCRIPTION else first
            return CallEntry(
                call_id=call_id,
                description=newest.payload,
                ended=bool(newest.flags & ENDED),
                incarnation=there[-1].incarnation,
                written_wall_s=written_ns / 1e9,
                size_bytes=size,
            )
    if not there:
        return None
    problem = "" if there == [(1, 0)] and not size else "it does not say what the call is"
    return CallEntry(call_id=call_id, incarnation=there[-1].incarnation, written_wall_s=written_ns / 1e9, size_bytes=size, problem=problem)


def _ends(folder: int, name: str) -> tuple[Record | None, Record | None, os.stat_result]:
    """The first and the last record of a segment, as far as they are whole."""
    descriptor = open_file(folder, name)
    try:
        status = os.fstat(descriptor)
        first = first_record(os.pread(descriptor, _FIRST_READ, 0))
        if first is None and status.st_size > _FIRST_READ:  # a long description
            first = first_record(os.pread(descriptor, status.st_size, 0))
        end = os.pread(descriptor, _LAST_READ, max(0, status.st_size - _LAST_READ))
        if len(end) < (length := length_at_end(end)) <= status.st_size:
            end = os.pread(descriptor, length, status.st_size - length)
        return first, last_record(end), status
    finally:
        os.close(descriptor)
