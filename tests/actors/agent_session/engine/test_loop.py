"""The event loop's thread: nothing that goes wrong in it goes unnoticed."""

import asyncio
import gc
import queue
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest

from actors.agent_session.engine import loop
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


async def fail_in_a_cycle() -> None:
    me = asyncio.current_task()  # which holds the exception, whose traceback holds this frame
    raise KeyError(str(me is None))


class Worker:
    """Holds the task that runs its method."""

    def __init__(self) -> None:
        self.task = asyncio.ensure_future(self.work())

    async def work(self) -> None:
        await self.fail()

    async def fail(self) -> None:
        raise KeyError(str(self.task.done()))


def within_a_generator() -> Iterator[object]:
    me = asyncio.current_task()
    yield me
    raise KeyError(str(me))


async def fail_in_a_generator() -> None:
    for _ in within_a_generator():
        pass


@pytest.mark.parametrize(
    "begin",
    [lambda: asyncio.ensure_future(fail_in_a_cycle()), Worker, lambda: asyncio.ensure_future(fail_in_a_generator())],
    ids=["its frame", "its object", "a generator"],
)
def test_an_exception_of_a_task_that_nobody_has_any_more_is_a_crash_also_if_it_refers_to_itself(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, begin: Callable[[], object]
) -> None:
    monkeypatch.setattr(loop, "KEPT_FRAMES_S", 0.05)
    gc.disable()
    try:
        watched.thread.call(lambda: [begin() for _ in range(3)])
        for _ in range(3):
            assert isinstance(watched.crashes.get(timeout=DEADLINE_S), KeyError)
    finally:
        gc.enable()


def test_a_failure_in_a_large_heap_does_not_run_the_collector(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "KEPT_FRAMES_S", 0.0)
    full = gc.get_stats()[-1]["collections"]
    gc.disable()
    try:
        watched.thread.call(Worker)
        assert isinstance(watched.crashes.get(timeout=DEADLINE_S), KeyError)
        assert gc.get_stats()[-1]["collections"] == full
    finally:
        gc.enable()


def test_an_exception_of_a_task_that_is_awaited_later_is_none(watched: Watched) -> None:
    done: queue.Queue[str] = queue.Queue()

    async def look_again() -> None:
        failing = asyncio.ensure_future(fail_in_a_cycle())
        await asyncio.wait([failing])
        loop._clear_frames(weakref.ref(failing))
        gc.collect()
        done.put(type(failing.exception()).__name__)

    watched.thread.call(lambda: watched.thread.spawn(look_again()))
    assert done.get(timeout=DEADLINE_S) == "KeyError"
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
