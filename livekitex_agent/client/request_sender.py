"""Sends requests to names, through the restarts of what has them, until they are answered. The shell of `delivery`."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from livekitex_agent.client import delivery
from livekitex_agent.client.delivery import Delivery, Done, Fail, Outcome, Send, Wait
from livekitex_agent.client.requester import Requester
from livekitex_agent.client.streams import Alarm
from livekitex_agent.gateway.frames import Unanswered
from protocols import Clock, InternalError, LivekitexError, Message, NameChanged, SystemUnavailableError

M = TypeVar("M", bound=Message)

MAX_ENDED: Final = 1024
"""Names known to have ended; a request to one forgotten waits for its deadline instead of failing at once."""


def expect(kind: type[M], message: Message) -> M:
    """``message``, which must be a ``kind``.

    Raises:
        InternalError: it is another.
    """
    if not isinstance(message, kind):
        raise InternalError(f"expected {kind.__name__}, got {type(message).__name__}")
    return message


class RequestSender:
    """All requests of one system that wait for their answer."""

    def __init__(self, connection: Requester, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._pending: defaultdict[str, set[PendingRequest]] = defaultdict(set)
        self._ended: dict[str, str] = {}

    async def deliver(self, name: str, what: str, message: Message, *, timeout_s: float) -> Message:
        """Send ``message`` to whoever has ``name``, to each incarnation once, until it is answered; cancelling stops that.

        Raises:
            SessionUnavailableError: no answer within ``timeout_s``, or the recipient has ended for good.
            SystemUnavailableError: the system has ended.
            LivekitexError: the request was refused for good.
        """
        return await self.deliver_made(name, what, lambda: message, timeout_s=timeout_s)

    async def deliver_made(self, name: str, what: str, message: Callable[[], Message], *, timeout_s: float) -> Message:
        """As `deliver`, for a request that speaks of time: ``message`` makes it anew for each attempt."""
        state = delivery.begin(what, self._clock.monotonic(), timeout_s)
        request = PendingRequest(self._connection, self._clock, name, message, state)
        pending = self._pending[name]
        pending.add(request)
        try:
            if name in self._ended and not self._connection.ended.done():
                request.end(self._ended[name])
            else:
                request.advance()
            return await request.answer
        finally:
            request.close()
            pending.discard(request)
            if not pending:
                self._pending.pop(name, None)

    def name_changed(self, change: NameChanged) -> None:
        """Somebody else has the name now, or nobody."""
        self._ended.pop(change.name, None)
        if change.ref is None and change.final:
            self._ended[change.name] = change.reason
            while len(self._ended) > MAX_ENDED:
                del self._ended[next(iter(self._ended))]
        for request in tuple(self._pending.get(change.name, ())):
            request.name_changed(change)

    def end(self, error: SystemUnavailableError) -> None:
        """The system has ended."""
        for pending in tuple(self._pending.values()):
            for request in tuple(pending):
                request.fail(error)


class PendingRequest:
    """One of them; ``answer`` is done when it is answered, or has failed."""

    def __init__(self, connection: Requester, clock: Clock, name: str, message: Callable[[], Message], state: Delivery) -> None:
        self._connection = connection
        self._clock = clock
        self._name = name
        self._message = message
        self._state = state
        self._alarm = Alarm(self.advance)
        self.answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    def advance(self) -> None:
        """Send it if that is due, and see to its deadline."""
        self._state, outcome = delivery.due(self._state, self._clock.monotonic())
        self._perform(outcome)

    def name_changed(self, change: NameChanged) -> None:
        """Somebody else has the name that it is for, or nobody."""
        if change.ref is not None:
            self._state = delivery.revived(self._state, self._clock.monotonic())
            self.advance()
        elif change.final:
            self.end(change.reason)

    def end(self, reason: str) -> None:
        """The name is nobody's for good."""
        self._perform(delivery.ended(self._state, reason))

    def fail(self, error: LivekitexError) -> None:
        """It has failed for good."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def close(self) -> None:
        """Nobody waits for it any more."""
        self._alarm.cancel()
        self.answer.cancel()

    def _perform(self, outcome: Outcome) -> None:
        match outcome:
            case Send(timeout_s=timeout_s):
                try:
                    self._connection.request(self._name, self._message(), timeout_s=timeout_s, then=partial(self._hear, self._state.sends))
                except LivekitexError as error:
                    self.fail(error)
            case Done(message=message):
                if not self.answer.done():
                    self.answer.set_result(message)
            case Fail(error=error):
                self.fail(error)
            case Wait():
                pass
        self._alarm.set(None if self.answer.done() else self._state.wake_at - self._clock.monotonic())

    def _hear(self, attempt: int, answer: Message | Unanswered) -> None:
        if self.answer.done() or attempt != self._state.sends:
            return
        outcome: Outcome = Wait()
        if isinstance(answer, Unanswered):
            self._state = delivery.unanswered(self._state, answer.reason, self._clock.monotonic())
        else:
            self._state, outcome = delivery.answered(self._state, answer, self._clock.monotonic())
        self._perform(outcome)
