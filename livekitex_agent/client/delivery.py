"""One request to a name that may be between two incarnations: it is sent to each incarnation once, and again when one could not answer.

Pure. The request must be one that may be handled twice (commands carry an id, questions change nothing). Copies against loss are not made
here but on the way (`supervision.actor.requests`), so an attempt has one answer, and a refusal is one of the whole request.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from livekitex_agent.errors import error_of
from protocols import CapacityError, ErrorReply, LivekitexError, Message, SessionUnavailableError

FIRST_PAUSE_S: Final = 0.2
MAX_PAUSE_S: Final = 2.0
"""Before the next attempt after one that failed for now; doubled before each further one. Whoever has come back is asked at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A request that waits. ``what`` names it in errors; ``said`` is the newest answer that was no acceptance.

    ``sends`` numbers the attempts: only the answer of the newest counts. ``failures`` counts those in a row that failed for now. While one
    is under way ``next_send`` is infinite.
    """

    what: str
    started: float
    deadline: float
    next_send: float
    sends: int = 0
    failures: int = 0
    said: str = "no answer"

    @property
    def wake_at(self) -> float:
        """When `due` has to be asked next."""
        return min(self.next_send, self.deadline)


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request (again); its answer is wanted for ``timeout_s``."""

    timeout_s: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `Delivery.wake_at`."""


@dataclass(frozen=True, slots=True)
class Done:
    """The answer has come."""

    message: Message


@dataclass(frozen=True, slots=True)
class Fail:
    """The request has failed for good."""

    error: LivekitexError


Outcome = Send | Wait | Done | Fail


def begin(what: str, now: float, timeout_s: float) -> Delivery:
    """A request that is due now."""
    return Delivery(what=what, started=now, deadline=now + timeout_s, next_send=now)


def due(delivery: Delivery, now: float) -> tuple[Delivery, Outcome]:
    """What to do at ``now``: send, wait, or give up with `SessionUnavailableError`."""
    if now >= delivery.deadline:
        waited = delivery.deadline - delivery.started
        return delivery, Fail(SessionUnavailableError(f"{delivery.what} was not accepted within {waited:g} s ({delivery.said}); try again"))
    if now < delivery.next_send:
        return delivery, Wait()
    return replace(delivery, next_send=math.inf, sends=delivery.sends + 1), Send(delivery.deadline - now)


def answered(delivery: Delivery, answer: Message, now: float) -> tuple[Delivery, Outcome]:
    """After an answer: absence is waited out; any other refusal is final, a reached bound too, since the caller may know better."""
    if not isinstance(answer, ErrorReply):
        return delivery, Done(answer)
    error = error_of(answer)
    if answer.retryable and not isinstance(error, CapacityError):
        return unanswered(delivery, answer.text, now), Wait()
    return delivery, Fail(error)


def unanswered(delivery: Delivery, reason: str, now: float) -> Delivery:
    """An attempt had no answer, or one that says to try again: the next follows after a pause."""
    pause_s = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(delivery.failures, 10))
    return replace(delivery, said=reason, next_send=now + pause_s, failures=delivery.failures + 1)


def revived(delivery: Delivery, now: float) -> Delivery:
    """The recipient has a new incarnation: send at once."""
    return replace(delivery, next_send=now, failures=0)


def ended(delivery: Delivery, reason: str) -> Fail:
    """The recipient's supervisor will not start it again."""
    error = SessionUnavailableError(f"{delivery.what} was not accepted: the call has ended ({reason})")
    error.retryable = False
    return Fail(error)
