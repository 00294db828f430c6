"""The journals of this node's calls, as far as they concern who returns: read and released by a thread of their own.

So a disk that hangs holds up nobody: whoever asked has an answer after `READ_S`, if need be that nothing is known.
"""

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, TypeVar

from actors.journal import CallRecord, FileStore, disown_call, open_calls, read_call, release_call, sweep
from actors.worker_manager.returning import Record
from protocols import StartJob
from supervision import Context

log = logging.getLogger("livekitex.worker_manager")

R = TypeVar("R")

READ_S: Final = 5.0
"""How long the disk may take."""
MAX_WAITING: Final = 1_000
"""What waits for the disk; what comes beyond is not done, and logged."""
CLOSE_S: Final = 1.0
"""How long `Journals.close` waits for what was asked before."""


class Records(Protocol):
    """What the WorkerManager asks the journals. Each ``then`` is called once, at once or in a turn of its own."""

    def open_calls(self, then: Callable[[tuple[Record, ...] | None], None]) -> None:
        """The calls of this run that are open; None where the disk does not answer."""
        ...

    def read(self, call_id: str, then: Callable[[Record | None], None]) -> None:
        """One call; None where there is no journal of it, or none that can be read."""
        ...

    def release(self, call_id: str, outcome: str) -> None:
        """The call is over, for ``outcome``: it is not to be started again."""
        ...

    def disown(self, call_id: str) -> None:
        """The call did not start: it is not to be started again, unless somebody asks for that."""
        ...

    def sweep(self) -> None:
        """Remove the journals that are kept for nobody any more."""
        ...

    def close(self) -> None:
        """Finish what was asked, in a bounded time."""
        ...


class NoJournals:
    """The records of a node that writes none."""

    def open_calls(self, then: Callable[[tuple[Record, ...] | None], None]) -> None:
        """None."""
        then(())

    def read(self, call_id: str, then: Callable[[Record | None], None]) -> None:
        """None."""
        del call_id
        then(None)

    def release(self, call_id: str, outcome: str) -> None:
        """Nothing is to be released."""

    def disown(self, call_id: str) -> None:
        """Nothing is owned."""

    def sweep(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""


class Journals:
    """The records in the folder ``folder``, of the run ``run_id``. Its thread is a daemon: a disk that hangs delays no end."""

    def __init__(self, context: Context, folder: Path, run_id: str) -> None:
        self._context = context
        self._store = FileStore(folder)
        self._run_id = run_id
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._work, name="journals", daemon=True)
        self._thread.start()

    def open_calls(self, then: Callable[[tuple[Record, ...] | None], None]) -> None:
        """See `Records.open_calls`."""

        def found() -> tuple[Record, ...]:
            return tuple(map(self._record, open_calls(self._store, self._run_id)))

        self._ask("looking for open calls", found, then)

    def read(self, call_id: str, then: Callable[[Record | None], None]) -> None:
        """See `Records.read`."""

        def found() -> Record | None:
            record = read_call(self._store, call_id)
            return None if record is None else self._record(record)

        self._ask(f"reading the journal of {call_id}", found, then)

    def release(self, call_id: str, outcome: str) -> None:
        """See `Records.release`. Where nothing is retained, its journal is removed."""
        self._put(f"releasing {call_id}", lambda: release_call(self._store, call_id, outcome, self._context.clock.wall()))
        self.sweep()

    def disown(self, call_id: str) -> None:
        """See `Records.disown`."""
        self._put(f"disowning {call_id}", lambda: disown_call(self._store, call_id))

    def sweep(self) -> None:
        """See `Records.sweep`."""
        self._put("sweeping", lambda: sweep(self._store, self._context.clock.wall()))

    def close(self) -> None:
        """See `Records.close`."""
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(CLOSE_S)

    def _record(self, record: CallRecord) -> Record:
        return Record(
            job=StartJob(job_id=record.call_id, agent=record.agent, options=record.options),
            began_wall_s=record.began_wall_s,
            ended=not record.is_open,
            outcome=record.outcome,
            ours=record.run_id == self._run_id,
        )

    def _ask(self, what: str, read: Callable[[], R], then: Callable[[R | None], None]) -> None:
        open_ = [then]

        def answer(result: R | None) -> None:
            if open_:
                cancel()
                open_.pop()(result)

        def late() -> None:
            log.warning("the journals' disk does not answer", extra={"what": what})
            answer(None)

        def work() -> None:
            result: R | None = None
            try:
                result = read()
            finally:
                self._context.post(lambda: answer(result))

        cancel = self._context.after(READ_S, late)
        self._put(what, work)

    def _put(self, what: str, work: Callable[[], object]) -> None:
        def attempt() -> None:
            try:
                work()
            except Exception:  # the thread's seam: one file that cannot be read or written concerns one call
                log.exception("a journal failed", extra={"what": what})

        try:
            self._queue.put_nowait(attempt)
        except queue.Full:
            log.exception("too much waits for the journals' disk", extra={"what": what})

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            work()
