"""One segment in the hands of its owner: what was written is there as a whole, or cut off again, or the segment is given up.

After an error of the disk itself nothing tells what it holds: the kernel may have marked pages clean that never reached it, so a second
`fdatasync` of the descriptor would report success (https://wiki.postgresql.org/wiki/Fsync_Errors). Such a segment is never written again.
"""

import errno
import os
from collections.abc import Sequence
from typing import Final

from actors.journal.folders import Segment
from actors.journal.format import Tail, batch
from protocols import CONFIRMED, Appended, AppendResult

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What was written so far can be cut off, and the rest is there."""
REFUSED: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Nothing was written."""


class SegmentFile:
    """The new file ``segment`` in ``folder``, made for this process alone, empty at first. ``sync``: whether each batch is synced.

    ``given_up`` says why nothing can be added any more (empty: something can).

    Raises:
        FileExistsError: there is one of this name.
        OSError: it cannot be made.
    """

    def __init__(self, folder: int, segment: Segment, tail: Tail, *, sync: bool) -> None:
        self.segment = segment
        self.given_up = ""
        self._tail = tail
        self._sync = sync
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(segment.name, flags, 0o600, dir_fd=folder)

    def append(self, items: Sequence[tuple[int, int, bytes]]) -> Appended:
        """Add a batch of kinds, flags and payloads (see `format.batch`). Whether a newer incarnation has the call is for others to tell."""
        if self.given_up:
            return Appended(AppendResult.UNAVAILABLE, self.given_up)
        data, tail = batch(self._tail, items)
        try:
            _write_all(self._descriptor, data)
        except OSError as failure:
            return self._failed(failure)
        if self._sync:
            try:
                os.fdatasync(self._descriptor)
            except OSError as failure:
                return self._unknown(failure)
        self._tail = tail
        return CONFIRMED

    @property
    def is_removed(self) -> bool:
        """Whether the file is gone; there may be another one of its name, of somebody who began the call anew."""
        return not os.fstat(self._descriptor).st_nlink

    def give_up(self, why: str) -> None:
        """Add nothing any more."""
        self.given_up = self.given_up or why

    def close(self) -> None:
        """Close the file; calling it again does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _failed(self, failure: OSError) -> Appended:
        if failure.errno not in NO_ROOM | REFUSED:
            return self._unknown(failure)
        try:
            os.ftruncate(self._descriptor, self._tail.size)
        except OSError:  # what is left of the batch looks torn: it is none
            self.give_up(f"{failure.strerror}: make room on the disk, or its folder writable")
        return Appended(AppendResult.UNAVAILABLE, f"{failure.strerror}: make room on the disk, or its folder writable")

    def _unknown(self, failure: OSError) -> Appended:
        self.give_up(f"{failure.strerror}: what was written since the last success may be lost; see to the disk")
        return Appended(AppendResult.UNKNOWN, self.given_up)


def _write_all(descriptor: int, data: bytes) -> None:
    written = os.write(descriptor, data)
    while written < len(data):  # by a signal, or because there is no more room, which the next one tells
        written += os.write(descriptor, memoryview(data)[written:])
