"""Code of a script's that may block, run beside its event loop."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any


def in_thread(call: Callable[..., Any], *arguments: object, name: str) -> "asyncio.Future[Any]":
    """What ``call`` gives, from a thread of that ``name``, which ends with the process if it does not before.

    An exit there is no end of the script's process: it comes back as a RuntimeError, and so does a StopIteration.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, failure: BaseException | None) -> None:  # noqa: ANN401 - whatever is called
        if done.done():
            return
        if failure is None:
            done.set_result(result)
        elif isinstance(failure, Exception) and not isinstance(failure, StopIteration):
            done.set_exception(failure)
        else:
            done.set_exception(RuntimeError(f"{type(failure).__name__}: {failure}"))

    def run() -> None:
        result, failure = None, None
        try:
            result = call(*arguments)
        except BaseException as raised:  # noqa: BLE001 - see the function
            failure = raised
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done
