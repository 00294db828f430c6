"""One life's journal on a real file: what it finds and writes, and that only the newest life does."""

import errno
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors.journal import Item, JournalFile, connecting, mending, opening, read_call
from protocols import FencedError, JournalError
from support.journal_files import checkpoint, claim, entry, state_of, template, transaction


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls" / "c1.sqlite3"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.journal.connecting.BUSY_TIMEOUT_S", 0.05)


@contextmanager
def holding(path: Path, statement: str) -> Iterator[None]:
    """Another program has the file locked."""
    other = sqlite3.connect(path, isolation_level=None)
    try:
        if statement == "EXCLUSIVE":
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


def test_what_was_written_comes_back_in_its_order(path: Path) -> None:
    journal = JournalFile(path, claim())
    assert (journal.incarnation, journal.bodies, journal.report, journal.lost, journal.failure) == (1, (), "", 0, "")
    journal.append([[entry(0)], [entry(1), entry(2)]])
    journal.close(delete=False)
    again = JournalFile(path, claim())
    assert (again.incarnation, again.bodies) == (2, (b"E0", b"E1", b"E2"))
    again.close(delete=False)


def test_only_the_user_may_read_it(path: Path) -> None:
    journal = JournalFile(path, claim())
    journal.append([[entry(0)]])
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(list(path.parent.iterdir())) == 3
    journal.close(delete=True)
    assert not list(path.parent.iterdir())


def test_the_newest_two_checkpoints_and_the_events_that_are_still_needed_are_kept(path: Path) -> None:
    journal = JournalFile(path, claim())
    for first in range(0, 200, 5):
        journal.append([transaction(first, 5)])
    journal.close(delete=False)
    with sqlite3.connect(path) as sqlite:
        checkpoints = [int(body[1:].split(b" ")[0]) for (body,) in sqlite.execute("SELECT body FROM entries WHERE flags & 1 ORDER BY seq")]
        others = [
            (int(body[1:]), event) for body, event in sqlite.execute("SELECT body, event FROM entries WHERE NOT flags & 1 ORDER BY seq")
        ]
    sqlite.close()
    assert checkpoints == [180, 200]
    assert [number for number, event in others if event is None] == [number for number in range(180, 200) if number % 3]
    assert [event for _, event in others if event is not None] == list(range(55, 68))
    again = JournalFile(path, claim())
    assert state_of(again.bodies).end == 200
    again.close(delete=True)


def test_an_older_life_is_refused_and_leaves_the_file_to_the_newer(path: Path) -> None:
    old = JournalFile(path, claim())
    old.append([[entry(0)]])
    new = JournalFile(path, claim())
    for _ in range(2):
        with pytest.raises(FencedError, match=r"life 2 .*\(number 1\) must end"):
            old.append([[entry(1)]])
    with pytest.raises(FencedError):
        old.resume(checkpoint(1))
    old.close(delete=True)
    new.append([[entry(1)]])
    new.close(delete=False)
    last = JournalFile(path, claim())
    assert last.bodies == (b"E0", b"E1")
    last.close(delete=True)


def test_a_life_is_newer_than_all_that_are_known_of(path: Path) -> None:
    journal = JournalFile(path, claim(above=6))
    assert journal.incarnation == 7
    journal.close(delete=False)
    other = JournalFile(path, claim(above=3))
    assert other.incarnation == 8
    other.close(delete=True)


def test_a_call_that_another_run_has_taken_up_is_not_taken_back(path: Path) -> None:
    JournalFile(path, claim("r1")).close(delete=False)
    taken = JournalFile(path, claim("r2"))
    assert taken.incarnation == 2
    restarted = JournalFile(path, claim("r1", above=1))
    with pytest.raises(FencedError, match="taken up by another run"):
        restarted.append([[entry(0)]])
    restarted.close(delete=True)
    taken.append([[entry(0)]])
    taken.close(delete=False)
    same = JournalFile(path, claim("r2", above=1))  # killed before it could note that its second life had begun
    same.append([[entry(1)]])
    same.close(delete=True)


def test_its_record_says_what_the_call_is_and_how_it_ended(path: Path) -> None:
    JournalFile(path, claim("r1")).close(delete=False)
    journal = JournalFile(path, claim("r2"))
    record = read_call(path.parent, "c1")
    assert record == claim("r2").record
    journal.end("done", 70.0)
    journal.close(delete=False)
    ended = read_call(path.parent, "c1")
    assert ended is not None
    assert (ended.outcome, ended.ended_wall_s, ended.began_wall_s, ended.is_open) == ("done", 70.0, 1.0, False)
    JournalFile(path, claim("r3")).close(delete=False)
    assert read_call(path.parent, "c1") == claim("r3").record


def test_a_disk_that_is_full_writes_nothing_and_recovers(path: Path) -> None:
    journal = JournalFile(path, claim())
    journal.append([[entry(0)]])
    sqlite = journal._open.sqlite  # type: ignore[union-attr]
    sqlite.execute("PRAGMA max_page_count = 1")
    with pytest.raises(JournalError, match=r"cannot write .*full.*make room") as caught:
        journal.append([[Item(b"x" * 100_000)]])
    assert caught.value.retryable
    sqlite.execute("PRAGMA max_page_count = 100000")
    journal.append([[entry(1)]])
    journal.close(delete=False)
    again = JournalFile(path, claim())
    assert again.bodies == (b"E0", b"E1")
    again.close(delete=True)


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_of_a_locked_file_the_past_is_read_and_the_life_is_written_later(path: Path, how: str) -> None:
    whole = template("file")
    whole.put(path)
    with holding(path, how):
        journal = JournalFile(path, claim(above=4))
        assert journal.bodies == whole.bodies
        assert journal.incarnation == 5
        assert "locked" in journal.failure
        assert journal.report == ""
        with pytest.raises(JournalError, match="locked"):
            journal.append([[entry(75)]])
        with pytest.raises(JournalError, match="locked"):
            journal.resume(checkpoint(76))
    assert journal.resume(checkpoint(77)) == ""
    journal.append([[entry(77)]])
    journal.close(delete=False)
    again = JournalFile(path, claim())
    assert (again.incarnation, state_of(again.bodies).end) == (6, 78)
    again.close(delete=True)


def test_a_life_that_could_not_be_begun_gives_way_to_one_that_could(path: Path) -> None:
    template("file").put(path)
    with holding(path, "IMMEDIATE"):
        journal = JournalFile(path, claim())
    newer = JournalFile(path, claim())
    assert journal.incarnation == newer.incarnation == 2
    with pytest.raises(FencedError):
        journal.resume(checkpoint(75))
    newer.append([[entry(75)]])
    newer.close(delete=True)
    journal.close(delete=False)


def test_what_a_recovery_wrote_survives_the_loss_of_either_of_its_checkpoints(path: Path) -> None:
    for lost in (0, 1):
        journal = JournalFile(path, claim())
        journal.append([[entry(0)]])
        journal.resume(checkpoint(50))  # as after writes that were lost
        journal.append([[entry(50)]])
        journal.close(delete=False)
        with sqlite3.connect(path) as sqlite:
            seqs = [seq for (seq,) in sqlite.execute("SELECT seq FROM entries WHERE flags & 1 ORDER BY seq")]
            sqlite.execute("UPDATE entries SET body = x'00' WHERE seq = ?", (seqs[lost],))
        sqlite.close()
        again = JournalFile(path, claim())
        assert (again.lost, state_of(again.bodies).end) == (0, 51)
        assert bool(again.report) is (lost == 1)  # the older one is read only when it is needed
        again.close(delete=True)


@pytest.mark.parametrize(
    "statement", ["DELETE FROM life", "UPDATE life SET crc = crc + 1", "DELETE FROM entries WHERE seq = 1", "DROP TABLE call"]
)
def test_a_file_that_is_damaged_meanwhile_is_mended_as_soon_as_that_is_seen(path: Path, statement: str) -> None:
    journal = JournalFile(path, claim())
    journal.append([[entry(0)], [entry(1)]])
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute(statement)
    other.close()
    seen = "life" in statement
    if seen:
        with pytest.raises(JournalError, match=r"damaged .*written anew") as caught:
            journal.append([[entry(2)]])
        assert caught.value.retryable
    report = journal.resume(checkpoint(3))
    assert "It is kept as c1.sqlite3.damaged-1" in report
    journal.append([[entry(3)]])
    journal.close(delete=False)
    again = JournalFile(path, claim())
    assert (again.incarnation, again.report, state_of(again.bodies).end) == (2, "", 4)
    again.close(delete=True)


def test_a_file_that_somebody_removed_is_written_anew(path: Path) -> None:
    journal = JournalFile(path, claim())
    journal.append([[entry(0)]])
    path.unlink()
    with pytest.raises(JournalError, match="has been removed: it is written anew") as caught:
        journal.append([[entry(1)]])
    assert caught.value.retryable
    assert "it is empty, and its log is not" in journal.resume(checkpoint(2))
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()
    assert journal.resume(checkpoint(3)) == ""
    journal.close(delete=False)
    again = JournalFile(path, claim())
    assert (again.incarnation, state_of(again.bodies).end) == (2, 3)
    again.close(delete=True)


def test_what_cannot_even_be_read_is_kept_aside(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template("file").put(path)
    broken = path.stat().st_ino

    def read(file: Path) -> tuple[bytes, bytes]:
        raise OSError(errno.EIO, "Input/output error", str(file))

    def set_up(sqlite: sqlite3.Connection) -> None:
        if path.stat().st_ino == broken:
            failure = sqlite3.OperationalError("disk I/O error")
            failure.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
            raise failure
        connecting.set_up(sqlite)

    monkeypatch.setattr(mending, "_bytes_of", read)
    monkeypatch.setattr(opening, "set_up", set_up)
    journal = JournalFile(path, claim(above=4))
    assert (journal.incarnation, journal.bodies, journal.lost, journal.failure) == (5, (), None, "")
    assert "Input/output error" in journal.report
    assert "It is kept as c1.sqlite3.damaged-1; nothing of it could be read" in journal.report
    journal.append([[entry(0)]])
    journal.close(delete=True)


def test_what_can_neither_be_read_nor_kept_aside_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "something").touch()
    journal = JournalFile(path, claim())
    assert (journal.incarnation, journal.bodies, journal.lost) == (1, (), None)
    assert "cannot be replaced; nothing of it could be read" in journal.report
    assert "cannot open" in journal.failure
    with pytest.raises(JournalError, match="cannot open"):
        journal.resume(checkpoint(1))
    journal.close(delete=False)


def test_a_folder_that_cannot_be_made_is_a_failure_that_may_pass(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = JournalFile(tmp_path / "file" / "c1.sqlite3", claim())
    assert (journal.bodies, journal.report) == ((), "")
    assert "cannot open" in journal.failure
    (tmp_path / "file").unlink()
    assert journal.resume(checkpoint(9)) == ""
    journal.close(delete=True)


def test_a_journal_that_cannot_be_removed_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = JournalFile(path, claim())

    def refuse(_: Path) -> None:
        raise PermissionError("not yours")

    monkeypatch.setattr("actors.journal.file.remove", refuse)
    with pytest.raises(JournalError, match=r"cannot remove .*not yours"):
        journal.close(delete=True)
