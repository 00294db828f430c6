"""The monitor on a real loop: what blocks is named by its line, while it blocks; what is done elsewhere is not."""

import asyncio
import gc
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import structlog
import uvloop

from actors.agent_session.program_loop import BlockMonitor, ProgramLoopThread
from actors.agent_session.program_loop.blocking import Blocked, BlockEnded, MustEnd, Verdict
from actors.agent_session.program_loop.monitor import Collections
from protocols import SystemClock

DEADLINE_S = 50.0


class Watched:
    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.verdicts: queue.Queue[Verdict] = queue.Queue()
        self.loop = ProgramLoopThread("program", self.failures.append)
        self.monitor = BlockMonitor(self.loop, SystemClock(), self.verdicts.put, limit_s=1.0)
        self.monitor.start()

    def next(self) -> Verdict:
        """The next verdict that does not depend on the machine."""
        return self.verdicts.get(timeout=DEADLINE_S)


@contextmanager
def watching() -> Iterator[Watched]:
    before, callbacks = sys.getswitchinterval(), list(gc.callbacks)
    found = Watched()
    yield found
    found.monitor.stop()
    found.monitor.stop()
    assert found.loop.stop(DEADLINE_S)
    assert gc.callbacks == callbacks
    assert found.failures == []
    sys.setswitchinterval(before)


@pytest.fixture
def watched() -> Iterator[Watched]:
    with watching() as found:
        yield found


def test_a_block_is_named_by_its_line_while_it_lasts_and_must_end_in_time(watched: Watched) -> None:
    go_on = threading.Event()

    def order() -> None:
        while not go_on.is_set():
            pass  # at work

    with structlog.testing.capture_logs() as logs:
        watched.loop.call(order)
        blocked, condemned = watched.next(), watched.next()
        go_on.set()
        ended = watched.next()
    assert isinstance(blocked, Blocked)
    assert isinstance(condemned, MustEnd)
    assert isinstance(ended, BlockEnded)
    for verdict in (blocked, condemned, ended):
        assert verdict.place.file == __file__
        assert verdict.place.function.endswith("order")
    assert ended.duration_s >= condemned.own_s >= 1.0
    assert [entry["log_level"] for entry in logs] == ["warning"] * 3
    assert all(f"{__file__}:" in entry["event"] for entry in logs)


def wait_for_an_event() -> None:
    threading.Event().wait(2.0)


def wait_for_a_process() -> None:
    with suppress(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", "import threading; threading.Event().wait()"], capture_output=True, timeout=2.0, check=False)


@pytest.mark.parametrize("block", [wait_for_an_event, wait_for_a_process])
@pytest.mark.parametrize("new_loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_what_waits_as_a_loop_without_work_would_is_named_too(
    block: Callable[[], None], new_loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio, "new_event_loop", new_loop)
    with watching() as watched:
        watched.loop.call(block)
        verdict = watched.next()
        assert isinstance(verdict, Blocked)
        assert verdict.place.file == __file__
        assert verdict.place.function == block.__name__


def test_what_holds_the_lock_is_named_when_it_gives_it_back(watched: Watched) -> None:
    def match() -> None:  # more than once: which thread gets the lock next is the machine's choice, and the block may be over by then
        now = begun = SystemClock().monotonic()
        letters = 16
        while watched.verdicts.empty() and now < begun + DEADLINE_S / 2:
            re.match(r"(a+)+$", "a" * letters + "b")
            before, now = now, SystemClock().monotonic()
            letters += now - before < 1.0

    watched.loop.call(match)
    verdict = watched.next()
    assert isinstance(verdict, Blocked)
    assert verdict.place.file == __file__
    assert verdict.place.function.endswith("match")


def test_a_loop_that_only_waits_is_not_judged(watched: Watched) -> None:
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        go_on.wait(DEADLINE_S)

    go_on = threading.Event()
    threading.Thread(target=wait).start()
    assert begun.wait(DEADLINE_S)
    for _ in range(10):
        looked = threading.Event()
        watched.loop.call(looked.set)
        assert looked.wait(DEADLINE_S)
    go_on.set()
    assert watched.verdicts.empty()


def test_collections_are_added_up() -> None:
    class Clock(SystemClock):
        now = 0.0

        def monotonic(self) -> float:
            self.now += 1.5
            return self.now

    collections = Collections(Clock())
    for _ in range(2):
        collections("start", {})
        collections("stop", {})
    assert collections.total_s == 3.0
