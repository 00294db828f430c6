"""Journals as append-only files that anybody may read, copy and tail at any time: no lock, no link followed.

How it works. Each incarnation writes segments of its own, ``<call>/<incarnation>.<n>.log``. A claimer makes the file of the next number
exclusively (``O_EXCL``) and then reads the older ones; an owner writes a batch and then looks whether there is a higher number. So either
the owner sees the claimer's file and does not confirm, or the file was made after that look, and the claimer reads what was confirmed.

A segment begins with a checkpoint in one batch, and only once that is whole are older segments removed, oldest first: a claim copies what
it has read, a checkpoint within an incarnation begins the next segment. Who dies in between leaves a beginning, which counts for nothing.
The one segment that the checkpoint replaced stays, under another name: should the checkpoint be damaged, the call goes on from there.

Locks are left out on purpose: a process that a tool forked keeps a dead session's ``flock``, and any ``close`` of the same file drops POSIX
locks (fcntl(2)). So these folders belong on a local file system, where ``O_EXCL`` and the page cache are one for all processes.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from actors.journal.content import Contents, gather
from actors.journal.folders import Segment, keep_previous, open_call, opened_root, segments, set_aside
from actors.journal.format import BODY, DESCRIPTION, ENDED, seed_of, start_of
from actors.journal.looking import find_call, list_calls, read_call, told
from actors.journal.removing import remove_call
from actors.journal.segment import SegmentFile
from protocols import (
    CONFIRMED,
    MAX_BODY_BYTES,
    Appended,
    AppendResult,
    CallEntry,
    ClaimedJournal,
    Durability,
    InternalError,
    JournalContent,
    JournalError,
    accept_any,
)

ASIDES_KEPT: Final = 3
"""Damaged segments of a call that are kept, the newest."""
CLAIM_ATTEMPTS: Final = 1_000
"""How often a claim takes another number because others took the same."""

Items = list[tuple[int, int, bytes]]


class FileJournal:
    """See `protocols.ClaimedJournal`. Made by `FileStore.claim`."""

    def __init__(self, root: Path, call_id: str, description: bytes, *, sync: bool) -> None:
        self.incarnation = 0
        self.past = JournalContent()
        self.failure = ""
        self._root = root
        self._call_id = call_id
        self._description = description
        self._sync = sync
        self._folder = -1
        self._file: SegmentFile | None = None
        self._number = -1
        self._sequence = 0
        self._fenced = ""

    @property
    def path(self) -> Path:
        """The folder of the call."""
        return self._root / self._call_id

    def append(self, sequence: int, bodies: Sequence[bytes]) -> Appended:
        """See `protocols.ClaimedJournal.append`."""
        return self._append(sequence, _items(bodies))

    def checkpoint(self, sequence: int, bodies: Sequence[bytes]) -> Appended:
        """See `protocols.ClaimedJournal.checkpoint`."""
        if self._is_repeated(sequence):
            return CONFIRMED
        try:
            answer = self._replace(_items(bodies, self._description))
        except (OSError, JournalError) as failure:
            answer = Appended(AppendResult.UNAVAILABLE, told("write", self.path, failure))
        if answer.confirmed:
            self._sequence, self.failure = sequence, ""
        return answer

    def end(self, sequence: int, description: bytes) -> Appended:
        """See `protocols.ClaimedJournal.end`."""
        return self._append(sequence, [(DESCRIPTION, ENDED, description)])

    def close(self) -> None:
        """See `protocols.ClaimedJournal.close`."""
        if self._file is not None:
            self._file.close()
        if self._folder >= 0:
            os.close(self._folder)
        self._file, self._folder = None, -1
        self._fenced = self._fenced or f"{self.path}: this journal is closed"

    # For the store.

    def take(self, above: int, judge: Callable[[JournalContent], None]) -> None:
        """Claim the call if ``judge`` does not raise; afterwards `past` and perhaps `failure` are there.

        Raises:
            JournalError: a later program wrote it; not retryable.
        """
        try:
            self._file = self._make_first(above)
        except (OSError, JournalError) as failure:
            self.failure = told("open", self.path, failure)
            self.past = self._look_without_claim(failure)
            judge(self.past)
            self.incarnation = max(self.past.incarnation, above) + 1
            return
        try:
            past = self._gather()
            judge(past.content)
        except BaseException:  # a call that is not taken up is left as it is
            self._unmake(self._file)
            raise
        self.past = past.content
        answer = self._file.append(_items(past.content.bodies, self._description))
        if answer.confirmed:
            answer = self._seen(self._file, answer)
        if answer.confirmed:
            self._remove_older(self._file.segment, past.source, past.damaged)
        elif answer.result is not AppendResult.FENCED:  # who is fenced already learns it at his first batch
            self.failure = f"cannot write {self.path} ({answer.reason})"

    def _make_first(self, above: int) -> SegmentFile:
        """The file of a number that is higher than any other."""
        for _ in range(CLAIM_ATTEMPTS):
            self._open_folder()
            self.incarnation = max(self._newest(), above) + 1
            try:
                file = self._make(0)
            except FileExistsError:
                continue
            except FileNotFoundError:  # somebody has removed the folder
                self._close_folder()
                continue
            if self._newest() == self.incarnation:
                return file
            self._unmake(file)
        raise JournalError(f"{self.path} is claimed again and again", retryable=True)

    def _look_without_claim(self, failure: Exception) -> JournalContent:
        """What can be read of a call that cannot be claimed."""
        try:
            found = read_call(self._root, self._call_id)
        except JournalError as unreadable:
            if not unreadable.retryable:
                raise
            return JournalContent(report=f"{self.path} cannot be read ({failure})", lost=None)
        return found or JournalContent()

    def _gather(self) -> Contents:
        try:
            return gather(self._folder, self._call_id, str(self.path), below=Segment(self.incarnation, 0))
        except OSError as failure:
            older = tuple(segment for segment in segments(self._folder) if segment.incarnation < self.incarnation)
            report = f"{self.path} cannot be read ({failure.strerror}): what the call was is lost"
            return Contents(JournalContent(report=report, lost=None), older, damaged=older)

    # Writing.

    def _append(self, sequence: int, items: Items) -> Appended:
        if self._is_repeated(sequence):
            return CONFIRMED
        if self._fenced:
            return Appended(AppendResult.FENCED, self._fenced)
        if self._file is None or self.failure:
            return Appended(AppendResult.UNAVAILABLE, self.failure)
        answer = self._seen(self._file, self._file.append(items))
        if answer.confirmed:
            self._sequence = sequence
        return answer

    def _is_repeated(self, sequence: int) -> bool:
        if sequence > self._sequence + 1:
            raise InternalError(f"batch {sequence} of a journal comes after batch {self._sequence}: please report this")
        return sequence <= self._sequence

    def _replace(self, items: Items) -> Appended:
        """Begin the next segment with a checkpoint."""
        if self._fenced:
            return Appended(AppendResult.FENCED, self._fenced)
        claimed = self._number >= 0
        self._open_folder(anew=self._file is None or bool(self._file.given_up))
        newest = self._newest()
        if newest > self.incarnation or (not claimed and newest == self.incarnation):
            return self._fence(newest)
        try:
            file = self._make(self._number + 1)
        except FileExistsError:
            return self._fence(self.incarnation)
        answer = self._seen(file, file.append(items))
        if not answer.confirmed:
            self._unmake(file)
            return answer
        replaced, self._file = self._file, file
        if replaced is not None:
            replaced.close()
        self._remove_older(file.segment, None if replaced is None else replaced.segment)
        return answer

    def _seen(self, file: SegmentFile, answer: Appended) -> Appended:
        """The answer to a batch, now that it is written: nothing is confirmed that a claimer may not have read."""
        try:
            there = segments(self._folder)
        except OSError as failure:
            file.give_up(told("read", self.path, failure))
            return Appended(AppendResult.UNKNOWN, file.given_up)
        if there and there[-1].incarnation > self.incarnation:
            return self._fence(there[-1].incarnation)
        if file.segment not in there or file.is_removed:
            file.give_up(f"{self.path}/{file.segment.name} has been removed: it is written anew")
            return Appended(AppendResult.UNAVAILABLE, file.given_up)
        return answer if answer.confirmed else Appended(answer.result, f"cannot write {self.path} ({answer.reason})")

    def _fence(self, newest: int) -> Appended:
        self._fenced = f"{self.path}: incarnation {newest} of this call writes the journal; this one (number {self.incarnation}) must end"
        return Appended(AppendResult.FENCED, self._fenced)

    # Files.

    def _open_folder(self, *, anew: bool = False) -> None:
        if anew:
            self._close_folder()
        if self._folder < 0:
            with opened_root(self._root, make=True) as root:
                self._folder = open_call(root, self._call_id, make=True)
                if self._sync:
                    os.fsync(root)

    def _close_folder(self) -> None:
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def _make(self, number: int) -> SegmentFile:
        segment = Segment(self.incarnation, number)
        file = SegmentFile(self._folder, segment, start_of(seed_of(self._call_id, *segment)), sync=self._sync)
        self._number = number
        if self._sync:
            os.fsync(self._folder)
        return file

    def _unmake(self, file: SegmentFile) -> None:
        """Where it cannot be removed, it may be whole all the same and count, so nothing is added to the one before it any more."""
        file.close()
        try:
            os.unlink(file.segment.name, dir_fd=self._folder)
        except OSError as failure:
            if self._file is not None:
                self._file.give_up(told("write", self.path, failure))

    def _newest(self) -> int:
        return max((segment.incarnation for segment in segments(self._folder)), default=0)

    def _remove_older(self, segment: Segment, replaced: Segment | None, damaged: Sequence[Segment] = ()) -> None:
        """Oldest first, so that a gap means that a newer one is whole; but keep the one that was ``replaced``, in case of damage.

        What does not go now goes with the next checkpoint.
        """
        with suppress(OSError):
            for older in segments(self._folder):
                if older in damaged:
                    set_aside(self._folder, older, ASIDES_KEPT)
                elif older == replaced:
                    keep_previous(self._folder, older)
                elif older < segment:
                    os.unlink(older.name, dir_fd=self._folder)
            if self._sync:
                os.fsync(self._folder)


class FileStore:
    """See `protocols.JournalStore`: the journals in the folder ``root``, which is made where it is missing."""

    def __init__(self, root: Path, durability: Durability = Durability.PROCESS) -> None:
        self._root = root
        self._sync = durability is Durability.DISK
        self._claims: dict[tuple[str, str], FileJournal] = {}

    def prepare(self) -> None:
        """Make the folder, and see that it is this user's own.

        Raises:
            OSError, JournalError: it cannot be had.
        """
        with opened_root(self._root, make=True):
            pass

    def claim(
        self, call_id: str, description: bytes, *, nonce: str, above: int = 0, judge: Callable[[JournalContent], None] = accept_any
    ) -> ClaimedJournal:
        """See `protocols.JournalStore.claim`."""
        before = self._claims.get((call_id, nonce))
        if before is not None:
            return before
        journal = FileJournal(self._root, call_id, description, sync=self._sync)
        try:
            journal.take(above, judge)
        except BaseException:
            journal.close()
            raise
        self._claims = {(call_id, nonce): journal}
        return journal

    def read(self, call_id: str) -> JournalContent | None:
        """See `protocols.JournalStore.read`."""
        return read_call(self._root, call_id)

    def list(self) -> tuple[CallEntry, ...]:
        """See `protocols.JournalStore.list`: at most `MAX_LISTED`, in about 0.1 ms each."""
        return list_calls(self._root)

    def find(self, call_id: str) -> CallEntry | None:
        """See `protocols.JournalStore.find`."""
        return find_call(self._root, call_id)

    def release(self, call_id: str, description: bytes, *, ended: bool) -> None:
        """See `protocols.JournalStore.release`."""
        if self.find(call_id) is None:
            return
        journal = FileJournal(self._root, call_id, description, sync=self._sync)
        try:
            journal.take(0, accept_any)
            answer = journal.end(1, description) if ended and not journal.failure else CONFIRMED
            if journal.failure or not answer.confirmed:
                raise JournalError(journal.failure or answer.reason, retryable=True)
        finally:
            journal.close()

    def remove(self, call_id: str, *, incarnation: int | None = None) -> bool:
        """See `protocols.JournalStore.remove`."""
        try:
            return remove_call(self._root, call_id, incarnation)
        except OSError as failure:
            raise JournalError(told("remove", self._root / call_id, failure), retryable=True) from failure


def _items(bodies: Sequence[bytes], description: bytes | None = None) -> Items:
    for body in bodies:
        if len(body) > MAX_BODY_BYTES:
            raise InternalError(f"a body of {len(body)} bytes is too long for a journal, which takes {MAX_BODY_BYTES}: please report this")
    head = [] if description is None else [(DESCRIPTION, 0, description)]
    return [*head, *((BODY, 0, body) for body in bodies)]
