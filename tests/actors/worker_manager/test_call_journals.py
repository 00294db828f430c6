import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actors.journal import CallDescription, FileStore, read_call
from actors.worker_manager import call_journals
from actors.worker_manager.call_journals import MAX_WAITING, READ_S, Journals, NoJournals
from actors.worker_manager.returning import JournaledCall
from protocols import StartJob
from support.fake_context import FakeContext

PATIENCE_S = 100.0


class PostingContext(FakeContext):
    """What other threads post, the test performs."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: queue.Queue[Callable[[], None]] = queue.Queue()

    def post(self, callback: Callable[[], None]) -> None:
        self.posts.put(callback)

    def turn(self) -> None:
        self.posts.get(timeout=PATIENCE_S)()


@pytest.fixture
def context() -> PostingContext:
    return PostingContext()


@pytest.fixture
def journals(context: PostingContext, tmp_path: Path) -> Iterator[Journals]:
    journals = Journals(context, tmp_path, "run")
    yield journals
    journals.close()


def write(folder: Path, call_id: str, run_id: str = "run", *, outcome: str = "", retention_s: float = 60.0) -> None:
    record = CallDescription(
        call_id=call_id, run_id=run_id, agent={"instructions": "x"}, options={"room": "r"}, began_wall_s=7.0, retention_s=retention_s
    )
    journal = FileStore(folder).claim(call_id, record.encode(), nonce=call_id)
    if outcome:
        journal.end(1, replace(record, outcome=outcome, ended_wall_s=9.0).encode())
    journal.close()


def job(call_id: str) -> StartJob:
    return StartJob(job_id=call_id, agent={"instructions": "x"}, options={"room": "r"})


def test_the_open_calls_of_this_run_are_found(context: PostingContext, journals: Journals, tmp_path: Path) -> None:
    write(tmp_path, "a")
    write(tmp_path, "b", outcome="bye")
    write(tmp_path, "c", "other")
    found = list[Any]()
    journals.open_calls(found.append)
    context.turn()
    assert found == [(JournaledCall(job=job("a"), began_wall_s=7.0),)]


def test_a_call_is_read_as_it_stands(context: PostingContext, journals: Journals, tmp_path: Path) -> None:
    write(tmp_path, "b", outcome="bye")
    write(tmp_path, "c", "other")
    found = list[Any]()
    for call_id in "abc":
        journals.read(call_id, found.append)
        context.turn()
    assert found == [
        None,
        JournaledCall(job=job("b"), began_wall_s=7.0, ended=True, outcome="bye"),
        JournaledCall(job=job("c"), began_wall_s=7.0, ours=False),
    ]


def test_a_released_call_belongs_to_no_run_and_goes_unless_it_is_retained(journals: Journals, tmp_path: Path) -> None:
    write(tmp_path, "a", retention_s=3e9)
    write(tmp_path, "b", retention_s=0.0)
    for call_id in "ab":
        journals.release(call_id, "failed: no more")
    journals.close()
    record = read_call(FileStore(tmp_path), "a")
    assert record is not None
    assert (record.run_id, record.outcome, record.is_open) == ("", "failed: no more", False)
    assert not (tmp_path / "b").exists()


def test_a_call_that_did_not_start_is_open_for_whoever_starts_it(journals: Journals, tmp_path: Path) -> None:
    write(tmp_path, "a", retention_s=0.0)
    journals.disown("a")
    journals.sweep()
    journals.close()
    record = read_call(FileStore(tmp_path), "a")
    assert record is not None
    assert (record.run_id, record.is_open) == ("", True)


def test_a_disk_that_hangs_holds_up_nobody(
    context: PostingContext, journals: Journals, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(call_journals, "read_call", lambda _folder, _call_id: hangs.wait(PATIENCE_S) and None)
    found = list[Any]()
    journals.read("a", found.append)
    context.advance(READ_S)
    assert found == [None]
    hangs.set()
    context.turn()
    assert found == [None]
    assert "the journals' disk does not answer" in caplog.text


def test_what_fails_is_nothing_and_logged(
    context: PostingContext, journals: Journals, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise OSError("no such disk")

    monkeypatch.setattr(call_journals, "open_calls", broken)
    found = list[Any]()
    journals.open_calls(found.append)
    context.turn()
    assert found == [None]
    journals.close()
    assert "no such disk" in caplog.text


def test_what_waits_for_the_disk_is_bounded(journals: Journals, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(call_journals, "release_call", lambda *_: hangs.wait(PATIENCE_S))
    for _ in range(MAX_WAITING):
        journals.release("a", "bye")
    assert "too much waits" in caplog.text
    monkeypatch.setattr(call_journals, "sweep", lambda *_: ())
    hangs.set()


def test_without_journals_nothing_is_known() -> None:
    found = list[Any]()
    none = NoJournals()
    none.open_calls(found.append)
    none.read("a", found.append)
    none.release("a", "bye")
    none.disown("a")
    none.sweep()
    none.close()
    assert found == [(), None]
