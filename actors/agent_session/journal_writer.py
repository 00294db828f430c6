"""The thread that writes a call's journal: it alone touches the file, so no disk holds up the mailbox or the audio.

Writes are committed in their order, those that wait together in one transaction, and each is confirmed in its order. While the disk fails,
writes are confirmed without being kept, until a checkpoint makes the journal whole again. While it does not answer at all, whoever writes
notices, gives up what waits, and is told that nothing more is taken until it answers; then it is as if it had failed.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from actors.agent_session.core import Checkpoint, Entry
from actors.agent_session.journal import Journal
from actors.journal import Claim
from protocols import FencedError, JournalError

log = logging.getLogger("livekitex.journal")

MAX_WAITING: Final = 1_024
"""Writes that wait for the disk; beyond that `JournalWriter.write` blocks. Whoever gives up in time never comes that far."""
MAX_TOGETHER: Final = 64
OPEN_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Opening:
    """What a life finds: its number, the entries of those before it, and what is to be told (see `actors.journal.JournalFile`)."""

    incarnation: int = 1
    past: tuple[Entry, ...] = ()
    report: str = ""
    lost: int | None = 0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How and when the call ended."""

    outcome: str
    wall_s: float


@dataclass(frozen=True, slots=True)
class _Write:
    entries: tuple[Entry, ...]
    confirm: Callable[[], None]
    given_up: int
    """How often the writer had been given up when it was asked for."""


@dataclass(frozen=True, slots=True)
class _Look:
    """Nothing to write: see whether the writer was given up."""


@dataclass(frozen=True, slots=True)
class _Close:
    delete: bool
    ending: Ending | None = None
    if_new: bool = False
    """Whether to delete what no life before this one has written."""


class JournalWriter:
    """Writes the journal at ``path`` for the life of ``claim``; its thread ends with `close`.

    From that thread: ``failed`` is called with the text of an error when a write is lost, ``recovered`` when the journal is whole again
    with a report of what was mended (empty if nothing), ``crashed`` when the thread ends of anything else (a newer life, or a defect).
    """

    def __init__(
        self,
        path: Path,
        claim: Claim,
        *,
        failed: Callable[[str], None],
        recovered: Callable[[str], None],
        crashed: Callable[[Exception], None],
    ) -> None:
        self._path = path
        self._claim = claim
        self._failed = failed
        self._recovered = recovered
        self._crashed = crashed
        self._queue: queue.Queue[_Write | _Look | _Close] = queue.Queue(MAX_WAITING)
        self._opened: queue.Queue[Opening | Exception] = queue.Queue(1)
        self._broken = False
        self._given_up = 0
        self._stalled = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def opened(self) -> Opening:
        """What this life finds; waits for the disk. To be called once.

        Raises:
            JournalError: the file is a later program's, or the disk does not answer.
        """
        try:
            outcome = self._opened.get(timeout=OPEN_TIMEOUT_S)
        except queue.Empty:
            raise JournalError(f"opening {self._path} took more than {OPEN_TIMEOUT_S:g} s: is its disk there?", retryable=True) from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def write(self, entries: tuple[Entry, ...], confirm: Callable[[], None]) -> bool:
        """Have ``entries`` committed, then ``confirm`` called from the thread; without entries only in its turn.

        False, and nothing of it is done, while a disk that was given up does not answer.
        """
        if self._stalled:
            return False
        self._queue.put(_Write(entries, confirm, self._given_up))
        return True

    def give_up(self) -> None:
        """The disk does not answer: what was not confirmed is not kept, except for what is under way; its confirmation may come or not."""
        self._given_up += 1
        self._stalled = True
        with suppress(queue.Full):  # then the thread has enough to come by
            self._queue.put_nowait(_Look())

    def close(self, *, delete: bool, ending: Ending | None = None) -> None:
        """Write what waits, note the ``ending`` of the call, close the file, and remove it where ``delete``.

        Waits at most `CLOSE_TIMEOUT_S`; a second call does nothing.
        """
        if self._thread.is_alive():
            self._queue.put(_Close(delete, ending))
            self._thread.join(CLOSE_TIMEOUT_S)

    def abandon(self) -> None:
        """As `close`, for a life that did not come up: the journal of a call that never began is removed."""
        if self._thread.is_alive():
            self._queue.put(_Close(delete=False, if_new=True))
            self._thread.join(CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        try:
            journal = Journal(self._path, self._claim)
        except Exception as failure:  # noqa: BLE001 - raised again by `opened`
            self._opened.put(failure)
            return
        self._broken = bool(journal.failure)
        self._opened.put(Opening(journal.incarnation, journal.past, journal.report, journal.lost, journal.failure))
        try:
            while not self._serve(journal):
                pass
        except Exception as failure:  # noqa: BLE001 - the thread's seam: its process ends of it
            journal.close(delete=False)
            self._crashed(failure)

    def _serve(self, journal: Journal) -> bool:
        """Do what waits; tells whether the journal is closed."""
        waiting = [self._queue.get()]
        while len(waiting) < MAX_TOGETHER and not self._queue.empty():
            waiting.append(self._queue.get())
        writes = [item for item in waiting if isinstance(item, _Write) and item.given_up == self._given_up]
        self._keep(journal, [write.entries for write in writes if write.entries])
        if self._stalled:
            self._broken = True  # what was given up is missing
            self._stalled = False
        for write in writes:
            write.confirm()
        closing = next((item for item in waiting if isinstance(item, _Close)), None)
        if closing is not None:
            _close(journal, closing)
        return closing is not None

    def _keep(self, journal: Journal, transactions: Sequence[tuple[Entry, ...]]) -> None:
        try:
            if self._broken:
                transactions = self._mend(journal, transactions)
            if transactions and not self._broken:
                journal.append(transactions)
        except FencedError:
            raise
        except JournalError as failure:
            self._broken = True
            self._failed(str(failure))

    def _mend(self, journal: Journal, transactions: Sequence[tuple[Entry, ...]]) -> Sequence[tuple[Entry, ...]]:
        """Where there is a checkpoint, begin anew with it; gives what is left to be written after it."""
        for at, entries in enumerate(transactions):
            for index, entry in enumerate(entries):
                if isinstance(entry, Checkpoint):
                    report = journal.resume(entry)
                    self._broken = False
                    self._recovered(report)
                    rest = (entries[index + 1 :], *transactions[at + 1 :])
                    return [left for left in rest if left]
        return ()


def _close(journal: Journal, closing: _Close) -> None:
    new = journal.incarnation == 1 and not journal.past and not journal.report
    try:
        if closing.ending is not None and not closing.delete:
            journal.end(closing.ending.outcome, closing.ending.wall_s)
    except JournalError as failure:
        log.warning("the end of a call could not be written down", extra={"reason": str(failure)})
    finally:
        journal.close(delete=closing.delete or (closing.if_new and new))
