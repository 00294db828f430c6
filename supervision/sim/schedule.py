"""What happens next in a simulation: pure bookkeeping on virtual time, with the choice made by the caller's source of randomness.

Everything goes through two stages. A *lane* carries items from one source to one target; they leave it in the order in which they are
ready, and in the order of sending where they are ready together. A *mailbox* holds what has arrived, in order of arrival. Each step moves
the first item of one lane, or takes the first item of one mailbox, chosen among all that are ready. So the order between different pairs of
actors is arbitrary, and the order of one pair never is.
"""

from bisect import insort
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")
M = TypeVar("M")

Lane = tuple[Hashable, str]
"""Source and target. The target is what the caller finds the recipient by; this module only compares lanes."""

Pick = Callable[[int], int]
"""Chooses one of so many candidates, by index."""


@dataclass(frozen=True, slots=True, order=True)
class Ticket:
    """An item's place in its lane."""

    at: float
    number: int


@dataclass(frozen=True, slots=True)
class Arrival(Generic[T]):
    """``item`` has left its lane for ``target``."""

    source: Hashable
    target: str
    item: T


@dataclass(frozen=True, slots=True)
class Turn(Generic[M]):
    """``item`` was the first of ``mailbox``."""

    mailbox: str
    item: M


class Schedule(Generic[T, M]):
    """The lanes and mailboxes of one simulation: what travels on lanes, and what it becomes in a mailbox."""

    def __init__(self) -> None:
        self._numbers = count()
        self._lanes: dict[Lane, list[Ticket]] = {}
        self._items: dict[Ticket, T] = {}
        self._mailboxes: dict[str, deque[M]] = {}
        self._held: dict[str, set[str]] = {}

    def send(self, lane: Lane, item: T, *, at: float, in_order: bool = True) -> Ticket:
        """Put ``item`` on ``lane``, ready at ``at``; with ``in_order`` not before anything that was sent earlier on this lane.

        Without it (timers; a kill, which no slow message holds up) the item overtakes what is ready later than itself.
        """
        tickets = self._lanes.setdefault(lane, [])
        ticket = Ticket(max(at, tickets[-1].at) if in_order and tickets else at, next(self._numbers))
        insort(tickets, ticket)
        self._items[ticket] = item
        return ticket

    def cancel(self, lane: Lane, ticket: Ticket) -> None:
        """Take an item off its lane; nothing happens if it has left."""
        if self._items.pop(ticket, None) is not None:
            self._remove(lane, ticket)

    def deposit(self, mailbox: str, item: M) -> None:
        """Put an item that has arrived at the end of a mailbox."""
        self._mailboxes.setdefault(mailbox, deque()).append(item)

    def hold(self, mailbox: str, why: str) -> None:
        """Give no turn of this mailbox until it is released for each reason for which it was held; items still arrive."""
        self._held.setdefault(mailbox, set()).add(why)

    def release(self, mailbox: str, why: str) -> None:
        """No longer hold a mailbox for this reason."""
        reasons = self._held.get(mailbox, set())
        reasons.discard(why)
        if not reasons:
            self._held.pop(mailbox, None)

    def is_held(self, mailbox: str, why: str) -> bool:
        """Whether a mailbox is held for this reason."""
        return why in self._held.get(mailbox, ())

    def forget(self, mailbox: str) -> None:
        """Empty a mailbox and every lane whose source *and* target it is (its timers)."""
        self._mailboxes.pop(mailbox, None)
        self._held.pop(mailbox, None)
        for ticket in self._lanes.pop((mailbox, mailbox), ()):
            del self._items[ticket]

    def next_at(self, now: float) -> float | None:
        """When the next step can be made: ``now`` or later; None when nothing is left that could happen."""
        if any(self._open_mailboxes()):
            return now
        return min((max(now, tickets[0].at) for tickets in self._lanes.values()), default=None)

    def step(self, now: float, pick: Pick) -> Arrival[T] | Turn[M] | None:
        """Make one step among those that are possible at ``now``; None when there is none."""
        lanes = [lane for lane, tickets in self._lanes.items() if tickets[0].at <= now]
        mailboxes = self._open_mailboxes()
        if not lanes and not mailboxes:
            return None
        chosen = pick(len(lanes) + len(mailboxes))
        if chosen < len(lanes):
            return self._arrive(lanes[chosen])
        mailbox = mailboxes[chosen - len(lanes)]
        items = self._mailboxes[mailbox]
        item = items.popleft()
        if not items:
            del self._mailboxes[mailbox]
        return Turn(mailbox, item)

    def _arrive(self, lane: Lane) -> Arrival[T]:
        ticket = self._lanes[lane][0]
        self._remove(lane, ticket)
        return Arrival(*lane, self._items.pop(ticket))

    def _remove(self, lane: Lane, ticket: Ticket) -> None:
        tickets = self._lanes[lane]
        tickets.remove(ticket)
        if not tickets:
            del self._lanes[lane]

    def _open_mailboxes(self) -> list[str]:
        return [mailbox for mailbox in self._mailboxes if mailbox not in self._held]
