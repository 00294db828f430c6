"""What holds of each of our tables of states."""

from enum import StrEnum
from typing import TypeVar

from protocols import StateTable

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def check_table(table: StateTable[S, E], states: type[S], events: type[E]) -> None:
    """It has a row for each state; each state is reached, and each event moves something."""
    assert set(table.moves) == set(states)
    assert {event for row in table.moves.values() for event in row} == set(events)
    reached, before = {table.initial}, set[S]()
    while reached != before:
        before = reached
        reached = reached | {after for state in reached for after in table.moves[state].values()}
    assert reached == set(states)
