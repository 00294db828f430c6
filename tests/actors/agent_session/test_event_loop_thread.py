"""A thread that runs an event loop: what nobody handles in it is told at once, and it ends when it is told to."""

import asyncio
import gc
import queue
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import uvloop

from actors.agent_session import event_loop_thread
from actors.agent_session.engine.daemon_executor import DaemonExecutor
from actors.agent_session.event_loop_thread import EventLoopThread, call_on

DEADLINE_S = 100.0


class Running:
    def __init__(self) -> None:
        self.unhandled: queue.Queue[BaseException] = queue.Queue()
        self.thread = EventLoopThread("running", self.note, threads=DaemonExecutor(2, "running helper"))
        self.thread.start()

    def note(self, failure: BaseException, _what: str) -> None:
        self.unhandled.put(failure)

    def call(self, callback: Callable[[], object]) -> None:
        call_on(self.thread.loop, callback)


@pytest.fixture(params=[asyncio.SelectorEventLoop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def running(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(asyncio, "new_event_loop", request.param)
    found = Running()
    yield found
    assert found.thread.stop(DEADLINE_S)


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
    running: Running, monkeypatch: pytest.MonkeyPatch, begin: Callable[[], object]
) -> None:
    monkeypatch.setattr(event_loop_thread, "KEPT_FRAMES_S", 0.05)
    gc.disable()
    try:
        running.call(lambda: [begin() for _ in range(3)])
        for _ in range(3):
            assert isinstance(running.unhandled.get(timeout=DEADLINE_S), KeyError)
    finally:
        gc.enable()


def test_a_failure_in_a_large_heap_does_not_run_the_collector(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop_thread, "KEPT_FRAMES_S", 0.0)
    full = gc.get_stats()[-1]["collections"]
    gc.disable()
    try:
        running.call(Worker)
        assert isinstance(running.unhandled.get(timeout=DEADLINE_S), KeyError)
        assert gc.get_stats()[-1]["collections"] == full
    finally:
        gc.enable()


def test_an_exception_of_a_task_that_is_awaited_later_is_none(running: Running) -> None:
    done: queue.Queue[str] = queue.Queue()

    async def look_again() -> None:
        failing = asyncio.ensure_future(fail_in_a_cycle())
        await asyncio.wait([failing])
        event_loop_thread._clear_frames(weakref.ref(failing))
        gc.collect()
        done.put(type(failing.exception()).__name__)

    running.call(lambda: asyncio.ensure_future(look_again()))
    assert done.get(timeout=DEADLINE_S) == "KeyError"
    assert running.unhandled.empty()


def test_whoever_stops_the_loop_or_leaves_it_by_an_exit_does_not_end_it(running: Running) -> None:
    async def leave() -> None:
        raise SystemExit(3)

    done = threading.Event()
    running.call(running.thread.loop.stop)
    running.call(lambda: asyncio.ensure_future(leave()))
    assert isinstance(running.unhandled.get(timeout=DEADLINE_S), SystemExit)
    running.call(done.set)
    assert done.wait(DEADLINE_S)


def test_stopping_cancels_every_task_and_waits_for_its_end(running: Running) -> None:
    ended: list[str] = []
    begun = threading.Event()

    async def work(name: str) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.gather(asyncio.to_thread(ended.append, name))

    async def generate() -> None:
        async def numbers() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                ended.append("generator")

        kept.append(numbers())
        await anext(kept[0])

    kept: list[AsyncIterator[int]] = []
    kept_tasks: list[asyncio.Task[None]] = []
    running.call(lambda: kept_tasks.extend(asyncio.ensure_future(made) for made in (generate(), work("first"), work("second"))))
    assert begun.wait(DEADLINE_S)
    assert running.thread.stop(DEADLINE_S)
    assert sorted(ended) == ["first", "generator", "second"]
    assert running.thread.loop.is_closed()
    assert running.thread.stop(DEADLINE_S)
    running.call(begun.clear)
    assert begun.is_set()


def test_a_task_that_refuses_to_end_is_left_unfinished(running: Running) -> None:
    begun = threading.Event()

    async def refuse() -> None:
        while True:
            try:
                begun.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    kept: list[asyncio.Task[None]] = []
    running.call(lambda: kept.append(asyncio.ensure_future(refuse())))
    assert begun.wait(DEADLINE_S)
    running.thread.stop(0.05)
    running.thread.thread.join(DEADLINE_S)
    assert not running.thread.thread.is_alive()
    assert not kept[0].done()
    kept.clear()
    gc.collect()
    assert running.unhandled.empty()


def test_what_blocks_is_not_waited_for_beyond_the_time(running: Running) -> None:
    begun, go_on = threading.Event(), threading.Event()
    running.call(begun.set)
    running.call(lambda: go_on.wait(DEADLINE_S))
    assert begun.wait(DEADLINE_S)
    assert not running.thread.stop(0.01)
    go_on.set()
    assert running.thread.stop(DEADLINE_S)


def test_the_loop_may_be_told_to_stop_by_what_runs_on_it(running: Running) -> None:
    told: queue.Queue[bool] = queue.Queue()
    running.call(lambda: told.put(running.thread.stop(DEADLINE_S)))
    assert not told.get(timeout=DEADLINE_S)
