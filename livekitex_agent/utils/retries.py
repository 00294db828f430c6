"""Asking a service again, as LiveKit's base classes do it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from livekitex_agent._exceptions import APIConnectionError, APIError, APIStatusError
from livekitex_agent.types import APIConnectOptions
from livekitex_agent.utils.log import logger

__all__ = ["CLIENT_CLOSED", "with_retries"]

CLIENT_CLOSED: Final = 499
"""The status by which a service says that we have closed the request: that is no failure."""

_T = TypeVar("_T")


async def with_retries(
    attempt: Callable[[], Awaitable[_T]],
    *,
    what: str,
    options: APIConnectOptions,
    failed: Callable[[Exception, bool], None],
    may_retry: Callable[[], bool] = lambda: True,
    worked: Callable[[], bool] = lambda: False,
) -> _T | None:
    """What ``attempt`` gives, which is made again as ``options`` say while it raises a retryable `APIError` and ``may_retry``.

    ``failed`` is told each failure, and whether another attempt is made. The count begins anew where the attempt that failed had
    ``worked``. None where the request was closed.

    Raises:
        APIConnectionError: the last of several attempts failed.
        Exception: what an attempt raised that is not made again.
    """
    attempts = 0
    while True:
        try:
            return await attempt()
        except APIError as failure:
            if isinstance(failure, APIStatusError) and failure.status_code == CLIENT_CLOSED:
                return None
            attempts = 0 if worked() else attempts
            again = failure.retryable and may_retry() and attempts < options.max_retry
            failed(failure, again)
            if not again:
                if failure.retryable and 0 < options.max_retry == attempts:
                    raise APIConnectionError(f"failed to {what} after {attempts + 1} attempts") from failure
                raise
            delay_s = options._interval_for_retry(attempts)  # noqa: SLF001 - LiveKit's name
            logger.warning("failed to %s: %s, retrying in %s s", what, failure, delay_s)
            await asyncio.sleep(delay_s)
            attempts += 1
        except Exception as failure:
            failed(failure, False)
            raise
