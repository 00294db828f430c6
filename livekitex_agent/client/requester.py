"""What the parts of the client need of the connection to the system."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from livekitex_agent.gateway.frames import Unanswered
from protocols import Message, SystemUnavailableError


class Requester(Protocol):
    """Asks whoever has a name (`client.connection.Connection`)."""

    ended: "asyncio.Future[SystemUnavailableError]"
    """Done when it is over, with the error that tells why."""

    def request(self, name: str, message: Message, *, timeout_s: float, then: Callable[[Message | Unanswered], None]) -> None:
        """Ask whoever has ``name``; ``then`` is called once with the answer, or with why there is none.

        Raises:
            MessageTooLargeError: nothing was sent.
            SystemUnavailableError: the system has ended.
            UsageError: this process may not ask.
        """
        ...
