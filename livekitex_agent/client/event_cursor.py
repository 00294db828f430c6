"""Where one reader stands in a call's numbered events: each once, in order, through all incarnations of the call. Pure."""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from protocols import EventPushed, EventsMissed

FIRST_NUMBER: Final = 1
"""The number of a call's first event."""


class Verdict(Enum):
    """What to do with an event that has come."""

    DELIVER = auto()
    REPEATED = auto()
    """It was delivered before, or its time has passed: drop it."""
    GAP = auto()
    """An earlier one is missing: drop it, and ask the session again from `EventCursor.next_number` on."""


@dataclass(frozen=True, slots=True)
class EventCursor:
    """The reader wants the event ``next_number`` next."""

    next_number: int = FIRST_NUMBER

    def offer(self, pushed: EventPushed) -> tuple["EventCursor", Verdict]:
        """Judge the next event that came.

        `EventsMissed` stands for as many events up to its number that a bound of the session has swallowed, so it may close a gap. An event
        that is not kept is for who has just had the one before it; nobody else can have it.
        """
        if not pushed.event.kept:
            return self, Verdict.DELIVER if pushed.number == self.next_number - 1 else Verdict.REPEATED
        first = pushed.number - pushed.event.count + 1 if isinstance(pushed.event, EventsMissed) else pushed.number
        if pushed.number < self.next_number:
            return self, Verdict.REPEATED
        if first > self.next_number:
            return self, Verdict.GAP
        return replace(self, next_number=pushed.number + 1), Verdict.DELIVER

    def seen(self, pushed: EventPushed) -> EventPushed:
        """An event that is to be delivered, as this reader sees it: he has missed only what he had not read."""
        if not isinstance(pushed.event, EventsMissed):
            return pushed
        return replace(pushed, event=EventsMissed(count=pushed.number - self.next_number + 1))
