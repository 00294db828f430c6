"""Versions: one of before is brought up, one of later is left alone, and damage is neither."""

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from actors.journal import SCHEMA_VERSION, JournalFile, read_call, sweep
from protocols import JournalError
from support.journal_files import claim, entry

CHECKPOINT_1 = b"\x92\xaacheckpoint\x81\xa6memory\x80"


def make_version_1(path: Path, bodies: list[tuple[int, int | None, bytes]], incarnation: int = 3) -> None:
    """A file as version 1 wrote it: its rows as number, event and body."""
    with closing(sqlite3.connect(path, isolation_level=None)) as sqlite:
        sqlite.execute("PRAGMA journal_mode = WAL")
        sqlite.execute("CREATE TABLE life (incarnation INTEGER NOT NULL)")
        sqlite.execute("CREATE TABLE entries (seq INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL, event INTEGER, body BLOB NOT NULL)")
        sqlite.execute("INSERT INTO life VALUES (?)", (incarnation,))
        sqlite.executemany("INSERT INTO entries VALUES (?, 1, ?, ?)", bodies)
        sqlite.execute("PRAGMA user_version = 1")


@pytest.mark.parametrize(
    ("rows", "bodies"),
    [
        ([], ()),
        ([(1, 1, b"one"), (2, None, b"two"), (3, 2, b"three")], (b"one", b"two", b"three")),
        (
            [(4, 2, b"event"), (9, 3, b"event"), (20, None, CHECKPOINT_1), (21, None, b"after"), (22, 4, b"last")],
            (b"event", b"event", CHECKPOINT_1, b"after", b"last"),
        ),
    ],
)
def test_a_file_of_version_1_is_brought_up_and_goes_on(
    tmp_path: Path, rows: list[tuple[int, int | None, bytes]], bodies: tuple[bytes, ...]
) -> None:
    path = tmp_path / "c1.sqlite3"
    make_version_1(path, rows)
    assert read_call(tmp_path, "c1") is None
    journal = JournalFile(path, claim())
    assert (journal.incarnation, journal.bodies, journal.report, journal.failure) == (4, bodies, "", "")
    journal.append([[entry(5)]])
    journal.close(delete=False)
    with closing(sqlite3.connect(path)) as sqlite:
        assert sqlite.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert sqlite.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again = JournalFile(path, claim())
    assert again.bodies == (*bodies, b"E5")
    assert read_call(tmp_path, "c1") == claim().record
    again.close(delete=True)


def test_a_file_is_brought_up_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "c1.sqlite3"
    make_version_1(path, [(1, 1, b"one")])
    holder = sqlite3.connect(path, isolation_level=None)
    with pytest.MonkeyPatch.context() as patch, closing(holder):
        patch.setattr("actors.journal.connecting.BUSY_TIMEOUT_S", 0.05)
        holder.execute("BEGIN IMMEDIATE")
        journal = JournalFile(path, claim())
        assert "locked" in journal.failure
        assert journal.bodies == (b"one",)
        journal.close(delete=False)
    with closing(sqlite3.connect(path)) as sqlite:
        assert sqlite.execute("SELECT seq, body FROM entries").fetchall() == [(1, b"one")]
        assert sqlite.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_file_of_a_later_version_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "c1.sqlite3"
    JournalFile(path, claim()).close(delete=False)
    with closing(sqlite3.connect(path, isolation_level=None)) as sqlite:
        sqlite.execute("PRAGMA user_version = 7")
        sqlite.execute(f"PRAGMA application_id = {zlib.crc32(b'livekitex journal 7') & 0x7FFF_FFFF}")
    before = path.read_bytes()
    with pytest.raises(JournalError, match=r"c1\.sqlite3 has schema version 7, this is 2: use the program that wrote it") as caught:
        JournalFile(path, claim())
    assert not caught.value.retryable
    assert read_call(tmp_path, "c1") is None
    assert sweep(tmp_path, 1e12) == ()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["c1.sqlite3"]


@pytest.mark.parametrize("pragma", ["user_version = 7", "user_version = 0", "user_version = 1", "application_id = 5"])
def test_a_version_that_is_not_said_twice_is_damage(tmp_path: Path, pragma: str) -> None:
    path = tmp_path / "c1.sqlite3"
    first = JournalFile(path, claim())
    first.append([[entry(0)]])
    first.close(delete=False)
    with closing(sqlite3.connect(path, isolation_level=None)) as sqlite:
        sqlite.execute(f"PRAGMA {pragma}")
    journal = JournalFile(path, claim())
    assert "its header says version" in journal.report
    assert (journal.bodies, journal.lost) == ((b"E0",), 0)
    journal.close(delete=True)


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE life SET incarnation = 9", "newest life does not fit its checksum"),
        ("UPDATE life SET rows = NULL", "newest life does not fit its checksum"),
        ("INSERT INTO life SELECT * FROM life", "newest life does not fit its checksum"),
        ("UPDATE call SET body = x'80'", "record of the call does not fit its checksum"),
        (f"UPDATE call SET body = x'80', crc = {zlib.crc32(bytes([0x80]))}", "record of the call cannot be read"),
        ("UPDATE entries SET event = 'one' WHERE seq = 1", "columns of a wrong kind"),
        (
            "INSERT INTO entries SELECT 9, incarnation, event, flags, link, crc, seal, body FROM entries WHERE seq = 1",
            "3 rows instead of 2",
        ),
        ("UPDATE entries SET body = x'00' WHERE seq = 2", "row 2 does not fit its checksum"),
        ("UPDATE entries SET seq = 3 WHERE seq = 2", "row 3 does not fit its checksum"),
    ],
)
def test_each_table_is_sealed(tmp_path: Path, statement: str, complaint: str) -> None:
    path = tmp_path / "c1.sqlite3"
    first = JournalFile(path, claim())
    first.append([[entry(0)], [entry(1)]])
    first.close(delete=False)
    with closing(sqlite3.connect(path, isolation_level=None)) as sqlite:
        sqlite.execute(statement)
    journal = JournalFile(path, claim())
    assert complaint in journal.report
    assert journal.bodies in {(b"E0", b"E1"), (b"E0",), ()}
    assert journal.lost is None if " life " in statement else (journal.lost == 0) == (journal.bodies == (b"E0", b"E1"))
    journal.close(delete=True)
