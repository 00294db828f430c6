"""What the segments of a call tell together: pure, but for the one function that gathers them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from actors.journal.folders import Segment, previous, read_file, segments
from actors.journal.format import BODY, DESCRIPTION, ENDED, TOMBSTONE, NewerFormatError, Record, scan, seed_of
from protocols import JournalContent, JournalError

ATTEMPTS: Final = 20
"""How often a call's segments are looked for again because their owner put others in their place meanwhile."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found: the ``content``, the ``segments`` that were there, and those of them that are ``damaged``.

    ``source`` is the one that told all. ``removed`` if a tombstone says that there is no call any more.
    """

    content: JournalContent
    segments: tuple[Segment, ...]
    damaged: tuple[Segment, ...] = ()
    source: Segment | None = None
    removed: bool = False


def gather(folder: int, call_id: str, where: str, *, below: Segment | None = None) -> Contents:
    """Read the call of ``folder`` from the segments below ``below`` (None: all); ``where`` is its path, for texts.

    Raises:
        OSError: it cannot be read.
        JournalError: a later program wrote it.
    """
    for _ in range(ATTEMPTS):
        found = [segment for segment in segments(folder) if below is None or segment < below]
        with suppress(FileNotFoundError):
            try:
                contents = read_segments(((segment, read_file(folder, segment.name)) for segment in reversed(found)), call_id, where, found)
                return _fallen_back(folder, call_id, contents) if contents.content.report and contents.source is None else contents
            except NewerFormatError as failure:
                raise JournalError(f"{where}: {failure}: use the program that wrote it, or remove it", retryable=False) from failure
    raise JournalError(f"{where} changes faster than it can be read: try again", retryable=True)


def read_segments(files: Iterable[tuple[Segment, bytes]], call_id: str, where: str, found: list[Segment]) -> Contents:
    """What the ``files`` tell, newest first: the newest one whose first batch, its checkpoint, is whole, tells all.

    One that has none was being begun when its process died: then the one before it counts. Only where a whole checkpoint had replaced all
    before it is it a loss, which the oldest segment's number tells: the first of a call is 1.0.

    Raises:
        NewerFormatError: a later program wrote it.
    """
    incarnation = found[-1].incarnation if found else 0
    damaged: list[Segment] = []
    reports: list[str] = []
    description = b""
    for segment, data in files:
        seen = scan(data, seed_of(call_id, *segment))
        if seen.damage:
            damaged.append(segment)
            reports.append(f"{where}/{segment.name} is damaged ({seen.damage})")
        if seen.records:
            lost = seen.lost if len(damaged) == (1 if seen.damage else 0) else None
            told = JournalContent(incarnation=incarnation, report=_told(reports, lost), lost=lost)
            return _filled(Contents(told, tuple(found), tuple(damaged)), segment, seen.records)
        description = description or (seen.first.payload if seen.first is not None and seen.first.kind == DESCRIPTION else b"")
    if found and not reports and found[0] != (1, 0):
        reports.append(f"{where}/{found[0].name} ends before its first batch does, and what it followed is gone")
    lost = None if reports else 0
    content = JournalContent(incarnation=incarnation, description=description, report=_told(reports, lost), lost=lost)
    return Contents(content, tuple(found), tuple(damaged))


def description_of(record: Record | None) -> Iterator[tuple[bytes, bool]]:
    """What a record says of the call, and whether it has ended; nothing if it says nothing."""
    if record is not None and record.kind == DESCRIPTION:
        yield record.payload, bool(record.flags & ENDED)


def _filled(contents: Contents, source: Segment, records: tuple[Record, ...]) -> Contents:
    if records[-1].kind == TOMBSTONE:
        return replace(contents, content=JournalContent(incarnation=contents.content.incarnation), source=source, removed=True)
    description, ended = [said for record in records for said in description_of(record)][-1]
    bodies = tuple(record.payload for record in records if record.kind == BODY)
    return replace(contents, content=replace(contents.content, description=description, ended=ended, bodies=bodies), source=source)


def _fallen_back(folder: int, call_id: str, contents: Contents) -> Contents:
    """From the segment that the newest checkpoint has replaced, since that cannot be read."""
    kept = previous(folder)
    if kept is None:
        return contents
    seen = scan(read_file(folder, kept.previous), seed_of(call_id, *kept))
    return _filled(contents, kept, seen.records) if seen.records else contents


def _told(reports: list[str], lost: int | None) -> str:
    if not reports:
        return ""
    return f"{'; '.join(reports)}: " + ("what came last is lost" if lost is None else f"the newest {lost} records are lost")
