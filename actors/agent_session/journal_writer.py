"""The thread that writes a call's journal: it alone touches the file, so no disk holds up the mailbox or the audio.

Writes are committed in their order, those that wait together in one transaction, and each is confirmed in its order. While the disk fails,
writes are confirmed without being kept, until a checkpoint makes the journal whole again.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from actors.agent_session.core import Checkpoint, Entry
from actors.agent_session.journal import Journal
from protocols import FencedError, JournalError

MAX_WAITING: Final = 1_024
"""Writes that wait for the disk; beyond that `JournalWriter.write` blocks, and the heartbeat judges."""
MAX_TOGETHER: Final = 64
OPEN_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class _Write:
    entries: tuple[Entry, ...]
    confirm: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Close:
    delete: bool


class JournalWriter:
    """Writes the journal at ``path``; its thread ends with `close`.

    From that thread: ``failed`` is called with the text of an error when a write is lost, ``recovered`` when the journal is whole again,
    ``crashed`` when the thread ends of anything else (a newer life, or a defect).
    """

    def __init__(
        self, path: Path, *, failed: Callable[[str], None], recovered: Callable[[], None], crashed: Callable[[Exception], None]
    ) -> None:
        self._path = path
        self._failed = failed
        self._recovered = recovered
        self._crashed = crashed
        self._queue: queue.Queue[_Write | _Close] = queue.Queue(MAX_WAITING)
        self._opened: queue.Queue[tuple[int, tuple[Entry, ...]] | Exception] = queue.Queue(1)
        self._broken = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def opened(self) -> tuple[int, tuple[Entry, ...]]:
        """The number of this life and the entries of those before; waits for the disk. To be called once.

        Raises:
            JournalError: the journal cannot be opened, or the disk does not answer.
        """
        try:
            outcome = self._opened.get(timeout=OPEN_TIMEOUT_S)
        except queue.Empty:
            raise JournalError(f"opening {self._path} took more than {OPEN_TIMEOUT_S:g} s: is its disk there?", retryable=True) from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def write(self, entries: tuple[Entry, ...], confirm: Callable[[], None]) -> None:
        """Have ``entries`` committed, then ``confirm`` called from the thread; without entries only in its turn."""
        self._queue.put(_Write(entries, confirm))

    def close(self, *, delete: bool) -> None:
        """Write what waits, close the file, and remove it where ``delete``. Waits at most `CLOSE_TIMEOUT_S`; a second call does nothing."""
        if self._thread.is_alive():
            self._queue.put(_Close(delete))
            self._thread.join(CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        try:
            journal = Journal(self._path)
        except Exception as failure:  # noqa: BLE001 - raised again by `opened`
            self._opened.put(failure)
            return
        self._opened.put((journal.incarnation, journal.past))
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
        writes = [item for item in waiting if isinstance(item, _Write)]
        self._keep(journal, [write.entries for write in writes if write.entries])
        for write in writes:
            write.confirm()
        closing = next((item for item in waiting if isinstance(item, _Close)), None)
        if closing is not None:
            journal.close(delete=closing.delete)
        return closing is not None

    def _keep(self, journal: Journal, transactions: Sequence[tuple[Entry, ...]]) -> None:
        if self._broken:
            whole = [any(isinstance(entry, Checkpoint) for entry in entries) for entries in transactions]
            transactions = transactions[whole.index(True) :] if True in whole else ()
        if not transactions:
            return
        try:
            journal.append(transactions)
        except FencedError:
            raise
        except JournalError as failure:
            self._broken = True
            self._failed(str(failure))
        else:
            if self._broken:
                self._broken = False
                self._recovered()
