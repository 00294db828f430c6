"""When a call's handle asks its session for events, and from which number on. Pure.

The script has one subscription per call, whatever the number of its readers: from the first event that any of them wants. It is asked for
again when the session has a new incarnation, when an event is missing, when a reader joins that wants older ones, and after a quiet period
(which finds what was lost without a trace).
"""

from dataclasses import dataclass, replace
from typing import Final

from protocols import Subscribe, Subscribed

QUIET_S: Final = 5.0
ANSWER_S: Final = 2.0
"""A subscription that has no answer after this time is taken for lost."""
RETRY_S: Final = 0.3
"""When nobody has the session's name, it is asked again after this time; a new incarnation is asked at once."""
GAP_PATIENCE_S: Final = 0.2
"""Events of an answer in flight are not asked for twice: so long after a subscription a gap is not news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """``from_number`` is None before anybody wants events. ``due`` is when to subscribe (again)."""

    from_number: int | None = None
    audio: bool = False
    due: float = 0.0
    asked_at: float | None = None
    """When the subscription that stands, or is on its way, was sent; None when there is none for this incarnation of the session."""
    answered: Subscribed | None = None
    again: bool = False
    """Whether something was found missing since then, so that its answer is not the end of it."""

    @property
    def wake_at(self) -> float | None:
        """When `tick` has to be called next; None: not before something happens."""
        return None if self.from_number is None else self.due


def wanted(subscription: Subscription, from_number: int, *, audio: bool, now: float) -> Subscription:
    """The readers want events from ``from_number`` on, and the agent's audio if ``audio``.

    The number moves on with each event; only a step back, or a first listener or last one, needs a new subscription.
    """
    before = subscription.from_number
    again = before is None or from_number < before or audio != subscription.audio
    return replace(subscription, from_number=from_number, audio=audio, due=now if again else subscription.due)


def tick(subscription: Subscription, now: float) -> tuple[Subscription, Subscribe | None]:
    """At ``now``: the message to send, if one is due."""
    if subscription.from_number is None or now < subscription.due:
        return subscription, None
    message = Subscribe(from_number=subscription.from_number, audio=subscription.audio)
    return replace(subscription, asked_at=now, due=now + ANSWER_S, again=False), message


def subscribed(subscription: Subscription, answer: Subscribed, now: float) -> Subscription:
    """The session has answered."""
    return replace(subscription, answered=answer, due=subscription.due if subscription.again else now + QUIET_S)


def unanswered(subscription: Subscription, now: float) -> Subscription:
    """Nobody has the session's name, or it did not answer."""
    return replace(subscription, due=min(subscription.due, now + RETRY_S))


def heard(subscription: Subscription, now: float) -> Subscription:
    """An event came that a reader was waiting for: the session is not quiet."""
    waits = subscription.answered is None or subscription.again
    return subscription if waits else replace(subscription, due=max(subscription.due, now + QUIET_S))


def missing(subscription: Subscription, now: float) -> Subscription:
    """An event is missing."""
    recent = subscription.asked_at is not None and now < subscription.asked_at + GAP_PATIENCE_S
    due = now + GAP_PATIENCE_S if recent else now
    return replace(subscription, due=min(subscription.due, due), again=True)


def revived(subscription: Subscription, now: float) -> Subscription:
    """The session has a new incarnation, which knows of no subscription."""
    return replace(subscription, asked_at=None, answered=None, due=now)
