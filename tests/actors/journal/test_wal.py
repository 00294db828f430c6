"""SQLite's log as bytes, judged by SQLite itself."""

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.journal.wal import Extent, extent, frames_lost, merged, read_log
from support.journal_files import KINDS, template


def seen_by_sqlite(file: bytes, log: bytes) -> bytes:
    """The file after SQLite has moved into it what it finds in the log."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(file)
        path.with_name("file-wal").write_bytes(log)
        with closing(sqlite3.connect(path)) as sqlite:
            sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()


@pytest.mark.parametrize("kind", ["log", "both"])
def test_a_whole_log_is_read_as_sqlite_does(kind: str) -> None:
    file, log = template(kind).files[""], template(kind).files["-wal"]
    strict, lenient = (merged(file, read_log(log), strict=strict) for strict in (True, False))
    assert strict == lenient
    assert strict.complete
    assert strict.image == seen_by_sqlite(file, log)


@settings(max_examples=30)
@given(kind=st.sampled_from(["log", "both"]), place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_log_is_read_as_sqlite_does(kind: str, place: float, mask: int, *, cut: bool) -> None:
    file, log = template(kind).files[""], bytearray(template(kind).files["-wal"])
    at = int(place * len(log))
    log[at] ^= mask
    del log[at + 1 if cut else len(log) :]
    try:
        seen = seen_by_sqlite(file, bytes(log))
    except sqlite3.Error:  # it refuses another version
        return
    strict = merged(file, read_log(bytes(log)), strict=True)
    assert strict.image.ljust(len(seen), b"\0") == seen.ljust(len(strict.image), b"\0")


def test_what_is_whole_behind_damage_is_read_too() -> None:
    file, log = template("log").files[""], bytearray(template("log").files["-wal"])
    whole = merged(file, read_log(bytes(log)), strict=True)
    log[32 + 4_120 * 5 + 1_000] ^= 1
    damaged = read_log(bytes(log))
    assert damaged.sound == 5
    assert [frame.whole for frame in damaged.frames].count(False) == 1
    strict, lenient = (merged(file, damaged, strict=strict) for strict in (True, False))
    assert (strict.complete, lenient.complete) == (False, True)
    assert lenient.image == whole.image
    more = Extent(bytes(log[16:24]), len(damaged.frames) + 1)
    assert not merged(file, read_log(bytes(log), more), strict=False).complete


@pytest.mark.parametrize("at", [0, 5, 17, 25, 32 + 8, 32 + 17])
def test_damage_to_a_head_loses_at_most_its_own_page(at: int) -> None:
    log = bytearray(template("log").files["-wal"])
    log[at] ^= 0x10
    damaged = read_log(bytes(log))
    assert damaged.sound == 0
    assert sum(not frame.whole for frame in damaged.frames) <= 1


def test_who_knows_its_salts_reads_a_log_without_a_head(tmp_path: Path) -> None:
    log = bytearray(template("both").files["-wal"])
    known = extent(template("both").files["-shm"])
    whole = merged(b"", read_log(bytes(log)), strict=True)
    log[:100] = bytes(100)
    damaged = read_log(bytes(log), known)
    assert [frame.whole for frame in damaged.frames[:3]] == [False, False, True]
    assert merged(b"", damaged, strict=False).image[-4_096:] == whole.image[-4_096:]
    assert not any(frame.whole for frame in read_log(bytes(log)).frames)


@pytest.mark.parametrize("log", [b"", b"\0" * 40, b"x" * 60, b"\0" * 5_000])
def test_what_is_no_log_holds_nothing(log: bytes) -> None:
    assert merged(b"file" * 1_024, read_log(log), strict=False).image == b"file" * 1_024


@pytest.mark.parametrize("kind", KINDS)
def test_the_index_tells_how_far_the_log_was_committed(kind: str) -> None:
    index = template(kind).files.get("-shm", b"")
    told = extent(index)
    if kind == "file":
        assert told is None
        return
    assert told is not None
    log = template(kind).files["-wal"]
    assert told.frames == read_log(log).sound
    assert log[16:24] == told.salts
    assert extent(b"\0" * 48 + index[48:]) == told
    assert extent(b"\0" * 96) is None
    assert extent(index[:40]) is None


@pytest.mark.parametrize(
    ("before", "now", "lost"),
    [
        (None, Extent(b"\0\0\0\1aaaa", 5), 0),
        (Extent(b"\0\0\0\1aaaa", 5), None, 0),
        (Extent(b"\0\0\0\1aaaa", 5), Extent(b"\0\0\0\1aaaa", 5), 0),
        (Extent(b"\0\0\0\1aaaa", 5), Extent(b"\0\0\0\1aaaa", 9), 0),
        (Extent(b"\0\0\0\1aaaa", 5), Extent(b"\0\0\0\1aaaa", 3), 2),
        (Extent(b"\0\0\0\1aaaa", 5), Extent(b"\0\0\0\2bbbb", 1), 0),
        (Extent(b"\xff\xff\xff\xffaaaa", 5), Extent(b"\0\0\0\0bbbb", 1), 0),
        (Extent(b"\0\0\0\1aaaa", 5), Extent(b"\0\0\0\0\0\0\0\0", 0), 5),
        (Extent(b"\0\0\0\1aaaa", 0), Extent(b"\0\0\0\0\0\0\0\0", 0), 0),
    ],
)
def test_frames_are_lost_unless_the_log_began_anew(before: Extent | None, now: Extent | None, lost: int) -> None:
    assert frames_lost(before, now) == lost


def test_a_log_that_began_anew_is_known_by_its_salts(tmp_path: Path) -> None:
    path = tmp_path / "c1.sqlite3"
    told = []
    with closing(sqlite3.connect(path, isolation_level=None)) as sqlite:
        sqlite.execute("PRAGMA journal_mode = WAL")
        for _ in range(2):
            sqlite.execute("CREATE TABLE IF NOT EXISTS numbers (number)")
            sqlite.execute("INSERT INTO numbers VALUES (1)")
            told.append(extent((tmp_path / "c1.sqlite3-shm").read_bytes()))
            sqlite.execute("PRAGMA wal_checkpoint(FULL)")
    first, second = told
    assert first is not None
    assert second is not None
    assert first.salts != second.salts
    assert frames_lost(first, second) == 0
