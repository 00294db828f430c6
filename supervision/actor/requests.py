"""The requests of one actor, in both directions: those that it waits for the answer of, and those that it is sent more than once.

A request that may get lost on the way is sent again under the same id, after `FIRST_PAUSE_S` and then after twice the pause before, until
it is answered or its time is over. Its recipient takes all copies for one request: it handles the first, drops those that come while that
is under way, and answers later ones as it answered the first. So what was refused is not done by a copy that came later, and a recipient
that is slow holds one request and not one for each copy. SIP does the same over UDP, with the same times (RFC 3261, sections 17.1.2.2 and
17.2.2).
"""

from collections.abc import Callable
from typing import Final

from protocols import Clock, Message, Ref
from supervision.actor.context import MAX_OPEN_REQUESTS, Cancel

Then = Callable[[Message | None], None]
After = Callable[[float, Callable[[], None]], Cancel]
Key = tuple[str, str]
"""Of a request at its recipient: the sender's uid and the message's id."""

FIRST_PAUSE_S: Final = 0.5
MAX_PAUSE_S: Final = 4.0

MAX_UNDER_WAY: Final = MAX_OPEN_REQUESTS
"""Requests whose copies are recognised while they are under way; of more, the oldest is forgotten."""
MAX_ANSWERS: Final = 256
MAX_ANSWER_BYTES: Final = 1_024
"""The newest answers are kept for copies that come late, so many and each up to this size; what was answered at length is handled again."""


class OpenRequests:
    """The requests of one actor that wait for an answer, at most `MAX_OPEN_REQUESTS`: beyond it the oldest is answered with None."""

    def __init__(self, clock: Clock, after: After) -> None:
        self._clock = clock
        self._after = after
        self._open: dict[str, tuple[Ref, Then, Cancel]] = {}
        self._given_up: dict[str, Then] = {}
        """Those that had to go at the bound, until they are answered."""

    def begin(self, message_id: str, to: Ref, timeout_s: float, then: Then, send: Callable[[float], None], *, repeat: bool) -> None:
        """Send a request, ``send`` with the seconds in which ``to`` is to answer, and wait for that; ``repeat``: send it again."""
        send(timeout_s)
        if len(self._open) >= MAX_OPEN_REQUESTS:
            oldest = next(iter(self._open))
            self._given_up[oldest] = self._take(oldest)
            self._after(0, lambda: self._answer_given_up(oldest))  # callbacks never run inside each other
        timers = [self._after(timeout_s, lambda: self._take(message_id)(None))]
        if repeat:
            timers.append(self._repeat_later(timers, send, self._clock.monotonic() + timeout_s, FIRST_PAUSE_S))

        def cancel() -> None:
            for timer in timers:
                timer()

        self._open[message_id] = to, then, cancel

    def answer(self, message_id: str, sender: Ref | None, message: Message) -> bool:
        """Answer a request; False: it is not open, or ``sender`` is another actor than the one that was asked."""
        asked, _, _ = self._open.get(message_id, (None, None, None))
        if asked is None or sender is None or (sender.id, sender.address) != (asked.id, asked.address):
            return False
        self._take(message_id)(message)
        return True

    def forget(self, message_id: str) -> None:
        """Wait for that answer no longer."""
        self._given_up.pop(message_id, None)
        if message_id in self._open:
            self._take(message_id)

    def _answer_given_up(self, message_id: str) -> None:
        then = self._given_up.pop(message_id, None)
        if then is not None:
            then(None)

    def _take(self, message_id: str) -> Then:
        _, then, cancel = self._open.pop(message_id)
        cancel()
        return then

    def _repeat_later(self, timers: list[Cancel], send: Callable[[float], None], until: float, pause_s: float) -> Cancel:
        def repeat() -> None:
            send(until - self._clock.monotonic())
            timers[1] = self._repeat_later(timers, send, until, min(MAX_PAUSE_S, 2 * pause_s))

        return self._after(pause_s, repeat)


class Copies:
    """The requests that one actor was sent and may be sent again."""

    def __init__(self) -> None:
        self._under_way: dict[Key, None] = {}
        self._answers: dict[Key, bytes] = {}

    def is_first(self, key: Key) -> bool:
        """Whether no copy of this request has come before; from now on one has."""
        if key in self._under_way or key in self._answers:
            return False
        self._under_way[key] = None
        if len(self._under_way) > MAX_UNDER_WAY:
            del self._under_way[next(iter(self._under_way))]
        return True

    def answered(self, key: Key, answer: bytes) -> None:
        """The request has been answered."""
        self._under_way.pop(key, None)
        if len(answer) <= MAX_ANSWER_BYTES:
            self._answers[key] = answer
        if len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]

    def answer(self, key: Key) -> bytes | None:
        """What the request was answered; None: nothing yet."""
        return self._answers.get(key)
