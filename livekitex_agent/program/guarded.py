"""Hooks of user code that are to make something ready, or to give it back: the call goes on whatever they do."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

log = logging.getLogger("livekitex.program")

TIMEOUT_S: Final = 30.0
"""For one of them: an `Agent.on_exit`, the setup of a toolset."""


async def run_guarded(hook: Coroutine[Any, Any, object], name: str) -> None:
    """Await ``hook``, for `TIMEOUT_S` at most; what it raises is logged as an error in ``name``."""
    try:
        async with asyncio.timeout(TIMEOUT_S), failing():
            await hook
    except Exception:  # the seam to the user's code
        log.exception("error in %s", name)


@asynccontextmanager
async def failing() -> AsyncIterator[None]:
    """Let a cancelled thing that user code in the block has awaited be a failure of that code: nobody has cancelled who runs it.

    Raises:
        RuntimeError: that.
    """
    task = asyncio.current_task()
    try:
        yield
    except asyncio.CancelledError as failure:
        if task is not None and task.cancelling():
            raise
        raise RuntimeError("it has awaited something that was cancelled") from failure
