"""The calls of a store, for whoever is not a session."""

from dataclasses import replace
from pathlib import Path

import pytest

from actors.journal import ABANDONED_S, CallDescription, FileStore, disown_call, open_calls, read_call, release_call, sweep

NOW = 4e9  # later than anything that is written here


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "calls")


def write(
    store: FileStore, call_id: str, *, outcome: str = "", ended_wall_s: float = 0.0, retention_s: float = 0.0, run_id: str = "r"
) -> None:
    record = CallDescription(call_id=call_id, run_id=run_id, agent={}, options={}, began_wall_s=1.0, retention_s=retention_s)
    journal = store.claim(call_id, record.encode(), nonce=call_id)
    journal.append(1, [b"said"])
    if outcome:
        journal.end(2, replace(record, outcome=outcome, ended_wall_s=ended_wall_s).encode())
    journal.close()


def test_a_call_is_kept_for_its_retention_after_its_end(store: FileStore) -> None:
    write(store, "kept", outcome="bye", ended_wall_s=NOW - 50, retention_s=60)
    write(store, "due", outcome="bye", ended_wall_s=NOW - 70, retention_s=60)
    assert sweep(store, NOW) == ("due",)
    assert [entry.call_id for entry in store.list()] == ["kept"]


def test_an_abandoned_call_and_what_cannot_be_read_go_after_a_week(store: FileStore, tmp_path: Path) -> None:
    write(store, "open")
    (tmp_path / "calls" / "odd").mkdir()
    (tmp_path / "calls" / "odd" / "1.0.log").write_bytes(b"no journal at all" * 9)
    written = max(entry.written_wall_s for entry in store.list())
    assert sweep(store, written) == ()
    assert set(sweep(store, written + ABANDONED_S + 1)) == {"open", "odd"}
    assert list((tmp_path / "calls").iterdir()) == []


def test_open_calls_are_those_of_the_run_that_can_be_read(store: FileStore, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(store, "a")
    write(store, "b", outcome="bye", ended_wall_s=2.0)
    write(store, "c", run_id="other")
    store.claim("d", b"no record", nonce="d").close()
    (tmp_path / "calls" / "e").mkdir()
    assert [record.call_id for record in open_calls(store, "r")] == ["a"]
    assert "the journal of a call cannot be read" in caplog.text


def test_a_release_and_a_disowning_keep_what_was_said(store: FileStore) -> None:
    write(store, "a")
    disown_call(store, "a")
    record = read_call(store, "a")
    assert record is not None
    assert (record.run_id, record.is_open) == ("", True)
    release_call(store, "a", "failed: no more", 9.0)
    record, content = read_call(store, "a"), store.read("a")
    assert record is not None
    assert content is not None
    assert (record.outcome, record.ended_wall_s, content.ended, content.bodies) == ("failed: no more", 9.0, True, (b"said",))
    release_call(store, "missing", "bye", 9.0)
    disown_call(store, "missing")
    assert read_call(store, "missing") is None
