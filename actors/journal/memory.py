"""Journals that are kept in the process's memory alone (`Durability.MEMORY`): for simulations, and to measure against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from protocols import CONFIRMED, Appended, AppendResult, CallEntry, ClaimedJournal, Clock, InternalError, JournalContent, accept_any


@dataclass
class _Call:
    description: bytes
    incarnation: int
    written_wall_s: float
    ended: bool = False
    bodies: list[bytes] = field(default_factory=list)


class MemoryJournal:
    """See `protocols.ClaimedJournal`."""

    failure = ""

    def __init__(self, store: "MemoryStore", call_id: str, call: _Call, past: JournalContent) -> None:
        self.incarnation = call.incarnation
        self.past = past
        self._store = store
        self._call_id = call_id
        self._call = call
        self._sequence = 0
        self._closed = False

    def append(self, sequence: int, bodies: Sequence[bytes]) -> Appended:
        """See `protocols.ClaimedJournal.append`."""
        return self._write(sequence, [*self._call.bodies, *bodies], self._call.description, ended=False)

    def checkpoint(self, sequence: int, bodies: Sequence[bytes]) -> Appended:
        """See `protocols.ClaimedJournal.checkpoint`."""
        return self._write(sequence, list(bodies), self._call.description, ended=False)

    def end(self, sequence: int, description: bytes) -> Appended:
        """See `protocols.ClaimedJournal.end`."""
        return self._write(sequence, self._call.bodies, description, ended=True)

    def close(self) -> None:
        """See `protocols.ClaimedJournal.close`."""
        self._closed = True

    def _write(self, sequence: int, bodies: list[bytes], description: bytes, *, ended: bool) -> Appended:
        if sequence > self._sequence + 1:
            raise InternalError(f"batch {sequence} of a journal comes after batch {self._sequence}: please report this")
        if sequence <= self._sequence:
            return CONFIRMED
        if self._closed or not self._store.holds(self._call_id, self._call):
            return Appended(AppendResult.FENCED, f"{self._call_id}: another incarnation of this call has the journal")
        self._sequence = sequence
        self._call.bodies, self._call.description, self._call.ended = bodies, description, ended
        self._call.written_wall_s = self._store.clock.wall()
        return CONFIRMED


class MemoryStore:
    """See `protocols.JournalStore`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._calls: dict[str, _Call] = {}
        self._claims: dict[tuple[str, str], MemoryJournal] = {}

    def holds(self, call_id: str, call: object) -> bool:
        """Whether this is the newest claim of the call."""
        return self._calls.get(call_id) is call

    def claim(
        self, call_id: str, description: bytes, *, nonce: str, above: int = 0, judge: Callable[[JournalContent], None] = accept_any
    ) -> ClaimedJournal:
        """See `protocols.JournalStore.claim`."""
        if (call_id, nonce) in self._claims:
            return self._claims[call_id, nonce]
        past = self.read(call_id) or JournalContent()
        judge(past)
        call = _Call(description, max(past.incarnation, above) + 1, self.clock.wall(), bodies=list(past.bodies))
        self._calls[call_id] = call
        self._claims = {(call_id, nonce): MemoryJournal(self, call_id, call, past)}
        return self._claims[call_id, nonce]

    def read(self, call_id: str) -> JournalContent | None:
        """See `protocols.JournalStore.read`."""
        call = self._calls.get(call_id)
        if call is None:
            return None
        return JournalContent(description=call.description, ended=call.ended, incarnation=call.incarnation, bodies=tuple(call.bodies))

    def list(self) -> tuple[CallEntry, ...]:
        """See `protocols.JournalStore.list`."""
        entries = [entry for call_id in self._calls if (entry := self.find(call_id)) is not None]
        return tuple(sorted(entries, key=lambda entry: (-entry.written_wall_s, entry.call_id)))

    def find(self, call_id: str) -> CallEntry | None:
        """See `protocols.JournalStore.find`."""
        call = self._calls.get(call_id)
        if call is None:
            return None
        return CallEntry(
            call_id=call_id,
            description=call.description,
            ended=call.ended,
            incarnation=call.incarnation,
            written_wall_s=call.written_wall_s,
            size_bytes=sum(map(len, call.bodies)),
        )

    def release(self, call_id: str, description: bytes, *, ended: bool) -> None:
        """See `protocols.JournalStore.release`."""
        past = self._calls.get(call_id)
        if past is not None:
            wall_s = self.clock.wall()
            self._calls[call_id] = _Call(description, past.incarnation + 1, wall_s, ended=ended, bodies=past.bodies)

    def remove(self, call_id: str, *, incarnation: int | None = None) -> bool:
        """See `protocols.JournalStore.remove`."""
        call = self._calls.get(call_id)
        if call is None or incarnation not in (None, call.incarnation):
            return False
        del self._calls[call_id]
        return True
