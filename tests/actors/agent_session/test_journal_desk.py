"""The mailbox's side of the journal, on a writer that confirms when the test says so."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent_session.core import Checkpoint, Entry, Memory
from actors.agent_session.core.entries import SentenceWritten
from actors.agent_session.journal_desk import STALL_S, STALLED, JournalDesk
from support.fake_context import FakeContext

WORD = SentenceWritten(text="word")
CHECKPOINT = Checkpoint(memory=Memory())


class Writer:
    """What `JournalWriter` promises; ``confirm`` is the thread's."""

    def __init__(self) -> None:
        self.stalled = False
        self.given_up = 0
        self.confirms: list[Callable[[], None]] = []

    def write(self, entries: tuple[Entry, ...], confirm: Callable[[], None]) -> bool:
        del entries
        if not self.stalled:
            self.confirms.append(confirm)
        return not self.stalled

    def give_up(self) -> None:
        self.stalled = True
        self.given_up += 1

    def confirm(self) -> None:
        if self.confirms:
            self.confirms.pop(0)()


class Desk:
    """A desk, and what came of it: the names of what was called back for, and the failures."""

    def __init__(self) -> None:
        self.context = FakeContext()
        self.writer = Writer()
        self.said: list[str] = []
        self.desk = JournalDesk(self.context, self.writer, self.said.append)  # type: ignore[arg-type]

    def write(self, name: str, entry: Entry = WORD) -> None:
        self.desk.write((entry,), lambda: self.said.append(name))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_each_write_is_called_back_for_once_it_is_confirmed(desk: Desk) -> None:
    desk.write("one")
    desk.write("two")
    assert desk.said == []
    desk.writer.confirm()
    assert desk.said == ["one"]
    desk.writer.confirm()
    desk.context.advance(10 * STALL_S)
    assert desk.said == ["one", "two"]
    assert desk.context.timers == []
    assert not desk.writer.given_up


def test_a_disk_that_is_slow_again_and_again_is_not_given_up(desk: Desk) -> None:
    for number in range(10):
        desk.write(str(number))
        desk.context.advance(0.9 * STALL_S)
        desk.writer.confirm()
    desk.write("ten")
    desk.context.advance(0.9 * STALL_S)
    assert not desk.writer.given_up


def test_a_disk_that_does_not_answer_is_given_up(desk: Desk) -> None:
    desk.write("one")
    desk.context.advance(0.5 * STALL_S)
    desk.write("two")
    desk.context.advance(0.4 * STALL_S)
    assert desk.said == []
    desk.context.advance(0.1 * STALL_S)
    assert desk.said == ["one", "two", STALLED]
    desk.write("three")
    assert desk.said == ["one", "two", STALLED, "three"]


def test_each_checkpoint_that_is_not_taken_has_failed_so_that_another_comes(desk: Desk) -> None:
    desk.write("one")
    desk.context.advance(STALL_S)
    desk.write("two", CHECKPOINT)
    assert desk.said == ["one", STALLED, STALLED, "two"]


def test_a_late_confirmation_is_of_no_use_and_a_disk_that_answers_again_is_waited_for(desk: Desk) -> None:
    desk.write("one")
    desk.context.advance(STALL_S)
    desk.writer.stalled = False
    desk.write("two")
    desk.writer.confirm()
    assert desk.said == ["one", STALLED]
    desk.writer.confirm()
    assert desk.said == ["one", STALLED, "two"]


@given(st.lists(st.sampled_from(["write", "confirm", "wait", "answer"]), max_size=60))
def test_whatever_the_disk_does_each_write_is_called_back_for_once_and_in_order(happenings: list[str]) -> None:
    desk, written = Desk(), 0
    for happening in happenings:
        match happening:
            case "write":
                desk.write(str(written))
                written += 1
            case "confirm":
                desk.writer.confirm()
            case "wait":
                desk.context.advance(0.6 * STALL_S)
            case _:
                desk.writer.stalled = False
    desk.context.advance(STALL_S)
    assert [name for name in desk.said if name != STALLED] == [str(number) for number in range(written)]
