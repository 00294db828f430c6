"""The rows of a journal, each sealed so that damage shows: pure, on bytes that mean nothing here.

``seal`` is the checksum of all of a row but its body, whose own checksum ``crc`` it covers, and of the seal of the row before (``link``): a
row that was changed, lost, repeated or moved does not fit. So even where a body is lost, what the row was is known for certain.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

CHECKPOINT: Final = 1
"""Flag: the row holds all that the rows before it told. Unless it is the first of two, it can also be made from those."""
LAST: Final = 2
"""Flag: the row is the last of those that belong together."""

_HEAD: Final = struct.Struct("<qq?qqqq")


@dataclass(frozen=True, slots=True)
class Item:
    """What is to be kept. ``number`` is that of an event (None: no event); ``forget_before`` is the oldest event a checkpoint needs."""

    body: bytes
    number: int | None = None
    checkpoint: bool = False
    forget_before: int = 0


class Row(NamedTuple):
    """A row of the file. ``body`` is None where it cannot be read."""

    seq: int
    incarnation: int
    event: int | None
    flags: int
    link: int
    crc: int
    seal: int
    body: bytes | None

    @classmethod
    def sealed(cls, seq: int, incarnation: int, item: Item, link: int, *, last: bool) -> Self:
        """The row for ``item`` behind the row with the seal ``link``."""
        flags = (CHECKPOINT if item.checkpoint else 0) | (LAST if last else 0)
        crc = zlib.crc32(item.body)
        seal = seal_of(seq, incarnation, item.number, flags=flags, link=link, crc=crc)
        return cls(seq, incarnation, item.number, flags, link, crc, seal, item.body)

    @property
    def authentic(self) -> bool:
        """Whether the row is what was written, but perhaps for its body."""
        return self.seal == seal_of(self.seq, self.incarnation, self.event, flags=self.flags, link=self.link, crc=self.crc)

    @property
    def whole(self) -> bool:
        """Whether its body is as well."""
        return self.body is not None and zlib.crc32(self.body) == self.crc

    def follows(self, other: "Row") -> bool:
        """Whether it is the row after ``other``."""
        return self.seq == other.seq + 1 and self.link == other.seal


@dataclass(frozen=True, slots=True)
class Head:
    """Where the rows end: the newest row's ``seq`` and ``seal``, and how many ``rows`` there are."""

    seq: int = 0
    seal: int = 0
    rows: int = 0


START: Final = Head()
"""Where the rows end before the first."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What is left of damaged rows: ``rows``, of which those from ``base`` on lack nothing up to the end of a transaction.

    ``lost`` counts what came after them (None: not known how many, or whether any).
    """

    rows: tuple[Row, ...] = ()
    base: int = 0
    lost: int | None = None


def seal_of(seq: int, incarnation: int, event: int | None, *, flags: int, link: int, crc: int) -> int:
    """The seal of a row with these columns."""
    return zlib.crc32(_HEAD.pack(seq, incarnation, event is not None, event or 0, flags, link, crc))


def flaw(rows: Sequence[Row], head: Head) -> str:
    """What is wrong with the rows that a life needs (events, then all from the newest checkpoint on); empty if nothing.

    The events before the checkpoint are checked one by one, for the rows between them are not needed; that none is missing, the count of
    all rows tells.
    """
    base = max((at for at, row in enumerate(rows) if row.flags & CHECKPOINT), default=None)
    if base is None:
        base = 0
        if rows and (rows[0].seq != 1 or rows[0].link):
            return f"its rows begin with number {rows[0].seq} and no checkpoint"
    for row in rows:
        if not row.authentic or not row.whole:
            return f"row {row.seq} does not fit its checksum"
    for before, row in zip(rows[base:], rows[base + 1 :], strict=False):
        if not row.follows(before):
            return f"row {row.seq} does not follow row {before.seq}"
    end = (rows[-1].seq, rows[-1].seal) if rows else (0, 0)
    return "" if end == (head.seq, head.seal) else f"its rows end at number {end[0]} instead of {head.seq}"


def mend(rows: Sequence[Row], head: Head | None) -> Mended:
    """The longest past that ``rows`` (in their order; any may be damaged) still tell for certain, and the events before it.

    It begins with a checkpoint, or with the call, and ends with a transaction. A checkpoint whose body is lost is passed over, for the rows
    before it tell the same.
    """
    authentic = {row.seq: row for row in rows if row.authentic}
    best: list[Row] = []
    for row in sorted(authentic.values(), key=lambda row: -row.seq):
        if row.whole and (row.flags & CHECKPOINT or (row.seq == 1 and not row.link)):
            stretch = _stretch(authentic, row)
            if stretch and (not best or stretch[-1].seq > best[-1].seq):
                best = stretch
    if not best:
        return Mended(lost=None if head is None else head.seq)
    base, end = best[0].seq, best[-1].seq
    events = [row for row in authentic.values() if row.event is not None and row.whole and row.seq < base]
    kept = (*sorted(events, key=lambda row: row.seq), *_closed_up(best))
    return Mended(kept, base, None if head is None or head.seq < end else head.seq - end)


def _closed_up(stretch: Sequence[Row]) -> Iterator[Row]:
    """The rows without those whose body is lost, sealed anew behind the first such gap."""
    before: Row | None = None
    for row in stretch:
        if row.body is None or not row.whole:
            continue
        if before is None or row.follows(before):
            before = row
        else:
            item = Item(row.body, row.event, bool(row.flags & CHECKPOINT))
            before = Row.sealed(before.seq + 1, row.incarnation, item, before.seal, last=bool(row.flags & LAST))
        yield before


def _stretch(authentic: Mapping[int, Row], first: Row) -> list[Row]:
    """The rows from ``first`` on that follow each other, up to the last end of a transaction."""
    found, row = [first], authentic.get(first.seq + 1)
    while row is not None and row.follows(found[-1]) and (row.whole or row.flags & CHECKPOINT):
        found.append(row)
        row = authentic.get(row.seq + 1)
    while found and not found[-1].flags & LAST:
        found.pop()
    return found
