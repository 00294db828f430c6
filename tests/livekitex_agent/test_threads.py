import threading
from collections.abc import Callable

import pytest

from livekitex_agent.threads import in_thread

pytestmark = pytest.mark.asyncio


async def test_it_gives_what_is_called_from_a_thread_of_that_name() -> None:
    def call(one: int, two: int) -> tuple[int, str, bool]:
        thread = threading.current_thread()
        return one + two, thread.name, thread.daemon

    assert await in_thread(call, 1, 2, name="mine") == (3, "mine", True)


def _raises(failure: BaseException) -> Callable[[], None]:
    def call() -> None:
        raise failure

    return call


async def test_a_failure_comes_back_and_an_exit_ends_nothing() -> None:
    with pytest.raises(ValueError, match="mine"):
        await in_thread(_raises(ValueError("mine")), name="x")
    for failure in (SystemExit(3), StopIteration(3), KeyboardInterrupt("3")):
        with pytest.raises(RuntimeError, match=f"{type(failure).__name__}: 3"):
            await in_thread(_raises(failure), name="x")


async def test_whoever_does_not_wait_any_more_is_told_nothing() -> None:
    go, gone = threading.Event(), threading.Event()

    def call() -> None:
        go.wait(30)
        gone.set()

    waiting = in_thread(call, name="x")
    waiting.cancel()
    go.set()
    await in_thread(gone.wait, 30, name="y")
    assert waiting.cancelled()
