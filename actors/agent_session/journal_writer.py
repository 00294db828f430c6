"""Writes a call's journal: a thread alone touches the disk, so no disk holds up the mailbox or the audio.

The mailbox hands over writes and is called back for each, in their order, whether or not the disk answers. The thread first claims the call
and tells what it found; then it commits what waits, together in one batch. While the store fails, writes are called back for as not
durable, until a checkpoint makes the journal whole again. A disk that leaves the claim or a write waiting for `STALL_S` is given up: the
call begins, or goes on, without it; once it answers, it is as if it had failed.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from actors.agent_session.core import EVENTS_KEPT, Checkpoint, Entry, Happened, StoredEvent
from actors.agent_session.records import decode_entry, encode_entry, stored_event
from actors.journal import CallDescription
from protocols import AppendResult, CallEntry, ClaimedJournal, DecodeError, FencedError, JournalContent, JournalError, JournalStore
from supervision import Context

T = TypeVar("T")

log = logging.getLogger("livekitex.journal")

MAX_WAITING: Final = 1_024
"""Writes that wait for the disk; beyond that `JournalWriter.write` blocks. A disk that is given up in time never lets it come that far."""
MAX_TOGETHER: Final = 64
STALL_S: Final = 5.0
"""A disk that leaves the claim or a write waiting this long is given up: the call goes on without it."""
CLOSE_TIMEOUT_S: Final = 2.0
STALLED: Final = "the disk of the journal does not answer: the call goes on, and what is said now is lost if it dies; see to the disk"

Then = Callable[[bool], None]
"""Called with whether what was written is in the journal."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What an incarnation finds: its number, what those before it wrote, and what is to be told (see `protocols.JournalContent`).

    ``past`` are the entries from the last checkpoint on, ``older`` the events before it. ``failure`` says why nothing can be written now
    (empty: it can).
    """

    incarnation: int = 1
    past: tuple[Entry, ...] = ()
    older: tuple[StoredEvent, ...] = ()
    report: str = ""
    lost: int | None = 0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How and when the call ended."""

    outcome: str
    wall_s: float


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom the writer calls, in turns of the mailbox.

    ``opened`` once, when the claim is answered or given up. ``failed`` with what is wrong when a write is lost, and again for each
    checkpoint that comes before the disk answers. ``recovered`` when the journal is whole again. ``crashed`` when the thread ends of
    anything else: a newer incarnation, a journal that this program cannot read, or a defect.
    """

    opened: Callable[[Opening], None]
    failed: Callable[[str], None]
    recovered: Callable[[], None]
    crashed: Callable[[Exception], None]


@dataclass(frozen=True, slots=True)
class _Write:
    number: int
    entries: tuple[Entry, ...]
    given_up: int
    """How often the disk had been given up when it was asked for."""


@dataclass(frozen=True, slots=True)
class _Look:
    """Nothing to write: see whether the disk was given up."""


@dataclass(frozen=True, slots=True)
class _Close:
    delete: bool
    ending: Ending | None = None
    if_new: bool = False
    """Whether to delete what no incarnation before this one has written."""


class JournalWriter:
    """Claims the call of ``description`` in ``store``, above the incarnation ``above``, and writes its journal until `close`.

    Everything is called from the mailbox of ``context``, to which it comes back.
    """

    def __init__(self, context: Context, store: JournalStore, description: CallDescription, listener: Listener, *, above: int) -> None:
        self._context = context
        self._listener = listener
        self._above = above
        self._number = 0
        self._waiting: deque[tuple[int, float, Then]] = deque()
        self._watched = False
        self._queue: queue.Queue[_Write | _Look | _Close] = queue.Queue(MAX_WAITING)
        self._opening: Opening | None = None
        self._given_up = 0
        self._stalled = False
        self.leaving: Callable[[Entry], Entry] = _as_it_is
        """What is made of each entry before it is written; set before the first is."""
        self._await(self._open)
        self._start(_Desk(store, description, above))

    def write(self, entries: tuple[Entry, ...], then: Then) -> None:
        """Have ``entries`` committed, then ``then`` called; at once if the disk was given up and does not answer yet."""
        self._number += 1
        if self._stalled:
            if any(isinstance(entry, Checkpoint) for entry in entries):
                self._context.post(partial(self._listener.failed, STALLED))
            then(False)
            return
        self._await(then)
        self._queue.put(_Write(self._number, entries, self._given_up))

    def close(self, *, delete: bool, ending: Ending | None = None) -> None:
        """Write what waits, note the ``ending`` of the call, give up the journal, and remove it where ``delete``.

        Waits at most `CLOSE_TIMEOUT_S`; a second call does nothing.
        """
        self._finish(_Close(delete, ending))

    def abandon(self) -> None:
        """As `close`, for an incarnation that did not come up: the journal of a call that never began is removed."""
        self._finish(_Close(delete=False, if_new=True))

    # In the mailbox.

    def _start(self, desk: "_Desk") -> None:
        self._thread = threading.Thread(target=self._run, args=(desk,), name="journal", daemon=True)
        self._thread.start()

    def _finish(self, closing: _Close) -> None:
        if self._thread.is_alive():
            with suppress(queue.Full):  # of a disk that does not answer
                self._queue.put_nowait(closing)
            self._thread.join(CLOSE_TIMEOUT_S)

    def _await(self, then: Then) -> None:
        self._waiting.append((self._number, self._context.clock.monotonic(), then))
        self._watch()

    def _open(self, answered: bool) -> None:  # noqa: FBT001 - see `Then`
        opening = self._opening
        if not answered or opening is None:
            opening = Opening(self._above + 1, failure=STALLED, report=STALLED, lost=None)
        self._listener.opened(opening)

    def _answered(self, number: int, *, durable: bool) -> None:
        """All up to ``number`` are done; a disk that was given up may still confirm what it was given up for."""
        while self._waiting and self._waiting[0][0] <= number:
            self._waiting.popleft()[2](durable)

    def _watch(self) -> None:
        """Look when the oldest write has waited too long."""
        if self._waiting and not self._watched:
            self._watched = True
            self._context.after(max(0.0, self._waiting[0][1] + STALL_S - self._context.clock.monotonic()), self._look)

    def _look(self) -> None:
        self._watched = False
        if self._waiting and self._context.clock.monotonic() >= self._waiting[0][1] + STALL_S:
            opening = self._waiting[0][0] == 0
            self._given_up += 1
            self._stalled = True
            with suppress(queue.Full):  # then the thread has enough to come by
                self._queue.put_nowait(_Look())
            self._answered(self._waiting[-1][0], durable=False)
            if not opening:
                self._listener.failed(STALLED)
        self._watch()

    # In the thread.

    def _run(self, desk: "_Desk") -> None:
        with self._telling(desk):
            self._claim(desk)
            while not self._serve(desk):
                pass

    @contextmanager
    def _telling(self, desk: "_Desk") -> Iterator[None]:
        try:
            yield
        except Exception as failure:  # noqa: BLE001 - the thread's seam: its process ends of it
            desk.close(delete=False)
            self._post(partial(self._listener.crashed, failure))

    def _claim(self, desk: "_Desk") -> None:
        self._opening = desk.open()
        self._post(partial(self._answered, 0, durable=True))

    def _serve(self, desk: "_Desk") -> bool:
        """Do what waits; tells whether the journal is closed."""
        waiting = [self._queue.get()]
        while len(waiting) < MAX_TOGETHER and not self._queue.empty():
            waiting.append(self._queue.get())
        if self._given_up and self._stalled:
            desk.broken = True  # what was given up is missing
            self._stalled = False
        writes = [item for item in waiting if isinstance(item, _Write) and item.given_up == self._given_up]
        was_broken = desk.broken
        failure = desk.keep([self.leaving(entry) for write in writes for entry in write.entries])
        if failure:
            self._post(partial(self._listener.failed, failure))
        elif was_broken and not desk.broken:
            self._post(self._listener.recovered)
        if writes:
            self._post(partial(self._answered, writes[-1].number, durable=not desk.broken))
        closing = next((item for item in waiting if isinstance(item, _Close)), None)
        if closing is not None:
            desk.finish(closing)
        return closing is not None

    def _post(self, callback: Callable[[], None]) -> None:
        self._context.post(callback)


class InlineJournalWriter(JournalWriter):
    """Writes in turns of the mailbox instead, each after the one in which it was asked: a simulation has no threads."""

    def write(self, entries: tuple[Entry, ...], then: Then) -> None:
        """As `JournalWriter.write`."""
        super().write(entries, then)
        self._post(self._serve_all)

    def _start(self, desk: "_Desk") -> None:
        self._desk: _Desk | None = desk
        self._post(self._begin)

    def _begin(self) -> None:
        if self._desk is not None:
            with self._telling(self._desk):
                self._claim(self._desk)

    def _finish(self, closing: _Close) -> None:
        self._queue.put(closing)
        self._serve_all()

    def _serve_all(self) -> None:
        while self._desk is not None and not self._queue.empty():
            closed = True  # also by what is told
            with self._telling(self._desk):
                closed = self._serve(self._desk)
            if closed:
                self._desk = None


def _as_it_is(entry: Entry) -> Entry:
    return entry


class _Desk:
    """The journal as its thread holds it. ``broken`` while something is missing in it that only a checkpoint makes good."""

    def __init__(self, store: JournalStore, description: CallDescription, above: int) -> None:
        self._store = store
        self._description = description
        self._above = above
        self._journal: ClaimedJournal | None = None
        self._sequence = 0
        self._events: deque[bytes] = deque(maxlen=EVENTS_KEPT)
        self.broken = False

    def open(self) -> Opening:
        """Claim the call, once it is known that this version can take it: else its journal stays for the version that wrote it.

        Raises:
            FencedError: the call belongs to another run of the system.
            JournalError: this program cannot read it; not retryable.
        """
        call_id = self._description.call_id
        before: CallEntry | None = None
        with suppress(JournalError):  # which the claim tells
            before = self._store.find(call_id)
        if before is not None and before.description:  # a claim alone would fence another run's incarnation
            self._require_ours(self._understood(CallDescription.decode, before.description))
        entries = deque[Entry]()

        def understand(past: JournalContent) -> None:
            for body in reversed(past.bodies):
                entries.appendleft(self._understood(decode_entry, body))
                if isinstance(entries[0], Checkpoint):
                    break

        nonce = f"{self._description.run_id}/{self._above}"
        journal = self._store.claim(call_id, self._description.encode(), nonce=nonce, above=self._above, judge=understand)
        self._journal, self.broken, past = journal, bool(journal.failure), journal.past
        first = len(past.bodies) - len(entries)
        older, read = past.bodies[:first], past.bodies[first:]
        self._events.extend((*older, *(body for body, entry in zip(read, entries, strict=True) if isinstance(entry, Happened))))
        return Opening(journal.incarnation, tuple(entries), tuple(map(stored_event, older)), past.report, past.lost, journal.failure)

    def keep(self, entries: Sequence[Entry]) -> str:
        """Write the entries as one batch; a checkpoint among them replaces what was. Gives what failed (nothing: empty).

        Raises:
            FencedError: a newer incarnation has the call.
        """
        checkpoint = max((at for at, entry in enumerate(entries) if isinstance(entry, Checkpoint)), default=None)
        bodies: list[bytes] = []
        for at, entry in enumerate(entries):
            body = encode_entry(entry)
            if at == checkpoint:
                bodies = [*self._events, body]
            else:
                bodies.append(body)
            if isinstance(entry, Happened):
                self._events.append(body)
        if not bodies or self._journal is None or (self.broken and checkpoint is None):
            return ""
        write = self._journal.append if checkpoint is None else self._journal.checkpoint
        answer = write(self._sequence + 1, bodies)
        if answer.result is AppendResult.FENCED:
            raise FencedError(answer.reason)
        self.broken = not answer.confirmed
        self._sequence += answer.confirmed
        return answer.reason

    def finish(self, closing: _Close) -> None:
        """Note the end, and remove the journal where it shall go."""
        journal = self._journal
        if journal is None:
            return
        new = journal.incarnation == 1 and not journal.past.bodies and not journal.past.report
        if closing.ending is not None and not closing.delete:
            over = replace(self._description, outcome=closing.ending.outcome, ended_wall_s=closing.ending.wall_s)
            answer = journal.end(self._sequence + 1, over.encode())
            if not answer.confirmed:
                log.warning("the end of a call could not be written down", extra={"reason": answer.reason})
        self.close(delete=closing.delete or (closing.if_new and new))

    def close(self, *, delete: bool) -> None:
        """Give up the journal, and remove it where ``delete``, unless a newer incarnation has it."""
        journal, self._journal = self._journal, None
        if journal is None:
            return
        try:
            if delete:
                self._store.remove(self._description.call_id, incarnation=journal.incarnation)
        except JournalError as failure:
            log.warning("a journal cannot be removed", extra={"call_id": self._description.call_id, "reason": str(failure)})
        finally:
            journal.close()

    def _understood(self, decode: Callable[[bytes], T], body: bytes) -> T:
        try:
            return decode(body)
        except DecodeError as failure:
            raise JournalError(
                f"this version cannot take up {self._description.call_id} ({failure}): use the one that wrote it, or remove its journal",
                retryable=False,
            ) from failure

    def _require_ours(self, before: CallDescription) -> None:
        """The call has begun when its journal says.

        It may be that another run of the system has taken it up since this incarnation's last.
        """
        self._description = replace(self._description, began_wall_s=before.began_wall_s)
        if self._above and before.run_id and before.run_id != self._description.run_id:
            raise FencedError(f"{before.call_id}: the call has been taken up by another run of the system; this incarnation of it must end")
