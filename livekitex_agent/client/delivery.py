"""One request on its way to a name that may be between two lives: sent again under the same id until it is answered.

Pure. The request must be one that may be handled twice (commands carry an id, questions change nothing).
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from livekitex_agent.errors import error_of
from protocols import CapacityError, ErrorReply, LivekitexError, Message, SessionUnavailableError

FIRST_RESEND_S: Final = 0.2
RESEND_S: Final = 0.5
"""An unanswered request is sent again after `FIRST_RESEND_S`, then every `RESEND_S`, and at once when its recipient has come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A request that waits. ``what`` names it in errors; ``said`` is the newest answer that was no acceptance.

    A ``lasting`` one takes its time to be answered: it is sent again only when it was lost, with its recipient or for want of one.
    """

    what: str
    started: float
    deadline: float
    next_send: float
    sends: int = 0
    lasting: bool = False
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


def begin(what: str, now: float, timeout_s: float, *, lasting: bool = False) -> Delivery:
    """A request that is due now."""
    return Delivery(what=what, started=now, deadline=now + timeout_s, next_send=now, lasting=lasting)


def due(delivery: Delivery, now: float) -> tuple[Delivery, Outcome]:
    """What to do at ``now``: send, wait, or give up with `SessionUnavailableError`."""
    if now >= delivery.deadline:
        waited = delivery.deadline - delivery.started
        return delivery, Fail(SessionUnavailableError(f"{delivery.what} was not accepted within {waited:g} s ({delivery.said}); try again"))
    if now < delivery.next_send:
        return delivery, Wait()
    again_s = math.inf if delivery.lasting else FIRST_RESEND_S if delivery.sends == 0 else RESEND_S
    return replace(delivery, next_send=now + again_s, sends=delivery.sends + 1), Send(delivery.deadline - now)


def answered(delivery: Delivery, answer: Message, now: float) -> tuple[Delivery, Outcome]:
    """After an answer: absence is waited out; any other refusal is final, a reached bound too, since the caller may know better."""
    if not isinstance(answer, ErrorReply):
        return delivery, Done(answer)
    error = error_of(answer)
    if answer.retryable and not isinstance(error, CapacityError):
        return unanswered(delivery, answer.text, now), Wait()
    return delivery, Fail(error)


def unanswered(delivery: Delivery, reason: str, now: float) -> Delivery:
    """After the gateway gave up on one sending; the next is due when it was due anyway, or soon."""
    return replace(delivery, said=reason, next_send=min(delivery.next_send, now + RESEND_S))


def revived(delivery: Delivery, now: float) -> Delivery:
    """The recipient has a new life: send at once."""
    return replace(delivery, next_send=now)


def ended(delivery: Delivery, reason: str) -> Fail:
    """The recipient's supervisor will not start it again."""
    error = SessionUnavailableError(f"{delivery.what} was not accepted: the call has ended ({reason})")
    error.retryable = False
    return Fail(error)
