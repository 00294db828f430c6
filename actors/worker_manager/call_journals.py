"""The journals of this node's calls, as far as they concern who returns: read and released by a thread of their own.

So a disk that hangs holds up nobody: whoever asked has an answer after `READ_S`, if need be that nothing is known.
"""

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, TypeVar

from actors.journal import CallDescription, FileStore, disown_call, open_calls, read_call, release_call, sweep
from actors.worker_manager.returning import JournaledCall
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


class CallJournals(Protocol):
    """What the WorkerManager asks the journals. Each ``then`` is called once, at once or in a turn of its own."""

    def open_calls(self, then: Callable[[tuple[JournaledCall, ...] | None], None]) -> None:
        """The calls of this run that are open; None where the disk does not answer."""
        ...

    def read(self, call_id: str, then: Callable[[JournaledCall | None], None]) -> None:
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
    """Those of a node that writes none."""

    def open_calls(self, then: Callable[[tuple[JournaledCall, ...] | None], None]) -> None:
        """None."""
        then(())

    def read(self, call_id: str, then: Callable[[JournaledCall | None], None]) -> None:
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
    """Those in the folder ``folder``, of the run ``run_id``. Its thread is a daemon: a disk that hangs delays no end."""

    def __init__(self, context: Context, folder: Path, run_id: str) -> None:
        self._context = context
        self._store = FileStore(folder)
        self._run_id = run_id
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._work, name="journals", daemon=True)
        self._thread.start()

    def open_calls(self, then: Callable[[tuple[JournaledCall, ...] | None], None]) -> None:
        """See `CallJournals.open_calls`."""

        def found() -> tuple[JournaledCall, ...]:
            return tuple(map(self._journaled_call, open_calls(self._store, self._run_id)))

        self._ask("looking for open calls", found, then)

    def read(self, call_id: str, then: Callable[[JournaledCall | None], None]) -> None:
        """See `CallJournals.read`."""

        def found() -> JournaledCall | None:
            description = read_call(self._store, call_id)
            return None if description is None else self._journaled_call(description)

        self._ask(f"reading the journal of {call_id}", found, then)

    def release(self, call_id: str, outcome: str) -> None:
        """See `CallJournals.release`. Where nothing is retained, its journal is removed."""
        self._put(f"releasing {call_id}", lambda: release_call(self._store, call_id, outcome, self._context.clock.wall()))
        self.sweep()

    def disown(self, call_id: str) -> None:
        """See `CallJournals.disown`."""
        self._put(f"disowning {call_id}", lambda: disown_call(self._store, call_id))

    def sweep(self) -> None:
        """See `CallJournals.sweep`."""
        self._put("sweeping", lambda: sweep(self._store, self._context.clock.wall()))

    def close(self) -> None:
        """See `CallJournals.close`."""
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(CLOSE_S)

    def _journaled_call(self, description: CallDescription) -> JournaledCall:
        return JournaledCall(
            job=StartJob(job_id=description.call_id, agent=description.agent, options=description.options),
            began_wall_s=description.began_wall_s,
            ended=not description.is_open,
            outcome=description.outcome,
            ours=description.run_id == self._run_id,
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
