"""The journal of one life, open: what it finds, what it writes, and that no older life writes any more.

Blocking; knows no thread and not what the bodies of the entries mean.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from actors.journal.connecting import failures, transaction
from actors.journal.mending import Found, last_good, read_past, remove, set_back
from actors.journal.opening import Opened, StuckError, is_at, open_file
from actors.journal.record import CallRecord
from actors.journal.rows import CHECKPOINT, START, Head, Item, Row
from actors.journal.schema import DamagedError, Life, insert, read_life, write_life, write_record
from protocols import FencedError, JournalError


@dataclass(frozen=True, slots=True)
class Claim:
    """A life that takes up a call. ``record`` says what the call is now.

    ``above`` is the newest life that is known outside the file: this one is a later one.
    """

    record: CallRecord
    above: int = 0


class JournalFile:
    """The journal at ``path``, for one life. Use it from the thread that made it.

    ``incarnation`` is the number of this life; ``bodies`` are those of the entries of the lives before it, oldest first: the newest events,
    then all from the newest checkpoint on. ``report`` tells of damage, or of a past that cannot be read, which no life has told before;
    because of it the newest ``lost`` entries are not there (None: not known how many). ``failure`` tells why nothing can be written now;
    then `resume` helps later. Both texts are empty if there is nothing to say.

    Raises:
        JournalError: a later program wrote the file, which is left as it is; not retryable.
    """

    def __init__(self, path: Path, claim: Claim) -> None:
        self._path = path
        self._claim = claim
        self._open: Opened | None = None
        self._head = START
        self._checkpoint = 0
        self._superseded = ""
        self._begun = False
        self._damage: DamagedError | None = None
        self.incarnation = 0
        self.failure = ""
        found = self._take_up()
        self.bodies = tuple(row.body for row in found.rows if row.body is not None)
        self.report, self.lost = found.life.report, found.life.lost

    def append(self, transactions: Sequence[Sequence[Item]]) -> None:
        """Commit the items of all ``transactions`` at once. They survive the process, not the machine's power.

        Raises:
            FencedError: a newer life has begun, or the call belongs to another run; nothing was written.
            JournalError: the disk fails, or the file was damaged meanwhile; nothing was written, `resume` may help.
        """
        with self._writing() as sqlite:
            head, checkpoint = self._head, self._checkpoint
            for items in transactions:
                for left, item in enumerate(items, 1 - len(items)):
                    row = Row.sealed(head.seq + 1, self.incarnation, item, head.seal, last=not left)
                    insert(sqlite, (row,))
                    head = Head(row.seq, row.seal, head.rows + 1)
                    if item.checkpoint:
                        head = replace(head, rows=head.rows - _forget(sqlite, checkpoint, item.forget_before))
                        checkpoint = row.seq
            write_life(sqlite, Life(self.incarnation, head))
        self._head, self._checkpoint = head, checkpoint

    def resume(self, checkpoint: Item) -> str:
        """Become durable again: begin this life where it could not be begun, and write all that there is to remember.

        Gives the report of what was mended for that.

        Raises:
            As `append`.
        """
        self._shut()
        damage, self._damage = self._damage, None
        report = ""
        if not self._superseded:
            if damage is not None:
                set_back(self._path, damage, None)
            try:
                report = self._begin().life.report
            except StuckError as stuck:
                raise stuck.failure from stuck
        self.failure = ""
        self.append(((checkpoint,), (checkpoint,)))  # two: what stands before it does not tell the same
        return report

    def end(self, outcome: str, wall_s: float) -> None:
        """Note that the call is over.

        Raises:
            As `append`.
        """
        with self._writing() as sqlite:
            write_record(sqlite, replace(self._claim.record, outcome=outcome, ended_wall_s=wall_s))

    def close(self, *, delete: bool) -> None:
        """Close the journal; remove it with all that lies beside it where ``delete``, unless a newer life has it.

        Raises:
            JournalError: the disk does not let it be removed.
        """
        try:
            if delete and not self._superseded:
                with failures("remove", self._path), suppress(FencedError, DamagedError):
                    if self._open is not None:
                        self._require_newest(self._open.sqlite)
                    remove(self._path)
        finally:
            self._shut()

    # Opening.

    def _take_up(self) -> Found:
        """Begin the life, or read the past at least."""
        try:
            return self._begin()
        except StuckError as stuck:
            return self._without_disk(stuck.failure, stuck.damage)
        except JournalError as failure:
            if not failure.retryable:
                raise
            return self._beside(failure)

    def _begin(self) -> Found:
        opened = open_file(self._path, self._write_begin)
        rows = opened.found.rows
        self._open, self._head = opened, opened.found.life.head
        self._begun = not self._superseded
        self._checkpoint = max((row.seq for row in rows if row.flags & CHECKPOINT), default=0)
        return opened.found

    def _write_begin(self, sqlite: sqlite3.Connection, found: Found) -> None:
        self._require_right(found)
        if not self._superseded:
            write_life(sqlite, replace(found.life, incarnation=self.incarnation))
            write_record(sqlite, self._claim.record)

    def _require_right(self, found: Found) -> None:
        """Find the number of this life, and whether it may have the call."""
        life, record, claim = found.life, found.record, self._claim
        if self.incarnation and life.incarnation >= self.incarnation + self._begun:
            self._supersede(life.incarnation)
        elif not self.incarnation and record is not None and 0 < claim.above < life.incarnation and record.run_id != claim.record.run_id:
            self._superseded = f"{self._path}: the call has been taken up by another run of the system; this life of it must end"
        if record is not None:
            self._claim = replace(claim, record=replace(claim.record, began_wall_s=record.began_wall_s))
        self.incarnation = self.incarnation or max(life.incarnation, claim.above) + 1

    def _beside(self, failure: JournalError) -> Found:
        """The past of a file that cannot be opened."""
        try:
            found = read_past(self._path) if self._path.exists() else Found()
        except DamagedError as damage:
            return self._without_disk(failure, damage)
        except (JournalError, OSError) as unreadable:
            return self._unread(failure, DamagedError(str(unreadable)))
        self._require_right(found)
        self.failure = str(failure)
        return found

    def _unread(self, failure: JournalError, damage: DamagedError) -> Found:
        """A file that cannot even be read is as good as damaged, if it can be replaced."""
        try:
            set_back(self._path, damage, None)
            return self._begin()
        except (JournalError, StuckError):
            return self._without_disk(failure, damage)

    def _without_disk(self, failure: JournalError, damage: DamagedError) -> Found:
        """What is left of a file that is damaged and cannot be replaced."""
        found = last_good(self._path, damage)
        self._require_right(found)
        self.failure = str(failure)
        report = f"{self._path} is damaged ({damage}) and cannot be replaced; {found.told()}"
        return replace(found, life=replace(found.life, report=report))

    # Writing.

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction of this life, if it is the newest one."""
        if self._superseded:
            raise FencedError(self._superseded)
        if self._open is None:
            raise JournalError(self.failure or f"{self._path} is not open", retryable=True)
        if not is_at(self._path, self._open.number):
            raise JournalError(f"{self._path} has been removed: it is written anew", retryable=True)
        try:
            with failures("write", self._path), transaction(self._open.sqlite):
                self._require_newest(self._open.sqlite)
                yield self._open.sqlite
        except DamagedError as damage:
            self._damage = damage
            raise JournalError(f"{self._path} is damaged ({damage}): it is written anew", retryable=True) from damage

    def _require_newest(self, sqlite: sqlite3.Connection) -> None:
        newest = read_life(sqlite).incarnation
        if newest != self.incarnation:
            self._supersede(newest)
            raise FencedError(self._superseded)

    def _supersede(self, newest: int) -> None:
        self._superseded = f"{self._path}: life {newest} of this call writes the journal; this one (number {self.incarnation}) must end"

    def _shut(self) -> None:
        if self._open is not None:
            self._open.sqlite.close()
            self._open = None


def _forget(sqlite: sqlite3.Connection, checkpoint: int, oldest_event: int) -> int:
    """Remove what stands before ``checkpoint``, but for the events from ``oldest_event`` on; gives how much."""
    statement = "DELETE FROM entries WHERE seq < ? AND (event IS NULL OR event < ?)"
    return sqlite.execute(statement, (checkpoint, oldest_event)).rowcount
