"""What is kept, and for how long."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actors.journal import ABANDONED_S, CallRecord, Claim, JournalFile, call_path, sweep
from actors.journal import sweeping as sweeping_module

NOW = 1_000_000_000.0


def make(folder: Path, call_id: str, *, ended_wall_s: float = 0.0, retention_s: float = 0.0, written_wall_s: float = NOW) -> Path:
    record = CallRecord(call_id=call_id, run_id="r1", agent={}, options={}, began_wall_s=1.0, retention_s=retention_s)
    path = call_path(folder, call_id)
    journal = JournalFile(path, Claim(record))
    if ended_wall_s:
        journal.end("done", ended_wall_s)
    journal.close(delete=False)
    os.utime(path, (written_wall_s, written_wall_s))
    return path


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_call_is_kept_for_its_retention_after_its_end(tmp_path: Path) -> None:
    make(tmp_path, "kept", ended_wall_s=NOW, retention_s=60.0)
    make(tmp_path, "over", ended_wall_s=NOW - 100, retention_s=60.0)
    make(tmp_path, "open")
    (tmp_path / "over.sqlite3.damaged-1").touch()
    (tmp_path / "over.sqlite3.damaged-1-wal").touch()
    (tmp_path / "a note").touch()
    known: dict[Path, tuple[float, float]] = {}
    assert sweep(tmp_path, NOW, known) == ("over",)
    assert names(tmp_path) == {"kept.sqlite3", "open.sqlite3", "a note"}
    assert sweep(tmp_path, NOW + 59, known) == ()
    assert sweep(tmp_path, NOW + 60, known) == ("kept",)
    assert set(known) == {call_path(tmp_path, "open")}


def test_an_abandoned_call_and_what_cannot_be_read_go_after_a_week(tmp_path: Path) -> None:
    make(tmp_path, "open", written_wall_s=NOW - ABANDONED_S)
    make(tmp_path, "young", written_wall_s=NOW - ABANDONED_S + 1)
    for name, written in (("junk.sqlite3", NOW - ABANDONED_S), ("new junk.sqlite3", NOW), ("gone.sqlite3.damaged-2", NOW - ABANDONED_S)):
        (tmp_path / name).write_bytes(b"no database " * 900)
        os.utime(tmp_path / name, (written, written))
    (tmp_path / "gone.sqlite3.damaged-2-wal").touch()
    (tmp_path / "gone.sqlite3.damaged-3").touch()
    os.utime(tmp_path / "gone.sqlite3.damaged-3", (NOW, NOW))
    assert sorted(sweep(tmp_path, NOW)) == ["junk", "open"]
    assert names(tmp_path) == {"young.sqlite3", "new junk.sqlite3", "gone.sqlite3.damaged-3"}
    assert sweep(tmp_path / "nowhere", NOW) == ()


def test_nobody_looks_again_into_what_was_not_written_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, "kept", ended_wall_s=NOW, retention_s=60.0)
    looked: list[Path] = []
    read = sweeping_module.look_at
    monkeypatch.setattr(sweeping_module, "look_at", lambda path: (looked.append(path), read(path))[1])
    known: dict[Path, tuple[float, float]] = {}
    for _ in range(3):
        assert sweep(tmp_path, NOW, known) == ()
    assert looked == [path]
    os.utime(path, (NOW + 1, NOW + 1))
    assert sweep(tmp_path, NOW, known) == ()
    assert looked == [path, path]


def test_a_call_that_is_taken_up_again_in_this_moment_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, "back", ended_wall_s=NOW - 100, retention_s=60.0)
    set_up, taken = sweeping_module.set_up, []

    def late(sqlite: sqlite3.Connection) -> None:
        if not taken:
            record = CallRecord(call_id="back", run_id="r2", agent={}, options={}, began_wall_s=NOW)
            taken.append(JournalFile(path, Claim(record)))
        set_up(sqlite)

    monkeypatch.setattr(sweeping_module, "set_up", late)
    assert sweep(tmp_path, NOW) == ()
    assert path.exists()
    taken[0].close(delete=True)


def test_who_opens_a_call_while_it_is_removed_gets_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, "over", ended_wall_s=NOW - 100)
    monkeypatch.setattr("actors.journal.connecting.BUSY_TIMEOUT_S", 5.0)
    record = CallRecord(call_id="over", run_id="r2", agent={}, options={}, began_wall_s=NOW)
    set_up = sweeping_module.set_up

    def slow(sqlite: sqlite3.Connection) -> None:
        """Whoever opens the file has it open when it is removed, and waits for its lock."""
        set_up(sqlite)
        monkeypatch.undo()
        with closing(sqlite3.connect(path, isolation_level=None)) as remover:
            remover.execute("BEGIN IMMEDIATE")
            path.unlink()

    monkeypatch.setattr("actors.journal.opening.set_up", slow)
    journal = JournalFile(path, Claim(record))
    assert (journal.incarnation, journal.failure, journal.report) == (1, "", "")
    journal.append([[]])
    journal.close(delete=False)
    assert path.exists()


def test_a_file_that_is_in_use_is_left_for_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.journal.connecting.BUSY_TIMEOUT_S", 0.05)
    path = make(tmp_path, "busy", ended_wall_s=NOW - 100)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert sweep(tmp_path, NOW) == ()
    assert sweep(tmp_path, NOW) == ("busy",)
