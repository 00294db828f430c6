"""Journals as a killed process leaves them, for tests that damage them.

The bodies are numbered, so that what is left of them can be judged: ``E`` is an entry (one of three is an event), ``C`` a checkpoint, which
stands for all entries before it.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from actors.journal import CallRecord, Claim, Item, JournalFile

SUFFIXES = ("", "-wal", "-shm")
KINDS = ("log", "both", "file")
EVENTS_KEPT = 12
PADDING = b" spoken" * 900  # a checkpoint is longer than a page


def claim(run_id: str = "r1", *, above: int = 0) -> Claim:
    agent = {"instructions": "Be brief. " * 60, "llm": {"factory": "a:b", "options": {}}}
    return Claim(CallRecord(call_id="c1", run_id=run_id, agent=agent, options={"journal_dir": "/calls"}, began_wall_s=1.0), above=above)


def entry(number: int) -> Item:
    return Item(b"E%d" % number, event_number(number) if number % 3 == 0 else None)


def event_number(number: int) -> int:
    return number // 3 + 1


def checkpoint(number: int) -> Item:
    return Item(b"C%d" % number + PADDING, checkpoint=True, forget_before=event_number(number) - EVENTS_KEPT)


def transaction(first: int, count: int) -> list[Item]:
    """Entries from ``first`` on; every 20th is followed by a checkpoint."""
    items = []
    for number in range(first, first + count):
        items.append(entry(number))
        if number % 20 == 19:
            items.append(checkpoint(number + 1))
    return items


@dataclass(frozen=True)
class State:
    """What bodies tell: all entries below ``end``, of which the events ``events`` are there."""

    end: int
    events: tuple[int, ...]


def state_of(bodies: tuple[bytes, ...]) -> State:
    """What the bodies tell; fails where one is missing in the middle."""
    end, events = 0, []
    start = max((at for at, body in enumerate(bodies) if body[:1] == b"C"), default=0)
    for at, body in enumerate(bodies):
        number = int(body.split(b" ")[0][1:])
        if body[:1] == b"C":
            assert body == checkpoint(number).body
            end = number
        else:
            assert body == b"E%d" % number
            if number % 3 == 0:
                events.append(number)
            if at >= start:
                assert number == end
                end = number + 1
    assert events == sorted(set(events))
    return State(end, tuple(events))


@dataclass(frozen=True)
class Template:
    """The files of a journal that somebody left, and what they tell. ``ends`` are the ends of its transactions."""

    files: dict[str, bytes]
    bodies: tuple[bytes, ...]
    end: int
    ends: frozenset[int]

    def put(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix, data in self.files.items():
            path.with_name(path.name + suffix).write_bytes(data)
        return path


@cache
def template(kind: str) -> Template:
    """A journal killed while all stands in its log (``log``) or some in its file (``both``), or one that was closed (``file``)."""
    with TemporaryDirectory() as folder:
        return _make(Path(folder) / "made.sqlite3", kind)


def _make(path: Path, kind: str) -> Template:
    ends, end = {0}, 0
    journal = JournalFile(path, claim())
    for size in (1, 3, 2, 9, 1, 1, 8, 2, 30, 1, 4, 1):
        journal.append([transaction(end, size), transaction(end + size, 1)])
        ends |= {end + size, end + size + 1}
        end += size + 1
        if kind == "both" and size in {9, 30}:
            with closing(sqlite3.connect(path)) as other:
                other.execute("PRAGMA wal_checkpoint(PASSIVE)")
    if kind == "file":
        journal.close(delete=False)
    files = {suffix: file.read_bytes() for suffix in SUFFIXES if (file := path.with_name(path.name + suffix)).exists()}
    if kind != "file":
        journal.close(delete=False)
    whole = JournalFile(path, claim())
    whole.close(delete=False)
    return Template(files, whole.bodies, end, frozenset(ends))
