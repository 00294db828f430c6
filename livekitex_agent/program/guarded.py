"""Hooks of user code that are to make something ready, or to give it back: the call goes on whatever they do."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

log = logging.getLogger("livekitex.program")

TIMEOUT_S: Final = 30.0
"""For one of them: an `Agent.on_exit`, the setup of a toolset."""


async def run_guarded(hook: Coroutine[Any, Any, object], name: str) -> None:
    """Await ``hook``, for `TIMEOUT_S` at most; what it raises is logged as an error in ``name``."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await hook
    except Exception:  # the seam to the user's code
        log.exception("error in %s", name)
