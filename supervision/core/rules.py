"""The port between the one machine and the two kinds of supervisor: the questions whose answers differ."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from supervision.core.child_spec import ChildSpec
from supervision.core.children import Child, Children
from supervision.core.effects import Answer, Outcome
from supervision.core.events import ChildRequest
from supervision.core.flags import Backoff
from supervision.core.strategies import Plan


@dataclass(frozen=True, slots=True)
class AddChild:
    """Start a new child and answer when it is up; it becomes the youngest."""

    spec: ChildSpec


@dataclass(frozen=True, slots=True)
class StartAgain:
    """Start a child that is down and answer when it is up; it keeps its place."""

    key: str


@dataclass(frozen=True, slots=True)
class StopChild:
    """Stop a child and answer when it is down."""

    key: str


@dataclass(frozen=True, slots=True)
class DropChild:
    """Forget a child that is down and answer ``ok``."""

    key: str


Decision = Answer | AddChild | StartAgain | StopChild | DropChild


class Rules(Protocol):
    """What kind of supervisor this is. Every method is pure."""

    @property
    def backoff(self) -> Backoff | None:
        """The pause before restarts."""
        ...

    @property
    def ignored(self) -> Outcome:
        """The answer to a call whose child is not wanted now."""
        ...

    def decide(self, request: ChildRequest, children: Children, dead: Collection[str]) -> Decision:
        """What a call asks for, or is answered at once. ``dead`` are incarnations whose end has not been looked at yet."""
        ...

    def keeps(self, spec: ChildSpec) -> bool:
        """Whether the specification stays when its process is gone for good."""
        ...

    def plan(self, children: Children, ended: str) -> Plan:
        """Who stops and starts when the child ``ended``, which is down, is restarted."""
        ...

    def waves(self, children: Children) -> tuple[tuple[str, ...], ...]:
        """The order in which all children are stopped: wave after wave, the children of one wave together."""
        ...

    def ends_with(self, child: Child, children: Children) -> bool:
        """Whether the final end of ``child``, which is down already, ends the supervisor."""
        ...
