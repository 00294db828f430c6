"""Telling the exceptions of functions whose result nobody looks at."""

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

__all__ = ["log_exceptions", "logger"]

logger: Final = logging.getLogger("livekitex_agent")

_F = TypeVar("_F", bound=Callable[..., Any])


def log_exceptions(msg: str = "", logger: logging.Logger = logger) -> Callable[[_F], _F]:
    """A decorator of a function, sync or async, whose exceptions are logged, with ``msg``, and raised on."""

    def decorate(function: _F) -> _F:
        told = f"Error in {function.__name__}" + (f" - {msg}" if msg else "")
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def logged_async(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the function's own signature
                try:
                    return await function(*args, **kwargs)
                except Exception:
                    logger.exception(told)
                    raise

            return cast("_F", logged_async)

        @functools.wraps(function)
        def logged(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the function's own signature
            try:
                return function(*args, **kwargs)
            except Exception:
                logger.exception(told)
                raise

        return cast("_F", logged)

    return decorate
