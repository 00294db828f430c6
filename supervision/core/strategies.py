"""Which children a restart stops and starts, in which order. Pure plans: nothing here waits, counts or remembers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

from supervision.core.child_spec import Restart
from supervision.core.flags import Strategy


class Member(Protocol):
    """What a plan has to know about a child."""

    @property
    def key(self) -> str:
        """Its key among the children of its supervisor."""
        ...

    @property
    def restart(self) -> Restart:
        """Its restart type."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Stop ``stop`` one after the other, then start ``start`` one after the other. Keys of children."""

    stop: tuple[str, ...]
    start: tuple[str, ...]


def plan_restart(strategy: Strategy, children: Sequence[Member], ended: str) -> Plan:
    """Plan the restart of ``ended``, a child that is down and is to come back.

    ``children`` is in start order. Siblings stop in reverse start order and start again in start order, those that were down among
    them. A temporary sibling is stopped and not started again.
    """
    at = next(index for index, child in enumerate(children) if child.key == ended)
    match strategy:
        case Strategy.ONE_FOR_ONE:
            group = children[at : at + 1]
        case Strategy.REST_FOR_ONE:
            group = children[at:]
        case Strategy.ONE_FOR_ALL:
            group = children
        case _:
            assert_never(strategy)
    return Plan(
        stop=tuple(child.key for child in reversed(group) if child.key != ended),
        start=tuple(child.key for child in group if child.restart is not Restart.TEMPORARY),
    )
