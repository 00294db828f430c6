"""Carries requests to names through the restarts of whoever has them. The shell of `delivery`."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Final, TypeVar

from livekitex_agent.client import delivery
from livekitex_agent.client.connection import Connection
from livekitex_agent.client.delivery import Delivery, Done, Fail, Outcome, Send, Wait
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


class Courier:
    """All requests of one system that wait for their answer."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._parcels: defaultdict[str, set[_Parcel]] = defaultdict(set)
        self._ended: dict[str, str] = {}

    async def deliver(self, name: str, what: str, message: Message, *, timeout_s: float) -> Message:
        """Send ``message`` to whoever has ``name``, again and again, until it is answered; cancelling stops that.

        Raises:
            SessionUnavailableError: no answer within ``timeout_s``, or the recipient has ended for good.
            SystemUnavailableError: the system has ended.
            LivekitexError: the request was refused for good.
        """
        return await self._deliver(name, lambda: message, delivery.begin(what, self._clock.monotonic(), timeout_s))

    async def deliver_lasting(self, name: str, what: str, message: Callable[[], Message], *, timeout_s: float) -> Message:
        """As `deliver`, for a request whose answer takes long: sent, as ``message`` makes it then, once to each life of ``name``."""
        return await self._deliver(name, message, delivery.begin(what, self._clock.monotonic(), timeout_s, lasting=True))

    async def _deliver(self, name: str, message: Callable[[], Message], state: Delivery) -> Message:
        parcel = _Parcel(self._connection, self._clock, name, message, state)
        parcels = self._parcels[name]
        parcels.add(parcel)
        try:
            if name in self._ended and not self._connection.ended.done():
                parcel.end(self._ended[name])
            else:
                parcel.advance()
            return await parcel.answer
        finally:
            parcel.close()
            parcels.discard(parcel)
            if not parcels:
                self._parcels.pop(name, None)

    def name_changed(self, change: NameChanged) -> None:
        """Somebody else has the name now, or nobody."""
        self._ended.pop(change.name, None)
        if change.ref is None and change.final:
            self._ended[change.name] = change.reason
            while len(self._ended) > MAX_ENDED:
                del self._ended[next(iter(self._ended))]
        for parcel in tuple(self._parcels.get(change.name, ())):
            parcel.name_changed(change)

    def end(self, error: SystemUnavailableError) -> None:
        """The system has ended."""
        for parcels in tuple(self._parcels.values()):
            for parcel in tuple(parcels):
                parcel.fail(error)


class _Parcel:
    def __init__(self, connection: Connection, clock: Clock, name: str, message: Callable[[], Message], state: Delivery) -> None:
        self._connection = connection
        self._clock = clock
        self._name = name
        self._message = message
        self._state = state
        self._alarm = Alarm(self.advance)
        self.answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    def advance(self) -> None:
        self._state, outcome = delivery.due(self._state, self._clock.monotonic())
        self._perform(outcome)

    def name_changed(self, change: NameChanged) -> None:
        if change.ref is not None:
            self._state = delivery.revived(self._state, self._clock.monotonic())
            self.advance()
        elif change.final:
            self.end(change.reason)

    def end(self, reason: str) -> None:
        self._perform(delivery.ended(self._state, reason))

    def fail(self, error: LivekitexError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def close(self) -> None:
        self._alarm.cancel()
        self.answer.cancel()

    def _perform(self, outcome: Outcome) -> None:
        match outcome:
            case Send(timeout_s=timeout_s):
                try:
                    self._connection.request(self._name, self._message(), timeout_s=timeout_s, then=self._hear)
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

    def _hear(self, answer: Message | Unanswered) -> None:
        if self.answer.done():
            return
        outcome: Outcome = Wait()
        if isinstance(answer, Unanswered):
            self._state = delivery.unanswered(self._state, answer.reason, self._clock.monotonic())
        else:
            self._state, outcome = delivery.answered(self._state, answer, self._clock.monotonic())
        self._perform(outcome)
