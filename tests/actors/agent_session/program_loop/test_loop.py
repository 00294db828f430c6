"""The program loop: what user code does wrong on it is told and ends nothing, on a thread of its own as on a loop that runs already."""

import asyncio
import queue
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar, copy_context

import pytest
import structlog
import uvloop
from structlog.typing import EventDict

from actors.agent_session.program_loop import ProgramLoop, ProgramLoopThread
from actors.agent_session.program_loop.loop import PROGRAM_THREADS, SWITCH_INTERVAL_S

DEADLINE_S = 100.0
LANGUAGE: ContextVar[str] = ContextVar("language", default="none")


class Program:
    def __init__(self) -> None:
        self.failures: queue.Queue[BaseException] = queue.Queue()
        self.loop = ProgramLoopThread("program", self.failures.put)


@pytest.fixture(params=[asyncio.SelectorEventLoop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    before = sys.getswitchinterval()
    monkeypatch.setattr(asyncio, "new_event_loop", request.param)
    found = Program()
    yield found
    assert found.loop.stop(DEADLINE_S)
    sys.setswitchinterval(before)


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise KeyError("x")


def test_threads_give_way_soon_enough_for_the_voice(program: Program) -> None:
    assert sys.getswitchinterval() == SWITCH_INTERVAL_S
    assert program.loop.thread.is_alive()


def test_calls_from_any_thread_run_in_order_on_the_loop_in_their_caller_s_context(program: Program) -> None:
    done: queue.Queue[tuple[int, str, str]] = queue.Queue()
    LANGUAGE.set("mine")
    other = copy_context()
    other.run(LANGUAGE.set, "another")
    for number in range(10):
        program.loop.call(lambda n: done.put((n, LANGUAGE.get(), threading.current_thread().name)), number)
    program.loop.call(lambda: done.put((10, LANGUAGE.get(), "program")), context=other)
    expected = [(number, "mine", "program") for number in range(10)]
    assert [done.get(timeout=DEADLINE_S) for _ in range(11)] == [*expected, (10, "another", "program")]


def test_a_failure_is_logged_with_its_traceback_told_and_ends_nothing(program: Program) -> None:
    kept: list[asyncio.Task[None]] = []
    with structlog.testing.capture_logs() as logs:
        program.loop.call(int, "no number")
        assert isinstance(program.failures.get(timeout=DEADLINE_S), ValueError)
        program.loop.call(lambda: program.loop.spawn(fail(), name="greet"))
        assert isinstance(program.failures.get(timeout=DEADLINE_S), KeyError)
        program.loop.call(lambda: asyncio.ensure_future(fail()))
        assert isinstance(program.failures.get(timeout=DEADLINE_S), KeyError)
        program.loop.call(lambda: kept.append(program.loop.spawn(asyncio.sleep(0))))
        finished = threading.Event()
        program.loop.call(lambda: kept[0].add_done_callback(lambda _: finished.set()))
        assert finished.wait(DEADLINE_S)
    assert [entry["event"] for entry in logs] == [
        "exception in int",
        "exception in the task greet",
        "Task exception was never retrieved",
    ]
    assert all(traced(entry) for entry in logs)


def traced(entry: EventDict) -> bool:
    return entry["exc_info"].__traceback__ is not None


def test_an_exit_is_told_and_ends_nothing(program: Program) -> None:
    async def leave() -> None:
        raise SystemExit(3)

    program.loop.call(lambda: program.loop.spawn(leave()))
    assert isinstance(program.failures.get(timeout=DEADLINE_S), SystemExit)
    done = threading.Event()
    program.loop.call(done.set)
    assert done.wait(DEADLINE_S)
    assert program.failures.empty()


def test_a_cancelled_task_is_no_failure(program: Program) -> None:
    ended = threading.Event()

    def begin() -> None:
        task = program.loop.spawn(wait_for_ever())
        task.add_done_callback(lambda _: ended.set())
        task.cancel()

    program.loop.call(begin)
    assert ended.wait(DEADLINE_S)
    assert program.failures.empty()


def test_a_task_runs_in_the_context_that_it_is_given(program: Program) -> None:
    heard: queue.Queue[str] = queue.Queue()

    async def say() -> None:
        heard.put(LANGUAGE.get())

    def begin() -> None:
        LANGUAGE.set("the caller's")
        program.loop.spawn(say())
        context = copy_context()
        context.run(LANGUAGE.set, "given")
        program.loop.spawn(say(), context=context)

    program.loop.call(begin)
    assert {heard.get(timeout=DEADLINE_S) for _ in range(2)} == {"the caller's", "given"}


def test_the_default_executor_is_bounded(program: Program) -> None:
    go_on, waiting = threading.Event(), threading.Semaphore(0)
    done: queue.Queue[None] = queue.Queue()

    def block() -> None:
        waiting.release()
        go_on.wait(DEADLINE_S)
        done.put(None)

    async def occupy() -> None:
        await asyncio.gather(*(asyncio.to_thread(block) for _ in range(PROGRAM_THREADS + 1)))

    program.loop.call(lambda: program.loop.spawn(occupy()))
    for _ in range(PROGRAM_THREADS):
        assert waiting.acquire(timeout=DEADLINE_S)
    assert not waiting.acquire(blocking=False)
    go_on.set()
    for _ in range(PROGRAM_THREADS + 1):
        done.get(timeout=DEADLINE_S)


def test_every_task_is_shown_as_it_is_made_also_one_of_user_code() -> None:
    made: queue.Queue[str] = queue.Queue()
    loop = ProgramLoopThread("program", made.put, made=lambda task: made.put(getattr(task.get_coro(), "__name__", "")))

    async def outer() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))

    loop.call(lambda: loop.spawn(outer()))
    assert [made.get(timeout=DEADLINE_S) for _ in range(2)] == ["outer", "sleep"]
    assert loop.stop(DEADLINE_S)


def test_a_loop_that_runs_already_is_used_and_left_as_it_was() -> None:
    async def run() -> None:
        running = asyncio.get_running_loop()
        failures: list[BaseException] = []
        made: list[str] = []
        first = ProgramLoop(running, failures.append, made=lambda task: made.append(f"1 {task.get_name()}"))
        second = ProgramLoop(running, failures.append, made=lambda task: made.append(f"2 {task.get_name()}"))
        plain = ProgramLoop(running, failures.append)
        with structlog.testing.capture_logs() as logs:
            first.call(int, "no number")
            waiting = first.spawn(wait_for_ever(), name="waiting")
            failing = plain.spawn(fail(), name="failing")
            await asyncio.wait([failing])
            await asyncio.sleep(0)
        assert [type(failure) for failure in failures] == [ValueError, KeyError]
        assert [entry["event"] for entry in logs] == ["exception in int", "exception in the task failing"]
        assert len(made) == 4
        assert not first.stop()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert first.stop()
        made.clear()
        await asyncio.create_task(asyncio.sleep(0))
        assert [entry[0] for entry in made] == ["2"]
        assert second.stop()
        assert plain.stop()
        assert running.get_task_factory() is None

    asyncio.run(run())


def test_a_task_factory_of_the_script_goes_on_making_tasks() -> None:
    class Own(asyncio.Task[object]):
        pass

    def factory(loop: asyncio.AbstractEventLoop, work: object, **options: object) -> Own:
        return Own(work, loop=loop, **options)  # type: ignore[arg-type]

    async def run() -> None:
        running = asyncio.get_running_loop()
        running.set_task_factory(factory)
        made: list[asyncio.Task[object]] = []
        program = ProgramLoop(running, made.append, made=made.append)  # type: ignore[arg-type]
        await program.spawn(asyncio.sleep(0))
        program.stop()
        assert [type(task) for task in made] == [Own]
        assert running.get_task_factory() is factory

    asyncio.run(run())
