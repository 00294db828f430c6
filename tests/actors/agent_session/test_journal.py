"""The journal on real files: what was committed comes back, and only the newest life writes."""

import sqlite3
import stat
from pathlib import Path

import pytest

from actors.agent_session.core import EVENTS_KEPT, Checkpoint, Entry, Happened, restore
from actors.agent_session.core.entries import CallClosed, LifeBegan, SentenceWritten
from actors.agent_session.journal import SCHEMA_VERSION, Journal
from protocols import FencedError, JournalError
from support.session_world import SPOKEN, World

ENTRIES: tuple[Entry, ...] = (LifeBegan(incarnation=1), SentenceWritten(text="hello"), CallClosed())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls" / "c1.sqlite3"


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as database:
        found = database.execute(query).fetchall()
    database.close()
    return found


def test_what_was_written_comes_back_in_its_order(path: Path) -> None:
    journal = Journal(path)
    assert (journal.incarnation, journal.past) == (1, ())
    journal.append((ENTRIES[:1], ENTRIES[1:]))
    journal.close(delete=False)
    again = Journal(path)
    assert (again.incarnation, again.past) == (2, ENTRIES)
    again.close(delete=False)


def test_what_was_committed_survives_without_a_close(path: Path) -> None:
    journal = Journal(path)
    journal.append((ENTRIES,))
    copy = path.with_name("copy.sqlite3")
    for suffix in ("", "-wal"):  # as the files are at this moment, in the middle of the journal's life
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    journal.close(delete=True)
    survivor = Journal(copy)
    assert survivor.past == ENTRIES
    survivor.close(delete=True)


def test_only_the_user_may_read_it(path: Path) -> None:
    journal = Journal(path)
    journal.append((ENTRIES,))
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(list(path.parent.iterdir())) == 3
    journal.close(delete=True)
    assert not list(path.parent.iterdir())


def test_an_older_life_is_refused(path: Path) -> None:
    old = Journal(path)
    old.append((ENTRIES[:1],))
    new = Journal(path)
    with pytest.raises(FencedError, match="number 1"):
        old.append((ENTRIES[1:],))
    new.append((ENTRIES[1:],))
    new.close(delete=False)
    old.close(delete=False)
    assert rows(path, "SELECT incarnation, count(*) FROM entries GROUP BY incarnation") == [(1, 1), (2, 2)]


def test_a_damaged_file_is_told_as_such(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database, " * 300)
    with pytest.raises(JournalError, match=r"c1\.sqlite3 is damaged .*remove the file") as caught:
        Journal(path)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE entries SET body = x'00' WHERE seq = 2", "is damaged"),
        ("DELETE FROM life", "is damaged .*the table life is empty"),
        (f"PRAGMA user_version = {SCHEMA_VERSION + 1}", "schema version 2, this is 1"),
    ],
)
def test_a_file_that_does_not_fit_is_not_used(path: Path, statement: str, complaint: str) -> None:
    journal = Journal(path)
    journal.append((ENTRIES,))
    journal.close(delete=False)
    rows(path, statement)
    with pytest.raises(JournalError, match=complaint) as caught:
        Journal(path)
    assert not caught.value.retryable


def test_a_folder_that_cannot_be_made_is_a_failure_that_may_pass(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="cannot open") as caught:
        Journal(tmp_path / "file" / "c1.sqlite3")
    assert caught.value.retryable


def test_a_disk_that_is_full_writes_nothing_and_recovers(path: Path) -> None:
    journal = Journal(path)
    journal.append((ENTRIES[:1],))
    journal._sqlite.execute("PRAGMA max_page_count = 1")
    with pytest.raises(JournalError, match=r"cannot write .*full") as caught:
        journal.append(((SentenceWritten(text="x" * 100_000),),))
    assert caught.value.retryable
    journal._sqlite.execute("PRAGMA max_page_count = 100000")
    journal.append((ENTRIES[1:],))
    journal.close(delete=False)
    again = Journal(path)
    assert again.past == ENTRIES
    again.close(delete=True)


def test_a_file_that_somebody_holds_is_a_failure_that_may_pass(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.journal.BUSY_TIMEOUT_S", 0.05)
    journal = Journal(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match=r"cannot write .*locked") as caught:
        journal.append((ENTRIES,))
    assert caught.value.retryable
    other.close()
    journal.append((ENTRIES,))
    journal.close(delete=True)


def test_a_checkpoint_keeps_the_file_small_and_loses_nothing(path: Path) -> None:
    world = World(SPOKEN)
    world.subscribe()
    for number in range(70):
        world.send(f"message {number}")
        world.settle()
    journal = Journal(path)
    for transaction in world.transactions:
        journal.append((transaction,))
    journal.close(delete=False)
    again = Journal(path)
    again.close(delete=True)
    events = [entry for entry in again.past if isinstance(entry, Happened)]
    assert len(events) < world.state.memory.next_event - 1
    assert len(events) >= EVENTS_KEPT
    assert sum(isinstance(entry, Checkpoint) for entry in again.past) == 1
    assert restore(again.past) == restore(world.entries)
