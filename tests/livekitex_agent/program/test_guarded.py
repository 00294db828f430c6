"""Hooks of user code: the call goes on whatever they do, and for as long as they may take."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from livekitex_agent.program.guarded import TIMEOUT_S, failing, run_guarded
from support import virtual_time
from support.virtual_time import passes


async def fail(failure: BaseException) -> None:
    raise failure


async def endless() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("hook", "lasts_s"),
    [(lambda: passes(1), 1), (endless, TIMEOUT_S), (lambda: fail(OSError("gone")), 0), (lambda: fail(asyncio.CancelledError()), 0)],
)
def test_who_runs_a_hook_goes_on_after_it_and_what_it_raised_is_in_the_log(
    hook: Callable[[], Coroutine[Any, Any, None]], lasts_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        await run_guarded(hook(), "on_exit")
        assert virtual_time.clock().monotonic() == pytest.approx(lasts_s, abs=0.1)

    with caplog.at_level(logging.ERROR, "livekitex.program"):
        virtual_time.run(main())
    assert [record.getMessage() for record in caplog.records] == ([] if lasts_s == 1 else ["error in on_exit"])


def test_who_is_cancelled_while_a_hook_runs_is_cancelled() -> None:
    async def main() -> None:
        running = asyncio.create_task(run_guarded(endless(), "on_exit"))
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()

    asyncio.run(main())


def test_something_cancelled_that_user_code_has_awaited_is_its_failure_and_says_so() -> None:
    async def main() -> None:
        other = asyncio.get_running_loop().create_future()
        other.cancel()
        with pytest.raises(RuntimeError, match="awaited something that was cancelled"):
            async with failing():
                await other
        async with failing():
            pass

    asyncio.run(main())
