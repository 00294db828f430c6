"""Removes a call so that whoever is killed in the middle, or claims it meanwhile, finds all of it or none."""

import os
from contextlib import suppress
from pathlib import Path

from actors.journal.folders import Segment, kept_names, open_call, opened_root, segments
from actors.journal.format import TOMBSTONE, seed_of, start_of
from actors.journal.segment import SegmentFile


def remove_call(root: Path, call_id: str, incarnation: int | None) -> bool:
    """See `protocols.JournalStore.remove`.

    A tombstone under the next number claims the call, which says that nothing before it counts. Then all goes, oldest first, and the
    tombstone last. On a full disk the tombstone stays empty: it fences all the same.

    Raises:
        OSError: it cannot be done.
    """
    try:
        with opened_root(root, make=False) as opened:
            folder = open_call(opened, call_id, make=False)
            try:
                removed = _remove_from(folder, call_id, incarnation)
            finally:
                os.close(folder)
            if removed:
                with suppress(OSError):  # somebody has begun the call anew
                    os.rmdir(call_id, dir_fd=opened)
    except FileNotFoundError:
        return False
    return removed


def _remove_from(folder: int, call_id: str, incarnation: int | None) -> bool:
    there = segments(folder)
    newest = there[-1].incarnation if there else 0
    if incarnation is not None and newest != incarnation:
        return False
    if there:
        tombstone = Segment(newest + 1, 0)
        try:
            file = SegmentFile(folder, tombstone, start_of(seed_of(call_id, *tombstone)), sync=False)
        except FileExistsError:
            return False
        try:
            if segments(folder)[-1] != tombstone:
                os.unlink(tombstone.name, dir_fd=folder)
                return False
            file.append([(TOMBSTONE, 0, b"")])
        finally:
            file.close()
        _unlink(folder, [*kept_names(folder), *(segment.name for segment in there), tombstone.name])
    else:
        _unlink(folder, kept_names(folder))
    return True


def _unlink(folder: int, names: list[str]) -> None:
    for name in names:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
