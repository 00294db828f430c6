"""A call's journal as its session sees it: entries in, entries out. Blocking; knows no actor and no thread."""

from collections.abc import Sequence
from pathlib import Path

from actors.agent_session.core import EVENTS_KEPT, Checkpoint, Entry, Happened
from actors.journal import Claim, Item, JournalFile
from protocols import DecodeError, JournalError, pack, unpack


class Journal:
    """The journal of one life, open. Use it from the thread that opened it.

    ``incarnation`` counts this life; ``past`` are the entries of those before it, oldest first. ``report``, ``lost`` and
    ``failure`` as in `actors.journal.JournalFile`.

    Raises:
        JournalError: a later program wrote the file, or entries that this one does not know; not retryable.
    """

    def __init__(self, path: Path, claim: Claim) -> None:
        self._file = JournalFile(path, claim)
        self.incarnation = self._file.incarnation
        self.report, self.lost = self._file.report, self._file.lost
        self.failure = self._file.failure
        try:
            self.past: tuple[Entry, ...] = tuple(unpack(Entry, body) for body in self._file.bodies)
        except DecodeError as failure:
            self._file.close(delete=False)
            text = f"{path} holds an entry that is unknown here ({failure}): use the program that wrote it, or remove the file"
            raise JournalError(text, retryable=False) from failure

    def append(self, transactions: Sequence[Sequence[Entry]]) -> None:
        """Commit the entries of all ``transactions`` at once; raises as `actors.journal.JournalFile.append`."""
        self._file.append([tuple(map(_item, entries)) for entries in transactions])

    def resume(self, checkpoint: Checkpoint) -> str:
        """Become durable again, from ``checkpoint`` on; gives and raises as `actors.journal.JournalFile.resume`."""
        return self._file.resume(_item(checkpoint))

    def end(self, outcome: str, wall_s: float) -> None:
        """Note that the call is over; raises as `append`."""
        self._file.end(outcome, wall_s)

    def close(self, *, delete: bool) -> None:
        """Close the journal, and remove its files where ``delete``; it cannot be used any more. Raises as its file."""
        self._file.close(delete=delete)


def _item(entry: Entry) -> Item:
    body = pack(Entry, entry)
    match entry:
        case Happened(number=number):
            return Item(body, number)
        case Checkpoint(memory=memory):
            return Item(body, checkpoint=True, forget_before=memory.next_event - EVENTS_KEPT)
        case _:
            return Item(body)
