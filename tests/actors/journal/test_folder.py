"""The journals of a folder, seen by somebody who is not their session."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actors.journal import CallRecord, Claim, JournalFile, call_path, disown_call, open_calls, read_call, release_call
from actors.journal import folder as folder_module
from support.journal_files import claim, entry, state_of, template


def begin(folder: Path, call_id: str, run_id: str, began_wall_s: float) -> JournalFile:
    record = CallRecord(call_id=call_id, run_id=run_id, agent={"greeting": "Hi."}, options={"x": 1}, began_wall_s=began_wall_s)
    return JournalFile(call_path(folder, call_id), Claim(record))


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_the_open_calls_of_a_run_are_found_oldest_first_and_nothing_is_changed(tmp_path: Path) -> None:
    living = begin(tmp_path, "b", "r1", 5.0)
    for call_id, run_id, began in (("a", "r1", 9.0), ("c", "r2", 1.0), ("d", "r1", 2.0)):
        begin(tmp_path, call_id, run_id, began).close(delete=False)
    ended = begin(tmp_path, "e", "r1", 3.0)
    ended.end("done", 7.0)
    ended.close(delete=False)
    before = names(tmp_path)
    assert [record.call_id for record in open_calls(tmp_path, "r1")] == ["d", "b", "a"]
    assert open_calls(tmp_path / "nowhere", "r1") == ()
    assert names(tmp_path) == before
    living.append([[entry(0)]])
    living.close(delete=True)


def test_the_call_of_a_killed_session_is_found_and_what_tells_of_lost_writes_is_left(tmp_path: Path) -> None:
    path = template("log").put(call_path(tmp_path, "c1"))
    log = path.with_name(path.name + "-wal")
    log.write_bytes(log.read_bytes()[:-5_000])
    files = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    assert [record.call_id for record in open_calls(tmp_path, "r1")] == ["c1"]
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == files
    journal = JournalFile(path, claim())
    assert "are lost" in journal.report
    journal.close(delete=True)


def test_a_copy_without_its_index_is_read(tmp_path: Path) -> None:
    path = template("log").put(call_path(tmp_path, "c1"))
    path.with_name(path.name + "-shm").unlink()
    assert read_call(tmp_path, "c1") == claim().record


def test_of_a_damaged_journal_the_record_may_still_be_had(tmp_path: Path) -> None:
    path = template("file").put(call_path(tmp_path, "c1"))
    path.write_bytes(b"\0" * 4_096 + path.read_bytes()[4_096:])
    assert read_call(tmp_path, "c1") == claim().record


def test_what_cannot_be_read_is_skipped_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    begin(tmp_path, "a", "r1", 1.0).close(delete=False)
    call_path(tmp_path, "b").write_bytes(b"no database " * 900)
    call_path(tmp_path, "c").mkdir()
    assert [record.call_id for record in open_calls(tmp_path, "r1")] == ["a"]
    assert [record.message for record in caplog.records] == ["the journal of a call cannot be read"] * 2
    assert read_call(tmp_path, "nobody") is None


def test_a_mended_file_that_has_not_taken_its_place_counts(tmp_path: Path) -> None:
    path = template("file").put(call_path(tmp_path, "c1"))
    path.rename(path.with_name(path.name + ".mended"))
    path.write_bytes(b"no database " * 900)
    assert read_call(tmp_path, "c1") == claim().record


def test_only_the_files_written_last_are_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "MAX_LOOKED_INTO", 2)
    for number in range(4):
        begin(tmp_path, f"c{number}", "r1", float(number)).close(delete=False)
        os.utime(call_path(tmp_path, f"c{number}"), (100, 100 + number))
    assert [record.call_id for record in open_calls(tmp_path, "r1")] == ["c2", "c3"]


def test_a_released_call_belongs_to_no_run_and_is_taken_up_by_whoever_wants_it(tmp_path: Path) -> None:
    path = template("log").put(call_path(tmp_path, "c1"))
    release_call(tmp_path, "c1", "died too often", 50.0)
    assert open_calls(tmp_path, "r1") == ()
    record = read_call(tmp_path, "c1")
    assert record is not None
    assert (record.run_id, record.outcome, record.ended_wall_s, record.is_open) == ("", "died too often", 50.0, False)
    journal = JournalFile(path, claim("r2"))
    assert state_of(journal.bodies).end == template("log").end
    assert [record.call_id for record in open_calls(tmp_path, "r2")] == ["c1"]
    journal.close(delete=True)


def test_a_disowned_call_stays_open_for_whoever_takes_it_up(tmp_path: Path) -> None:
    begin(tmp_path, "a", "r1", 1.0).close(delete=False)
    disown_call(tmp_path, "a")
    assert open_calls(tmp_path, "r1") == ()
    record = read_call(tmp_path, "a")
    assert record is not None
    assert (record.run_id, record.is_open, record.began_wall_s) == ("", True, 1.0)
    begin(tmp_path, "a", "r2", 2.0).close(delete=False)
    assert [record.call_id for record in open_calls(tmp_path, "r2")] == ["a"]


def test_to_release_what_is_not_there_or_locked_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("actors.journal.connecting.BUSY_TIMEOUT_S", 0.05)
    release_call(tmp_path, "nobody", "over", 5.0)
    assert names(tmp_path) == set()
    begin(tmp_path, "a", "r1", 1.0).close(delete=False)
    with closing(sqlite3.connect(call_path(tmp_path, "a"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        release_call(tmp_path, "a", "over", 5.0)
    assert [record.call_id for record in open_calls(tmp_path, "r1")] == ["a"]
    assert [record.message for record in caplog.records] == ["what became of a call could not be written down"]
