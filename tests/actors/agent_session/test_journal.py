"""The journal on real files: what was committed comes back, and only the newest life writes."""

import sqlite3
from pathlib import Path

import pytest

from actors.agent_session.core import EVENTS_KEPT, Checkpoint, Entry, Happened, Memory, restore
from actors.agent_session.core.entries import CallClosed, LifeBegan, SentenceWritten
from actors.agent_session.journal import Journal
from actors.journal import CallRecord, Claim, Item, JournalFile
from protocols import JournalError
from support.session_world import SPOKEN, World

ENTRIES: tuple[Entry, ...] = (LifeBegan(incarnation=1), SentenceWritten(text="hello"), CallClosed())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls" / "c1.sqlite3"


def claim() -> Claim:
    return Claim(CallRecord(call_id="c1", run_id="r1", agent={}, options={}, began_wall_s=1.0))


def open_journal(path: Path) -> Journal:
    return Journal(path, claim())


def test_what_was_written_comes_back_in_its_order(path: Path) -> None:
    journal = open_journal(path)
    assert (journal.incarnation, journal.past) == (1, ())
    journal.append((ENTRIES[:1], ENTRIES[1:]))
    journal.close(delete=False)
    again = open_journal(path)
    assert (again.incarnation, again.past) == (2, ENTRIES)
    again.close(delete=False)


def test_what_was_committed_survives_without_a_close(path: Path) -> None:
    journal = open_journal(path)
    journal.append((ENTRIES,))
    copy = path.with_name("copy.sqlite3")
    for suffix in ("", "-wal"):  # as the files are at this moment, in the middle of the journal's life
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    journal.close(delete=True)
    survivor = open_journal(copy)
    assert survivor.past == ENTRIES
    survivor.close(delete=True)


def test_an_entry_that_is_unknown_here_is_refused(path: Path) -> None:
    file = JournalFile(path, claim())
    file.append([[Item(b"\x92\xa6future\x80")]])
    file.close(delete=False)
    with pytest.raises(JournalError, match=r"unknown here .*the program that wrote it") as caught:
        open_journal(path)
    assert not caught.value.retryable


def test_a_life_that_could_not_be_written_is_made_good_by_a_checkpoint(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.journal.connecting.BUSY_TIMEOUT_S", 0.05)
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("BEGIN IMMEDIATE")
    journal = open_journal(path)
    assert (journal.incarnation, journal.past, journal.report) == (1, (), "")
    assert "locked" in journal.failure
    other.close()
    checkpoint = Checkpoint(memory=Memory(turns=3))
    assert journal.resume(checkpoint) == ""
    journal.append((ENTRIES[1:],))
    journal.end("done", 9.0)
    journal.close(delete=False)
    again = open_journal(path)
    assert (again.incarnation, again.past) == (2, (checkpoint, *ENTRIES[1:]))
    again.close(delete=True)


def test_a_checkpoint_keeps_the_file_small_and_loses_nothing(path: Path) -> None:
    world = World(SPOKEN)
    world.subscribe()
    for number in range(70):
        world.send(f"message {number}")
        world.settle()
    journal = open_journal(path)
    for transaction in world.transactions:
        journal.append((transaction,))
    journal.close(delete=False)
    again = open_journal(path)
    again.close(delete=True)
    events = [entry for entry in again.past if isinstance(entry, Happened)]
    assert len(events) < world.state.memory.next_event - 1
    assert len(events) >= EVENTS_KEPT
    assert sum(isinstance(entry, Checkpoint) for entry in again.past) == 1
    assert restore(again.past) == restore(world.entries)
