"""The journal's thread: order, confirmation, failure and recovery."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.agent_session.core import Checkpoint, Entry, Memory
from actors.agent_session.core.entries import LifeBegan, SentenceWritten
from actors.agent_session.journal import Journal
from actors.agent_session.journal_writer import JournalWriter
from protocols import FencedError, JournalError

DEADLINE_S = 10.0


class Desk:
    """A writer, and everything that it says."""

    def __init__(self, path: Path) -> None:
        self.said: list[str] = []
        self.crashed: list[Exception] = []
        self.end = threading.Event()
        self.writer = JournalWriter(path, failed=self.said.append, recovered=lambda: self.said.append("recovered"), crashed=self._crashed)

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
    journal = Journal(path)
    journal.close(delete=False)
    return journal.past


def test_writes_are_kept_and_confirmed_in_their_order(path: Path, open_desk: Callable[[], Desk]) -> None:
    desk = open_desk()
    assert desk.writer.opened() == (1, ())
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
    assert open_desk().writer.opened() == (2, (LifeBegan(incarnation=1),))


def test_what_cannot_be_opened_is_told_to_who_waits(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    desk = Desk(tmp_path / "file" / "c1.sqlite3")
    with pytest.raises(JournalError, match="cannot open"):
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
    append = Journal.append

    def fail(_self: Journal, _transactions: object) -> None:
        raise JournalError("disk full", retryable=True)

    monkeypatch.setattr(Journal, "append", fail)
    for name in ("two", "three"):
        desk.write(name, sentence(name))
        desk.finish()
    assert desk.said == ["one", "disk full", "two", "three"]
    monkeypatch.setattr(Journal, "append", append)
    desk.write("four", sentence("four"))
    desk.finish()
    desk.write("five", Checkpoint(memory=Memory(turns=5)))
    desk.write("six", sentence("six"))
    desk.finish()
    assert desk.said[-4:] == ["four", "recovered", "five", "six"]
    desk.writer.close(delete=False)
    assert past(path) == (Checkpoint(memory=Memory(turns=5)), sentence("six"))


def test_closing_twice_does_nothing_and_may_remove_the_file(path: Path, open_desk: Callable[[], Desk]) -> None:
    desk = open_desk()
    desk.writer.opened()
    desk.write("one", sentence("one"))
    desk.writer.close(delete=True)
    desk.writer.close(delete=True)
    assert not list(path.parent.iterdir())
