"""Callbacks by the name of an event, as LiveKit's sessions and models have them."""

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

log = logging.getLogger("livekitex.program")

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T", bound=str)


class EventEmitter(Generic[T]):
    """Calls callbacks in the order of their registration. What one raises is logged, and keeps no other from being called."""

    def __init__(self) -> None:
        self._callbacks: dict[str, list[Callable[..., Any]]] = {}

    @overload
    def on(self, event: T, callback: None = None) -> Callable[[F], F]: ...
    @overload
    def on(self, event: T, callback: F) -> F: ...
    def on(self, event: T, callback: F | None = None) -> F | Callable[[F], F]:
        """Have ``callback`` called with each ``event``; without one, a decorator.

        Raises:
            ValueError: it is a coroutine function: make a task in a plain one.
        """
        if callback is None:
            return lambda given: self.on(event, given)
        if inspect.iscoroutinefunction(callback):
            raise ValueError(
                "Cannot register an async callback with `.on()`. Use `asyncio.create_task` within your synchronous callback instead."
            )
        registered = self._callbacks.setdefault(event, [])
        if callback not in registered:
            registered.append(callback)
        return callback

    def once(self, event: T, callback: Callable[..., Any] | None = None) -> Callable[..., Any]:
        """As `on`, for the next one alone."""
        if callback is None:
            return lambda given: self.once(event, given)

        def called(*args: Any) -> None:  # noqa: ANN401 - the event's own
            self.off(event, called)
            callback(*args)

        return self.on(event, called)

    def off(self, event: T, callback: Callable[..., Any]) -> None:
        """Call ``callback`` no more."""
        registered = self._callbacks.get(event, [])
        if callback in registered:
            registered.remove(callback)

    def emit(self, event: T, *args: Any) -> None:  # noqa: ANN401 - the event's own
        """Call those that are registered for ``event``, each with as many of ``args`` as it takes."""
        for callback in tuple(self._callbacks.get(event, ())):
            try:
                callback(*_accepted(callback, args))
            except (Exception, asyncio.CancelledError):  # the seam to the user's code
                log.exception("failed to emit event %s", event)


def _accepted(callback: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, ...]:
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):
        return args
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return args
    positional = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return args[: len(positional)]
