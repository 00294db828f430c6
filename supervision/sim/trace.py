"""What happened in a simulation, to be read by people and asserted by tests."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TRACE_LIMIT: Final = 100_000
"""Events that a trace keeps; beyond it the oldest are forgotten."""


class TraceKind(StrEnum):
    """What can happen. The first five are those of an incarnation; an actor may be started by a call that is itself not an event."""

    STARTING = "starting"
    STARTED = "started"
    START_FAILED = "start_failed"
    IGNORED = "ignored"
    EXIT = "exit"
    DELIVERED = "delivered"
    LOST = "lost"
    FAULT = "fault"
    SUSPENDED = "suspended"
    RESUMED = "resumed"


INCARNATION: Final = (TraceKind.STARTING, TraceKind.STARTED, TraceKind.START_FAILED, TraceKind.IGNORED, TraceKind.EXIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEvent:
    """One event. ``actor`` is ``id#n``: the n-th attempt to start this id, failed attempts included."""

    at_s: float
    kind: TraceKind
    actor: str
    detail: str = ""

    @property
    def text(self) -> str:
        """The event without its time: ``exit b#1 error:ValueError``."""
        return f"{self.kind} {self.actor}" + (f" {self.detail}" if self.detail else "")

    def __str__(self) -> str:
        return f"{self.at_s:12.3f}  {self.text}"


class Trace:
    """The newest `TRACE_LIMIT` events of a simulation, oldest first."""

    def __init__(self) -> None:
        self._events: deque[TraceEvent] = deque(maxlen=TRACE_LIMIT)
        self._observers: list[Callable[[TraceEvent], None]] = []

    def __iter__(self) -> Iterator[TraceEvent]:
        return iter(tuple(self._events))

    def __len__(self) -> int:
        return len(self._events)

    def __str__(self) -> str:
        return "\n".join(map(str, self._events))

    def observe(self, observer: Callable[[TraceEvent], None]) -> None:
        """Call ``observer`` with each further event, at the moment when it happens."""
        self._observers.append(observer)

    def add(self, event: TraceEvent) -> None:
        """Append an event."""
        self._events.append(event)
        for observer in self._observers:
            observer(event)

    def texts(self, *kinds: TraceKind) -> list[str]:
        """The events of these kinds (of an incarnation, if none is given) as texts without time."""
        wanted = kinds or INCARNATION
        return [event.text for event in self._events if event.kind in wanted]

    def tail(self, count: int) -> str:
        """The newest ``count`` events, a line each."""
        return "\n".join(str(event) for event in tuple(self._events)[-count:])
