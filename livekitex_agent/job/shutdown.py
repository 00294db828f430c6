"""The callbacks of a job's end."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any

log = logging.getLogger("livekitex.job")

ShutdownCallback = Callable[[], Awaitable[None] | None] | Callable[[str], Awaitable[None] | None]


class ShutdownCallbacks:
    """Run once, all at the same time, each with the reason if it takes one."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[..., Any]] = []

    def add(self, callback: ShutdownCallback) -> None:
        """One more.

        Raises:
            TypeError: it cannot be called.
        """
        if not callable(callback):
            raise TypeError(f"a shutdown callback is a function that may take the reason, not a {type(callback).__name__}")
        self._callbacks.append(callback)

    async def run(self, reason: str) -> None:
        """Call all that were added, and wait for those that are to be awaited. What one raises is logged and hinders no other."""
        callbacks, self._callbacks = self._callbacks, []
        await asyncio.gather(*(self._call(callback, reason) for callback in callbacks))

    async def _call(self, callback: Callable[..., Any], reason: str) -> None:
        try:
            result = callback(reason) if _takes_reason(callback) else callback()
            if inspect.isawaitable(result):
                await result
        except Exception:  # the seam to the user's code
            log.exception("a shutdown callback failed", extra={"callback": getattr(callback, "__qualname__", repr(callback))})


def _takes_reason(callback: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not tell
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return any(parameter.kind in positional for parameter in parameters)
