"""The requests of a script that are not answered yet, and what its system says of itself."""

import itertools
from collections.abc import Callable

from livekitex_agent.gateway.frames import EventsLost, Frame, Pushed, Request, Response, Unanswered
from protocols import Message

Answer = Callable[[Message | Unanswered], None]
OnPush = Callable[[Message | EventsLost], None]


class OpenRequests:
    """Asks by ``write``; ``on_push`` is called with each pushed message and `EventsLost`."""

    def __init__(self, write: Callable[[Frame], None], on_push: OnPush) -> None:
        self._write = write
        self._on_push = on_push
        self._ids = itertools.count(1)
        self._open: dict[int, Answer] = {}

    def ask(self, name: str, message: Message, *, timeout_s: float, then: Answer) -> None:
        """See `Requester.request`."""
        frame = Request(request_id=next(self._ids), name=name, message=message, timeout_ms=max(1, round(timeout_s * 1000)))
        self._write(frame)
        self._open[frame.request_id] = then

    def receive(self, frame: Frame) -> bool:
        """Pass on what is an answer or pushed; tells whether it was. An answer that nobody waits for is dropped."""
        match frame:
            case Response(request_id=request_id, message=message):
                self._answer(request_id, message)
            case Unanswered(request_id=request_id):
                self._answer(request_id, frame)
            case Pushed(message=message):
                self._on_push(message)
            case EventsLost():
                self._on_push(frame)
            case _:
                return False
        return True

    def forget(self) -> None:
        """Nothing is answered any more."""
        self._open.clear()

    def _answer(self, request_id: int, answer: Message | Unanswered) -> None:
        then = self._open.pop(request_id, None)
        if then is not None:
            then(answer)
