"""The session without threads: its journal is written in turns of the mailbox, its engine is on the loop that runs."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.agent_session.core import Entry
from actors.agent_session.core.entries import SentenceWritten
from actors.agent_session.engine import EngineLoop
from actors.agent_session.journal_writer import Ending, InlineJournalWriter, Listener, Opening
from actors.agent_session.records import decode_entry
from actors.journal import CallDescription, FileStore
from protocols import FencedError
from support.fake_context import FakeContext


class Mailbox(FakeContext):
    """Turns are made when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: deque[Callable[[], None]] = deque()

    def post(self, callback: Callable[[], None]) -> None:
        self.posts.append(callback)

    def turn(self, at_most: int = 1_000) -> None:
        while self.posts and at_most:
            at_most -= 1
            self.posts.popleft()()


class Desk:
    def __init__(self, folder: Path, *, above: int = 0, run_id: str = "r1") -> None:
        self.context = Mailbox()
        self.openings: list[Opening] = []
        self.crashes: list[Exception] = []
        self.said: list[str] = []
        listener = Listener(opened=self.openings.append, failed=self.said.append, recovered=lambda: None, crashed=self.crashes.append)
        record = CallDescription(call_id="c1", run_id=run_id, agent={}, options={}, began_wall_s=1.0)
        self.writer = InlineJournalWriter(self.context, FileStore(folder), record, listener, above=above)

    def write(self, text: str) -> None:
        self.writer.write((SentenceWritten(text=text),), lambda durable: self.said.append(text if durable else f"({text})"))


def past(folder: Path) -> list[Entry]:
    content = FileStore(folder).read("c1")
    return [] if content is None else [decode_entry(body) for body in content.bodies]


def test_it_is_claimed_and_written_in_turns_of_its_own(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert not desk.openings
    desk.context.turn()
    assert desk.openings == [Opening()]
    desk.write("one")
    desk.write("two")
    assert not past(tmp_path), "a kill may come before it is written"
    desk.context.turn(1)
    assert [entry.text for entry in past(tmp_path) if isinstance(entry, SentenceWritten)] == ["one", "two"]
    assert not desk.said, "and before that is told"
    desk.context.turn()
    assert desk.said == ["one", "two"]
    desk.writer.close(delete=False)


def test_the_next_incarnation_reads_it_and_the_one_before_is_fenced(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    first.context.turn()
    first.write("one")
    first.context.turn()
    second = Desk(tmp_path, above=1)
    second.context.turn()
    (opening,) = second.openings
    assert opening.incarnation == 2
    assert opening.past == (SentenceWritten(text="one"),)
    first.write("late")
    first.context.turn()
    assert isinstance(first.crashes[0], FencedError)
    first.write("later")
    first.context.turn()
    assert len(first.crashes) == 1, "it is closed by what it was told"
    second.writer.close(delete=False)


def test_a_call_of_another_run_is_not_taken(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    first.context.turn()
    first.writer.close(delete=False)
    other = Desk(tmp_path, above=1, run_id="r2")
    other.context.turn()
    assert isinstance(other.crashes[0], FencedError)


@pytest.mark.parametrize("delete", [True, False])
def test_closing_writes_what_waits_at_once(tmp_path: Path, *, delete: bool) -> None:
    desk = Desk(tmp_path)
    desk.context.turn()
    desk.write("one")
    desk.writer.close(delete=delete, ending=Ending("normal", 2.0))
    assert bool(past(tmp_path)) is not delete
    desk.writer.close(delete=True)
    desk.write("late")
    desk.context.turn()
    assert bool(past(tmp_path)) is not delete, "it is closed already"


def test_one_that_was_killed_before_it_was_claimed_leaves_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.writer.abandon()
    desk.context.turn()
    assert not desk.openings
    assert not past(tmp_path)


def test_an_engine_on_a_running_loop_stops_without_it() -> None:
    async def work() -> None:
        crashes: list[BaseException] = []
        engine = EngineLoop("engine", asyncio.get_running_loop(), crashes.append)
        ended: list[str] = []

        async def endless() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("endless")

        async def faulty() -> None:
            raise ValueError("boom")

        called = asyncio.Event()
        engine.call(called.set)
        await called.wait()
        task = engine.spawn(endless())
        await asyncio.wait([engine.spawn(faulty())])
        engine.stop()
        engine.stop()
        await asyncio.wait([task])
        assert ended == ["endless"]
        assert [str(crash) for crash in crashes] == ["boom"]

    asyncio.run(work())
