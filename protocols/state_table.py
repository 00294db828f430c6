"""State machines as tables: what each event makes of each state, and a picture of that.

A table knows neither time nor effects. A move that it does not list raises and changes nothing, so a state is never set by hand.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from protocols.errors import IllegalTransitionError

__all__ = ["StateTable"]

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class StateTable(Generic[S, E]):
    """One machine: ``moves`` has a row for each state and in it the events that are legal there; it begins in ``initial``."""

    def __init__(self, name: str, initial: S, moves: Mapping[S, Mapping[E, S]]) -> None:
        self.name = name
        self.initial = initial
        self.moves: Mapping[S, Mapping[E, S]] = MappingProxyType({state: MappingProxyType(dict(row)) for state, row in moves.items()})

    def step(self, state: S, event: E) -> S:
        """The state after ``event``.

        Raises:
            IllegalTransitionError: the table does not list ``event`` in ``state``.
        """
        after = self.moves[state].get(event)
        if after is None:
            legal = ", ".join(self.moves[state]) or "none"
            raise IllegalTransitionError(f"{self.name}: {event} is illegal in the state {state} (legal: {legal}): please report this")
        return after

    def diagram(self) -> str:
        """The table as a mermaid state diagram, line by line in the order of the table."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [f"    {state} --> {after}: {event}" for state, row in self.moves.items() for event, after in row.items()]
        return "\n".join(lines) + "\n"
