"""The twin's own part: handing over, iterating, and ending. What it hands over is tested with `test_system`."""

import asyncio
import gc
import os
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import CancelledError
from contextlib import suppress

import pytest

from livekitex_agent import WorkerOptions, sync
from livekitex_agent.call_handle import CallHandle
from livekitex_agent.sync import _Loop
from livekitex_agent.system import AgentSystem
from protocols import ConfigurationError, SystemUnavailableError, UsageError


async def count(to: int, closed: list[bool]) -> AsyncGenerator[int]:
    try:
        for number in range(to):
            yield number
    finally:
        closed.append(True)


def test_work_is_done_on_one_loop_from_any_thread() -> None:
    loop = _Loop()

    async def where() -> str:
        return threading.current_thread().name

    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(loop.run(where()))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["livekitex"] * 5
    loop.close()
    assert loop.closed


def test_what_interrupts_the_waiting_cancels_the_work() -> None:
    loop = _Loop()
    cancelled = threading.Event()

    class Interrupted:
        def result(self) -> None:
            raise KeyboardInterrupt

        def cancel(self) -> None:
            cancelled.set()

    work = asyncio.sleep(0)
    work.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "run_coroutine_threadsafe", lambda _work, _loop: Interrupted())
        with pytest.raises(KeyboardInterrupt):
            loop.run(work)
    assert cancelled.is_set()
    loop.close()


def test_an_iterator_ends_with_its_generator_and_closes_it_when_left() -> None:
    loop = _Loop()
    closed: list[bool] = []
    assert list(loop.iterate(count(3, closed))) == [0, 1, 2]
    left = loop.iterate(count(3, closed))
    assert next(left) == 0
    left.close()  # type: ignore[attr-defined]
    assert closed == [True, True]
    loop.close()


def test_what_still_runs_cleans_up_before_the_loop_ends() -> None:
    loop = _Loop()
    begun, cleaned = threading.Event(), threading.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    owner = asyncio.run_coroutine_threadsafe(work(), loop.events)
    begun.wait()
    gc.collect()
    loop.close()
    assert cleaned.is_set()
    with pytest.raises(CancelledError):
        owner.result(timeout=0)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_is_told_instead_of_waiting_for_ever() -> None:
    loop = _Loop()
    items = loop.iterate(count(3, []))
    assert next(items) == 0
    twin = sync.AgentSystem(None, loop)  # type: ignore[arg-type]
    pid = os.fork()
    if not pid:
        try:
            items.close()  # type: ignore[attr-defined]
            twin.stop()
            loop.run(asyncio.sleep(0))
        except UsageError as error:
            os._exit(0 if "fork first" in str(error) else 2)
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    items.close()  # type: ignore[attr-defined]
    loop.close()


def test_threads_that_stop_at_once_all_return_and_what_comes_later_is_refused() -> None:
    stops: list[str] = []

    class Wrapped:
        async def stop(self) -> None:
            await asyncio.sleep(0)
            stops.append(threading.current_thread().name)

    loop = _Loop()
    system = sync.AgentSystem(Wrapped(), loop)  # type: ignore[arg-type]
    threads = [threading.Thread(target=system.stop, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert (stops, loop.closed) == (["livekitex"], True)
    with pytest.raises(SystemUnavailableError, match="was stopped"):
        loop.run(asyncio.sleep(0))


def test_work_that_does_not_end_when_it_is_cancelled_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "CLEAN_UP_S", 0.01)
    loop = _Loop()
    over = asyncio.Event()
    stubborn: list[asyncio.Task[None]] = []

    async def refuses() -> None:
        while not over.is_set():
            with suppress(asyncio.CancelledError):
                await over.wait()

    async def begin() -> None:
        stubborn.append(asyncio.create_task(refuses()))
        await asyncio.sleep(0)

    loop.run(begin())
    closing = threading.Thread(target=loop.close, daemon=True)
    closing.start()
    closing.join(60)
    assert loop.closed
    stubborn[0]._log_destroy_pending = False  # type: ignore[attr-defined]  # what asyncio says of it is right


def test_a_start_that_fails_leaves_no_thread() -> None:
    before = threading.active_count()
    with pytest.raises(ConfigurationError):
        sync.AgentSystem.start(WorkerOptions(journal=False, health_host="192.0.2.1", health_port=8081, health_remote=True))
    assert threading.active_count() == before


@pytest.mark.parametrize(("twin", "original"), [(sync.CallHandle, CallHandle), (sync.AgentSystem, AgentSystem)])
def test_the_names_are_the_same(twin: type, original: type) -> None:
    hidden = {"open", "serve"}  # for `Starting`, and for the twin
    names = {name for name in vars(original) if not name.startswith("_")} - hidden
    assert names - {name for name in vars(twin) if not name.startswith("_")} == set()
