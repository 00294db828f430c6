"""The writer: its thread's order, failure and recovery, and that the mailbox is called back whatever the disk does."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from actors.agent_session.core import EVENTS_KEPT, Checkpoint, Entry, Happened, Memory, restore
from actors.agent_session.core.entries import IncarnationBegan, SentenceWritten
from actors.agent_session.journal_writer import STALL_S, STALLED, Ending, JournalWriter, Listener, Opening
from actors.agent_session.records import decode_entry, encode_entry
from actors.journal import CallDescription, FileStore, read_call
from actors.journal.files import FileJournal
from protocols import Appended, AppendResult, FencedError, JournalError
from support.fake_context import FakeContext
from support.session_world import SPOKEN, World

DEADLINE_S = 100.0
RECORD = CallDescription(call_id="c1", run_id="r1", agent={}, options={}, began_wall_s=1.0)


class Mailbox(FakeContext):
    """What other threads post, the test performs."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: queue.Queue[Callable[[], None]] = queue.Queue()

    def post(self, callback: Callable[[], None]) -> None:
        self.posts.put(callback)


class Desk:
    """A writer, and everything that it says: what is not durable in brackets."""

    def __init__(self, folder: Path, *, above: int = 0, run_id: str = "r1") -> None:
        self.context = Mailbox()
        self.said: list[str] = []
        self.openings: list[Opening] = []
        self.crashes: list[Exception] = []
        listener = Listener(
            opened=self.openings.append,
            failed=self.said.append,
            recovered=lambda: self.said.append("recovered"),
            crashed=self.crashes.append,
        )
        record = CallDescription(call_id="c1", run_id=run_id, agent={}, options={}, began_wall_s=1.0)
        self.writer = JournalWriter(self.context, FileStore(folder), record, listener, above=above)

    def turn(self) -> None:
        self.context.posts.get(timeout=DEADLINE_S)()

    def turn_until(self, done: Callable[[], object]) -> None:
        while not done():
            self.turn()

    def opened(self) -> Opening:
        self.turn_until(lambda: self.openings or self.crashes)
        if self.crashes:
            raise self.crashes[0]
        return self.openings[0]

    def write(self, name: str, *entries: Entry) -> None:
        self.writer.write(entries, lambda durable: self.said.append(name if durable else f"({name})"))

    def finish(self) -> None:
        """Wait until everything so far was called back for."""
        done: list[bool] = []
        self.writer.write((), done.append)
        self.turn_until(lambda: done)


def sentence(text: str) -> SentenceWritten:
    return SentenceWritten(text=text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def open_desk(folder: Path) -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(**options: object) -> Desk:
        desks.append(Desk(folder, **options))  # type: ignore[arg-type]
        return desks[-1]

    yield make
    for desk in desks:
        desk.writer.close(delete=False)


def past(folder: Path) -> tuple[Entry, ...]:
    content = FileStore(folder).read("c1")
    assert content is not None
    return tuple(decode_entry(body) for body in content.bodies)


def test_writes_are_kept_and_called_back_for_in_their_order(folder: Path, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    assert desk.opened() == Opening()
    for number in range(200):
        desk.write(str(number), sentence(str(number))) if number % 3 else desk.write(str(number))
    desk.finish()
    assert desk.said == [str(number) for number in range(200)]
    desk.writer.close(delete=False)
    desk.writer.close(delete=False)
    assert past(folder) == tuple(sentence(str(number)) for number in range(200) if number % 3)


def test_a_second_life_is_told_of_the_first_and_fences_it(open_desk: Callable[..., Desk]) -> None:
    first = open_desk()
    first.opened()
    first.write("one", IncarnationBegan(incarnation=1))
    first.finish()
    assert open_desk(above=1).opened() == Opening(2, (IncarnationBegan(incarnation=1),))
    first.write("never", sentence("late"))
    first.turn_until(lambda: first.crashes)
    assert isinstance(first.crashes[0], FencedError)
    assert first.said == ["one"]


def test_a_life_that_is_started_again_leaves_the_call_to_the_run_that_took_it_up(open_desk: Callable[..., Desk]) -> None:
    open_desk().opened()
    other = open_desk(run_id="r2")
    assert other.opened().incarnation == 2
    other.write("one", sentence("one"))
    with pytest.raises(FencedError, match="taken up by another run"):
        open_desk(above=1).opened()
    other.finish()
    assert other.said[-1] == "one"


def test_a_claim_that_cannot_be_written_is_told_and_made_good_by_a_checkpoint(folder: Path, open_desk: Callable[..., Desk]) -> None:
    folder.write_text("in the way")
    desk = open_desk()
    opening = desk.opened()
    assert (opening.incarnation, opening.past) == (1, ())
    assert "cannot open" in opening.failure
    desk.write("one", sentence("one"))
    desk.write("two", Checkpoint(memory=Memory(turns=1)))
    desk.finish()
    folder.unlink()
    desk.write("three", Checkpoint(memory=Memory(turns=2)))
    desk.finish()
    desk.write("four", sentence("four"))
    desk.finish()
    assert [said for said in desk.said if "cannot" not in said] == ["(one)", "(two)", "recovered", "three", "four"]
    desk.writer.close(delete=False, ending=Ending("over", 5.0))
    assert past(folder) == (Checkpoint(memory=Memory(turns=2)), sentence("four"))
    record = read_call(FileStore(folder), "c1")
    assert record is not None
    assert (record.outcome, record.ended_wall_s, record.began_wall_s) == ("over", 5.0, 1.0)


def test_while_the_disk_fails_writes_are_not_durable_and_a_checkpoint_makes_them_good(
    folder: Path, open_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    desk.opened()
    desk.write("one", sentence("one"))
    desk.finish()
    for method in ("append", "checkpoint"):
        answer = Appended(AppendResult.UNAVAILABLE, "disk full")
        monkeypatch.setattr(FileJournal, method, lambda *_what, answer=answer: answer)
    for name in ("two", "three"):
        desk.write(name, sentence(name))
        desk.finish()
    assert desk.said == ["one", "disk full", "(two)", "(three)"]
    monkeypatch.undo()
    desk.write("four", sentence("four"))
    desk.finish()
    desk.write("five", Checkpoint(memory=Memory(turns=5)))
    desk.write("six", sentence("six"))
    desk.finish()
    assert [said for said in desk.said[-4:] if said != "(four)"] == ["recovered", "five", "six"]
    desk.writer.close(delete=False)
    assert past(folder) == (Checkpoint(memory=Memory(turns=5)), sentence("six"))


@pytest.mark.parametrize("method", ["claim", "append"])
def test_a_disk_that_does_not_answer_is_given_up_and_made_good_later(
    folder: Path, open_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    answers, owner = threading.Event(), FileStore if method == "claim" else FileJournal
    genuine = getattr(owner, method)
    if method == "append":
        desk = open_desk()
        desk.opened()
    monkeypatch.setattr(owner, method, lambda *what, **more: (answers.wait(DEADLINE_S), genuine(*what, **more))[1])
    if method == "claim":
        desk = open_desk()
        desk.context.advance(STALL_S)
        assert desk.openings == [Opening(1, report=STALLED, lost=None, failure=STALLED)]
    else:
        desk.write("waits", sentence("waits"))
        desk.context.advance(0.9 * STALL_S)
        assert desk.said == []
        desk.context.advance(0.1 * STALL_S)
        assert desk.said == ["(waits)", STALLED]
    desk.said.clear()
    desk.write("not taken", Checkpoint(memory=Memory()))
    desk.turn()
    assert desk.said == ["(not taken)", STALLED]
    answers.set()
    while desk.said[-1] != "good":
        desk.write("good", Checkpoint(memory=Memory(turns=2)))
        desk.turn()
    assert "recovered" in desk.said
    assert past(folder)[-1] == Checkpoint(memory=Memory(turns=2))
    assert len(desk.openings) == 1


@pytest.mark.parametrize(
    ("description", "body", "what"),
    [
        (RECORD.encode(), b"\x93\xa6future\xc3\x80", "'future'"),
        (b"\x93\xa4call\xc3\x80", encode_entry(IncarnationBegan(incarnation=1)), "call_id is missing"),
    ],
)
def test_what_this_version_may_not_go_on_without_ends_it_and_stays_for_the_one_that_may(
    folder: Path, open_desk: Callable[..., Desk], description: bytes, body: bytes, what: str
) -> None:
    journal = FileStore(folder).claim("c1", description, nonce="n")
    journal.append(1, [body])
    journal.close()
    before = {path.name: path.read_bytes() for path in (folder / "c1").iterdir()}
    with pytest.raises(JournalError, match=rf"this version cannot take up c1 .*{what}.*: use the one that wrote it") as caught:
        open_desk().opened()
    assert not caught.value.retryable
    assert {path.name: path.read_bytes() for path in (folder / "c1").iterdir()} == before


def test_a_journal_goes_with_its_call_and_with_a_life_that_never_came_up(folder: Path, open_desk: Callable[..., Desk]) -> None:
    for end in (lambda writer: writer.close(delete=True), JournalWriter.abandon):
        desk = open_desk()
        desk.opened()
        end(desk.writer)
        assert list(folder.iterdir()) == []
    first = open_desk()
    first.opened()
    first.write("one", sentence("one"))
    first.writer.close(delete=False)
    later = open_desk(above=1)
    later.opened()
    later.writer.abandon()
    assert past(folder) == (sentence("one"),)


def test_a_checkpoint_keeps_the_journal_small_and_loses_nothing(folder: Path, open_desk: Callable[..., Desk]) -> None:
    world = World(SPOKEN)
    world.subscribe()
    for number in range(70):
        world.send(f"message {number}")
        world.settle()
    desk = open_desk()
    desk.opened()
    for transaction in world.transactions:
        desk.write("", *transaction)
    desk.finish()
    desk.writer.close(delete=False)
    kept: Sequence[Entry] = past(folder)
    events = [entry for entry in kept if isinstance(entry, Happened)]
    assert EVENTS_KEPT <= len(events) < world.state.memory.next_event - 1 + EVENTS_KEPT
    assert sum(isinstance(entry, Checkpoint) for entry in kept) == 1
    assert restore(kept) == restore(world.entries)
    assert sorted(path.suffix for path in (folder / "c1").iterdir()) == [".log", ".previous"]
    opening = open_desk(above=1).opened()
    first = next(at for at, entry in enumerate(kept) if isinstance(entry, Checkpoint))
    assert opening.past == tuple(kept[first:])
    assert [event.read() for event in opening.older] == list(kept[:first])
