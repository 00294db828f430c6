"""The engine's loop: nothing that goes wrong in it goes unnoticed."""

import asyncio
import queue
import threading
from collections.abc import Iterator

import pytest

from actors.agent_session.engine.loop import LoopThread

DEADLINE_S = 100.0


class Watched:
    def __init__(self) -> None:
        self.crashes: queue.Queue[BaseException] = queue.Queue()
        self.thread = LoopThread("watched", self.crashes.put)

    def stop(self) -> None:
        """Stop it, and wait for its end, however long that takes."""
        self.thread.stop()
        for thread in threading.enumerate():
            if thread.name == "watched":
                thread.join(DEADLINE_S)


@pytest.fixture
def watched() -> Iterator[Watched]:
    found = Watched()
    yield found
    found.stop()
    assert not any(thread.name == "watched" for thread in threading.enumerate())


def test_calls_run_in_order_on_the_loop(watched: Watched) -> None:
    done: queue.Queue[int] = queue.Queue()
    for number in range(10):
        watched.thread.call(done.put, number)
    assert [done.get(timeout=DEADLINE_S) for _ in range(10)] == list(range(10))


def test_an_exception_of_a_call_is_a_crash(watched: Watched) -> None:
    watched.thread.call(int, "no number")
    assert isinstance(watched.crashes.get(timeout=DEADLINE_S), ValueError)


def test_an_exception_of_a_task_is_a_crash_and_a_cancellation_is_none(watched: Watched) -> None:
    async def fail() -> None:
        raise KeyError("x")

    def begin() -> None:
        watched.thread.spawn(asyncio.sleep(0, None)).drop()
        watched.thread.spawn(fail())

    watched.thread.call(begin)
    assert isinstance(watched.crashes.get(timeout=DEADLINE_S), KeyError)
    assert watched.crashes.empty()


def test_what_the_loop_complains_of_is_a_crash(watched: Watched) -> None:
    watched.thread.call(lambda: asyncio.get_running_loop().call_exception_handler({"message": "odd"}))
    assert str(watched.crashes.get(timeout=DEADLINE_S)) == "odd"


def test_an_exit_within_a_task_is_a_crash(watched: Watched) -> None:
    async def leave() -> None:
        raise SystemExit(3)

    watched.thread.call(lambda: watched.thread.spawn(leave()))
    assert isinstance(watched.crashes.get(timeout=DEADLINE_S), SystemExit)


def test_stopping_cancels_what_runs_and_calls_do_nothing_afterwards(watched: Watched) -> None:
    ended = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    begun = threading.Event()

    def begin() -> None:
        watched.thread.spawn(wait())
        begun.set()

    watched.thread.call(begin)
    assert begun.wait(DEADLINE_S)
    watched.stop()
    watched.stop()
    assert ended.is_set()
    watched.thread.call(begin)
    assert watched.crashes.empty()
