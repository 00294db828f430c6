"""Who talks to the actors of a simulation from outside."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from protocols import Envelope, Message, Ref

RECEIVED_LIMIT: Final = 10_000
"""Messages to the probe that are kept; beyond it the oldest are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message to the probe that answers no request."""

    message: Message
    sender: Ref | None


class Request:
    """A question to an actor; ``answer`` is None until it comes."""

    def __init__(self) -> None:
        self.answer: Message | None = None


class Probe:
    """Open requests, and what else was sent to the outside."""

    def __init__(self) -> None:
        self.received: deque[Received] = deque(maxlen=RECEIVED_LIMIT)
        self._requests: dict[str, Request] = {}

    def open(self, message_id: str) -> Request:
        """A request that the answer to ``message_id`` will fill; at most `RECEIVED_LIMIT` are open, beyond it the oldest is given up."""
        if len(self._requests) >= RECEIVED_LIMIT:
            del self._requests[next(iter(self._requests))]
        request = self._requests[message_id] = Request()
        return request

    def receive(self, envelope: Envelope | None) -> None:
        """Take what has arrived here; what is no message is dropped."""
        if envelope is None:
            return
        request = self._requests.pop(envelope.correlation_id, None)
        if request is None:
            self.received.append(Received(message=envelope.message, sender=envelope.sender))
        else:
            request.answer = envelope.message
