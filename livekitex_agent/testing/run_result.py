"""What a run of a test session came to. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from livekitex_agent.testing.expectations import RunExpectation
from livekitex_agent.testing.run_events import RunEvent, run_events
from protocols import EventPushed, Restarted, SessionEvent

E = TypeVar("E", bound=SessionEvent)


@dataclass(frozen=True)
class RunResult:
    """What happened in a run: ``pushed`` are all events of the call in it, oldest first, ``seconds`` of virtual time it took.

    ``events`` are those that an expectation speaks of, `expect` begins one.
    """

    pushed: tuple[EventPushed, ...]
    seconds: float
    given: str = ""
    """The text that was the run's input: what the caller is told to have said is not told again."""

    @cached_property
    def events(self) -> tuple[RunEvent, ...]:
        """Messages, function calls, their outputs and hand-offs, oldest first."""
        return tuple(run_events((each.event for each in self.pushed), self.given))

    @property
    def expect(self) -> RunExpectation:
        """A new expectation, before the first event."""
        return RunExpectation(self.events)

    @property
    def restarts(self) -> tuple[Restarted, ...]:
        """The incarnations that began in the run."""
        return tuple(self.of_kind(Restarted))

    def of_kind(self, kind: type[E], where: Callable[[E], bool] | None = None) -> list[E]:
        """The call's own events of this class that ``where`` accepts."""
        return [each.event for each in self.pushed if isinstance(each.event, kind) and (where is None or where(each.event))]

    def time_of(self, kind: type[E], where: Callable[[E], bool] | None = None) -> float:
        """When the first such event happened, in virtual seconds since the epoch.

        Raises:
            LookupError: there is none.
        """
        for each in self.pushed:
            if isinstance(each.event, kind) and (where is None or where(each.event)):
                return each.wall_s
        raise LookupError(f"no {kind.__name__} in this run")
