"""The mailbox's side of the journal: what is written is called back for in its order, whether or not the disk answers."""

from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Final

from actors.agent_session.core import Checkpoint, Entry
from actors.agent_session.journal_writer import JournalWriter
from supervision import Context

STALL_S: Final = 5.0
"""A disk that leaves a write waiting this long is given up: the call goes on without it."""
STALLED: Final = "the disk of the journal does not answer: the call goes on, and what is said now is lost if it dies; see to the disk"

Then = Callable[[], None]


class JournalDesk:
    """Hands writes to ``writer``, from the mailbox of ``context``, to which it comes back.

    ``failed`` is called when the disk is given up, and again for each checkpoint that comes before it answers: none of them was kept.
    """

    def __init__(self, context: Context, writer: JournalWriter, failed: Callable[[str], None]) -> None:
        self._context = context
        self._writer = writer
        self._failed = failed
        self._numbers = count(1)
        self._waiting: deque[tuple[int, float, Then]] = deque()
        self._watched = False

    def write(self, entries: tuple[Entry, ...], then: Then) -> None:
        """Have ``entries`` written, then ``then`` called; at once if the disk was given up and does not answer yet."""
        number = next(self._numbers)
        if self._writer.write(entries, lambda: self._context.post(partial(self._confirmed, number))):
            self._waiting.append((number, self._context.clock.monotonic(), then))
            self._watch()
            return
        if any(isinstance(entry, Checkpoint) for entry in entries):
            self._context.post(partial(self._failed, STALLED))
        then()

    def _confirmed(self, number: int) -> None:
        """All up to ``number`` are written; a disk that was given up may still confirm what it was given up for."""
        while self._waiting and self._waiting[0][0] <= number:
            self._waiting.popleft()[2]()

    def _watch(self) -> None:
        """Look when the oldest write has waited too long."""
        if self._waiting and not self._watched:
            self._watched = True
            self._context.after(max(0.0, self._waiting[0][1] + STALL_S - self._context.clock.monotonic()), self._look)

    def _look(self) -> None:
        self._watched = False
        if self._waiting and self._context.clock.monotonic() >= self._waiting[0][1] + STALL_S:
            self._writer.give_up()
            self._confirmed(self._waiting[-1][0])
            self._failed(STALLED)
        self._watch()
