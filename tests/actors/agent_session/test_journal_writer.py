"""The journal's thread: order, confirmation, failure and recovery."""

import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from actors.agent_session.core import Checkpoint, Entry, Memory
from actors.agent_session.core.entries import LifeBegan, SentenceWritten
from actors.agent_session.journal import Journal
from actors.agent_session.journal_writer import MAX_WAITING, Ending, JournalWriter, Opening
from actors.journal import CallRecord, Claim, read_call
from protocols import FencedError, JournalError

DEADLINE_S = 100.0
CLAIM = Claim(CallRecord(call_id="c1", run_id="r1", agent={}, options={}, began_wall_s=1.0))


class Desk:
    """A writer, and everything that it says."""

    def __init__(self, path: Path) -> None:
        self.said: list[str] = []
        self.crashed: list[Exception] = []
        self.end = threading.Event()
        self.writer = JournalWriter(
            path, CLAIM, failed=self.said.append, recovered=lambda report: self.said.append(f"recovered{report}"), crashed=self._crashed
        )

    def write(self, name: str, *entries: Entry) -> None:
        self.writer.write(entries, lambda: self.said.append(name))

    def finish(self) -> None:
        """Wait until everything so far was confirmed."""
        done = threading.Event()
        self.writer.write((), done.set)
        assert done.wait(DEADLINE_S)

    def _crashed(self, failure: Exception) -> None:
        self.crashed.append(failure)
        self.end.set()


def sentence(text: str) -> SentenceWritten:
    return SentenceWritten(text=text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c1.sqlite3"


@pytest.fixture
def open_desk(path: Path) -> Iterator[Callable[[], Desk]]:
    desks: list[Desk] = []

    def make() -> Desk:
        desks.append(Desk(path))
        return desks[-1]

    yield make
    for desk in desks:
        desk.writer.close(delete=False)


def past(path: Path) -> tuple[Entry, ...]:
    journal = Journal(path, CLAIM)
    journal.close(delete=False)
    return journal.past


def test_writes_are_kept_and_confirmed_in_their_order(path: Path, open_desk: Callable[[], Desk]) -> None:
    desk = open_desk()
    assert desk.writer.opened() == Opening()
    for number in range(200):
        desk.write(str(number), sentence(str(number))) if number % 3 else desk.write(str(number))
    desk.writer.close(delete=False)
    assert desk.said == [str(number) for number in range(200)]
    assert past(path) == tuple(sentence(str(number)) for number in range(200) if number % 3)


def test_a_second_life_is_told_of_the_first(open_desk: Callable[[], Desk]) -> None:
    first = open_desk()
    first.writer.opened()
    first.write("", LifeBegan(incarnation=1))
    first.finish()
    assert open_desk().writer.opened() == Opening(2, (LifeBegan(incarnation=1),))


def test_what_cannot_be_opened_is_told_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    desk = Desk(tmp_path / "file" / "c1.sqlite3")
    opening = desk.writer.opened()
    assert (opening.incarnation, opening.past) == (1, ())
    assert "cannot open" in opening.failure
    desk.write("one", sentence("one"))
    desk.write("two", Checkpoint(memory=Memory(turns=1)))
    desk.finish()
    (tmp_path / "file").unlink()
    desk.write("three", Checkpoint(memory=Memory(turns=2)))
    desk.write("four", sentence("four"))
    desk.writer.close(delete=False, ending=Ending("over", 5.0))
    assert [said for said in desk.said if "cannot open" not in said] == ["one", "two", "recovered", "three", "four"]
    assert past(tmp_path / "file" / "c1.sqlite3") == (Checkpoint(memory=Memory(turns=2)), sentence("four"))
    record = read_call(tmp_path / "file", "c1")
    assert record is not None
    assert (record.outcome, record.ended_wall_s) == ("", 0.0)  # `past` has taken it up again


def test_a_file_of_a_later_program_is_told_to_who_waits(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as sqlite:
        sqlite.execute("PRAGMA user_version = 9")
        sqlite.execute(f"PRAGMA application_id = {zlib.crc32(b'livekitex journal 9') & 0x7FFF_FFFF}")
    desk = Desk(path)
    with pytest.raises(JournalError, match="schema version 9, this is 2"):
        desk.writer.opened()
    desk.writer.close(delete=False)


def test_a_life_that_was_replaced_crashes(open_desk: Callable[[], Desk]) -> None:
    old = open_desk()
    old.writer.opened()
    open_desk().writer.opened()
    old.write("never", sentence("late"))
    assert old.end.wait(DEADLINE_S)
    assert isinstance(old.crashed[0], FencedError)
    assert old.said == []


def test_while_the_disk_fails_writes_are_confirmed_and_a_checkpoint_makes_them_good(
    path: Path, open_desk: Callable[[], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.writer.opened()
    desk.write("one", sentence("one"))
    desk.finish()
    append, resume = Journal.append, Journal.resume

    def fail(_self: Journal, _what: object) -> None:
        raise JournalError("disk full", retryable=True)

    monkeypatch.setattr(Journal, "append", fail)
    monkeypatch.setattr(Journal, "resume", fail)
    for name in ("two", "three"):
        desk.write(name, sentence(name))
        desk.finish()
    assert desk.said == ["one", "disk full", "two", "three"]
    monkeypatch.setattr(Journal, "append", append)
    monkeypatch.setattr(Journal, "resume", resume)
    desk.write("four", sentence("four"))
    desk.finish()
    desk.write("five", Checkpoint(memory=Memory(turns=5)))
    desk.write("six", sentence("six"))
    desk.finish()
    assert desk.said[-4:] == ["four", "recovered", "five", "six"]
    desk.writer.close(delete=False)
    assert past(path) == (Checkpoint(memory=Memory(turns=5)), sentence("six"))


class Disk:
    """Holds up whatever is appended, until it answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked, self.answers = threading.Event(), threading.Event()
        genuine = Journal.append

        def append(journal: Journal, transactions: Sequence[tuple[Entry, ...]]) -> None:
            self.asked.set()
            assert self.answers.wait(DEADLINE_S)
            genuine(journal, transactions)

        monkeypatch.setattr(Journal, "append", append)


def test_what_waited_for_a_disk_that_was_given_up_is_not_kept_until_a_checkpoint_makes_it_good(
    path: Path, open_desk: Callable[[], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.writer.opened()
    disk = Disk(monkeypatch)
    desk.write("under way", sentence("under way"))
    assert disk.asked.wait(DEADLINE_S)
    desk.write("waits", sentence("waits"), Checkpoint(memory=Memory(turns=1)))
    desk.writer.give_up()
    assert not desk.writer.write((sentence("not taken"),), lambda: desk.said.append("not taken"))
    disk.answers.set()
    while not desk.writer.write((sentence("later"),), lambda: desk.said.append("later")):
        pass
    desk.finish()
    desk.write("five", Checkpoint(memory=Memory(turns=5)))
    desk.finish()
    assert desk.said == ["under way", "later", "recovered", "five"]
    desk.writer.close(delete=False)
    assert past(path) == (Checkpoint(memory=Memory(turns=5)),)


def test_a_writer_that_is_given_up_while_its_room_is_full_comes_by_all_the_same(
    open_desk: Callable[[], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.writer.opened()
    disk = Disk(monkeypatch)
    desk.write("under way", sentence("under way"))
    assert disk.asked.wait(DEADLINE_S)
    for _ in range(MAX_WAITING):
        desk.write("waits", sentence("waits"))
    desk.writer.give_up()
    disk.answers.set()
    while not desk.writer.write((), lambda: None):
        pass
    desk.finish()
    assert desk.said == ["under way"]


def test_closing_twice_does_nothing_and_may_remove_the_file(path: Path, open_desk: Callable[[], Desk]) -> None:
    desk = open_desk()
    desk.writer.opened()
    desk.write("one", sentence("one"))
    desk.writer.close(delete=True)
    desk.writer.close(delete=True)
    assert not list(path.parent.iterdir())


def test_of_a_call_that_never_began_nothing_is_left(path: Path, open_desk: Callable[[], Desk]) -> None:
    open_desk().writer.abandon()
    assert not list(path.parent.iterdir())
    first = open_desk()
    first.write("one", sentence("one"))
    first.finish()
    first.writer.close(delete=False)
    second = open_desk().writer
    second.abandon()
    second.abandon()
    assert past(path) == (sentence("one"),)
