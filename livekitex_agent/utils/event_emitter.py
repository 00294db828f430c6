"""Telling events to callbacks."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from livekitex_agent.utils.log import logger

__all__ = ["EventEmitter"]

TEvent_contra = TypeVar("TEvent_contra", contravariant=True)
_Callback = TypeVar("_Callback", bound=Callable[..., Any])


class EventEmitter(Generic[TEvent_contra]):
    """Calls the functions that were registered for an event, in the order of their registration, with as many arguments as they take.

    A coroutine function is refused. What a callback raises is logged, and the others are called all the same.
    """

    def __init__(self) -> None:
        self._events: dict[Any, dict[Callable[..., Any], None]] = {}

    def emit(self, event: TEvent_contra, *args: Any) -> None:  # noqa: ANN401 - the event's
        """Call those who listen to ``event``."""
        for callback in list(self._events.get(event, ())):
            try:
                callback(*args[: _positional(callback)])
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 - the seam to the user's code: the others are called all the same
                logger.exception("a callback of the event %s failed", event)

    @overload
    def on(self, event: TEvent_contra, callback: _Callback) -> _Callback: ...
    @overload
    def on(self, event: TEvent_contra, callback: None = None) -> Callable[[_Callback], _Callback]: ...
    def on(self, event: TEvent_contra, callback: _Callback | None = None) -> _Callback | Callable[[_Callback], _Callback]:
        """Call ``callback`` at each ``event``; without one it is a decorator.

        Raises:
            ValueError: it is a coroutine function: start a task in it.
        """
        if callback is None:
            return lambda given: self.on(event, given)
        _require_plain(callback)
        self._events.setdefault(event, {})[callback] = None
        return callback

    def once(self, event: TEvent_contra, callback: Callable[..., Any] | None = None) -> Callable[..., Any]:
        """As `on`, for the next ``event`` alone, also if another callback tells of one meanwhile; returns what `off` takes.

        Raises:
            ValueError: as `on`.
        """
        if callback is None:
            return lambda given: self.once(event, given)
        _require_plain(callback)

        def called(*args: Any) -> None:  # noqa: ANN401 - the event's
            if called not in self._events.get(event, ()):
                return
            self.off(event, called)
            callback(*args[: _positional(callback)])

        return self.on(event, called)

    def off(self, event: TEvent_contra, callback: Callable[..., Any]) -> None:
        """Call ``callback`` no more; one that is not registered is passed over."""
        self._events.get(event, {}).pop(callback, None)


def _require_plain(callback: Callable[..., Any]) -> None:
    if inspect.iscoroutinefunction(callback):
        raise ValueError(
            "Cannot register an async callback with `.on()`. Use `asyncio.create_task` within your synchronous callback instead."
        )


def _positional(callback: Callable[..., Any]) -> int | None:
    """How many positional arguments ``callback`` takes; None: any number, or it does not say."""
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    return sum(parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) for parameter in parameters)
