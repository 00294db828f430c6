"""Callbacks for the events of one call: each a reader of its own, so none holds the call or another callback.

A callback is called for one event after the other: an async one is awaited on the event loop, any other runs in a thread of its own. What
waits for it is bounded as for any reader of the call (`client.call.MAX_EVENTS`): who is slower than that is told how much it missed, and
goes on with the newest. One that raises goes on with the next event; one that is at work for `LIMIT_S` is given up, because nobody can take
back a thread. Both are logged and told as `CallbackFailed`.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final

from livekitex_agent.client.call import Call
from livekitex_agent.threads import in_thread
from protocols import CallbackFailed, EventPushed, EventsMissed, LivekitexError, SessionEvent, UsageError

LIMIT_S: Final = 60.0
"""For one event; then the callback is given up."""
MAX_CALLBACKS: Final = 64
"""Of one handle."""

log = logging.getLogger("livekitex.callbacks")

Callback = Callable[..., Any]
Kinds = type[SessionEvent] | tuple[type[SessionEvent], ...]


@dataclass(eq=False)
class _Registration:
    callback: Callback
    kinds: tuple[type[SessionEvent], ...]
    with_envelope: bool
    task: "asyncio.Task[None] | None" = None

    @property
    def name(self) -> str:
        return str(getattr(self.callback, "__qualname__", None) or repr(self.callback))


class Callbacks:
    """Those of one handle of ``call``, on the running event loop. They end with the call."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._registrations: list[_Registration] = []

    def add(self, kinds: Kinds, callback: Callback, from_number: int | None) -> None:
        """Call ``callback`` for the events of ``kinds`` from the number on (None: from now on).

        Raises:
            UsageError: something is no event or no callback, or there are `MAX_CALLBACKS` already.
        """
        registration = _Registration(callback, kinds_of(kinds), _wants_envelope(callback))
        if len(self._registrations) >= MAX_CALLBACKS:
            raise UsageError(f"the handle has {MAX_CALLBACKS} callbacks already: take one off first")
        self._registrations.append(registration)
        first = self._call.next_number if from_number is None else from_number
        registration.task = asyncio.create_task(self._serve(registration, first), name=f"callback {registration.name}")

    def remove(self, callback: Callback) -> None:
        """Call it no more; what it is at work on, an async one is cancelled in. Nothing happens if it is none of these."""
        for registration in [one for one in self._registrations if one.callback == callback]:
            self._registrations.remove(registration)
            if registration.task is not None:
                registration.task.cancel()

    async def _serve(self, registration: _Registration, from_number: int) -> None:
        try:
            async with aclosing(self._call.read(from_number)) as events:
                async for pushed in events:
                    if isinstance(pushed.event, EventsMissed):
                        self._tell(registration, pushed.event, "it was too slow", missed=pushed.event.count)
                    if isinstance(pushed.event, registration.kinds) and not await self._run(registration, pushed):
                        return
        except LivekitexError as failure:  # the call, or the system, has ended without a last event
            log.debug("a callback ends", extra={"callback": registration.name, "reason": str(failure)})
        finally:
            with suppress(ValueError):  # it was taken off
                self._registrations.remove(registration)

    async def _run(self, registration: _Registration, pushed: EventPushed) -> bool:
        """Call it; tells whether it may be called again."""
        arguments = (pushed.event, pushed) if registration.with_envelope else (pushed.event,)
        limit = asyncio.timeout(LIMIT_S)
        try:
            async with limit:
                await _called(registration.callback, arguments)
        except Exception as failure:
            text = f"{type(failure).__name__}: {failure}"
            if limit.expired():
                text = f"it was at work for more than {LIMIT_S:g} s: it is given up"
            log.warning("a callback failed", extra={"callback": registration.name, "event_name": pushed.event.NAME}, exc_info=failure)
            self._tell(registration, pushed.event, text)
            return not limit.expired()
        return True

    def _tell(self, registration: _Registration, event: SessionEvent, text: str, *, missed: int = 0) -> None:
        """Every reader, in order with the other events; of who hears of failures and fails in that, the log alone tells."""
        if isinstance(event, CallbackFailed):
            return
        failed = CallbackFailed(event=event.NAME, callback=registration.name, text=text, missed=missed)
        asyncio.get_running_loop().call_soon(self._call.tell, failed)  # who was put on just now reads by then


def kinds_of(kinds: Kinds) -> tuple[type[SessionEvent], ...]:
    """The classes of events that are meant.

    Raises:
        UsageError: one is none.
    """
    several: tuple[object, ...] = kinds if isinstance(kinds, tuple) else (kinds,)
    found = tuple(kind for kind in several if isinstance(kind, type) and issubclass(kind, SessionEvent))
    if found != several:
        raise UsageError(f"{kinds!r:.120} is no class of events: use those of livekitex_agent.events, or SessionEvent for all")
    return found


def _wants_envelope(callback: object) -> bool:
    """Whether it takes two arguments, the event and what stands around it."""
    if not callable(callback):
        raise UsageError(f"{callback!r:.60} is no callback: give a function, of the event or of the event and its EventPushed")
    try:
        signature = inspect.signature(callback)
    except ValueError:  # of some that are built in
        return False
    for wanted in (1, 2):
        try:
            signature.bind(*(None,) * wanted)
        except TypeError:
            continue
        return wanted == 2  # noqa: PLR2004
    raise UsageError(f"{callback!r:.60} is called with the event, or with the event and its EventPushed, and takes neither")


async def _called(callback: Callback, arguments: tuple[Any, ...]) -> None:
    if _is_async(callback):
        await callback(*arguments)
        return
    result = await in_thread(callback, *arguments, name="livekitex callback")
    if isinstance(result, Awaitable):  # a plain function that gives a coroutine
        await result


def _is_async(callback: Callback) -> bool:
    call = getattr(callback, "__call__", None)  # noqa: B004 - of an object whose __call__ is async
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(call)
