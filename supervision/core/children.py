"""The children of a supervisor, as a value: every change makes a new one."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from protocols import NORMAL, ChildCounts, ExitReason
from supervision.core.child_spec import ChildSpec, ChildType, Restart
from supervision.core.effects import ChildRow, Listing
from supervision.core.task import Goal


class Status(StrEnum):
    """What a supervisor knows of a child's process."""

    STARTING = "starting"
    """It has acknowledged its start, which goes on while its supervisor does other things."""

    RUNNING = "running"
    RESTARTING = "restarting"
    """A restart of it failed, or is paused by a backoff: another attempt is due."""

    STOPPED = "stopped"
    """Down, and meant to come back with its group."""

    DOWN = "down"
    """Down until a call or a group restart starts it."""

    @property
    def alive(self) -> bool:
        """Whether there is a process that has acknowledged its start or is up."""
        return self in (Status.STARTING, Status.RUNNING)

    @property
    def has_process(self) -> bool:
        """Whether OTP would show a process, or ``restarting``, rather than ``undefined``."""
        return self.alive or self is Status.RESTARTING


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One child through all its incarnations. ``uid`` is its present incarnation or its last one; empty while it is down.

    ``reason`` is why its last incarnation ended, or its last start failed. ``attempts`` counts its starts; ``streak`` its restarts in a
    row, each soon after the incarnation begun at ``up_since`` (monotonic seconds). ``goal`` is what a start that was acknowledged is for;
    ``overdue`` tells that this start took too long and is being ended.
    """

    key: str
    spec: ChildSpec
    status: Status = Status.DOWN
    uid: str = ""
    reason: ExitReason = NORMAL
    attempts: int = 0
    streak: int = 0
    up_since: float = 0.0
    goal: Goal | None = None
    overdue: bool = False

    @property
    def restart(self) -> Restart:
        """Its restart type."""
        return self.spec.restart


@dataclass(frozen=True, slots=True)
class Children:
    """Children in start order, oldest first. A new key goes last, a known one keeps its place."""

    _by_key: MappingProxyType[str, Child] = field(default_factory=lambda: MappingProxyType({}))
    _key_of: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __iter__(self) -> Iterator[Child]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def __getitem__(self, key: str) -> Child:
        return self._by_key[key]

    def get(self, key: str) -> Child | None:
        """The child with this key."""
        return self._by_key.get(key)

    def living(self, uid: str) -> Child | None:
        """The child whose incarnation is ``uid``; while it is restarting, whose last incarnation was."""
        key = self._key_of.get(uid)
        return None if key is None else self._by_key[key]

    def by_uid(self, uid: str) -> Child:
        """The child whose incarnation is ``uid``, which is known to be one."""
        return self._by_key[self._key_of[uid]]

    def put(self, child: Child) -> Self:
        """With ``child`` added, or in the place of the one with its key."""
        by_key = self._by_key.copy()
        by_key[child.key] = child
        key_of = self._incarnations_without(child.key)
        if child.uid and child.status.has_process:
            key_of[child.uid] = child.key
        return type(self)(MappingProxyType(by_key), MappingProxyType(key_of))

    def remove(self, key: str) -> Self:
        """Without the child that has this key."""
        by_key = self._by_key.copy()
        del by_key[key]
        return type(self)(MappingProxyType(by_key), MappingProxyType(self._incarnations_without(key)))

    def _incarnations_without(self, key: str) -> dict[str, str]:
        incarnations = self._key_of.copy()
        if key in self._by_key:
            incarnations.pop(self._by_key[key].uid, None)
        return incarnations

    def listing(self) -> Listing:
        """The answer to ``which_children``."""
        return Listing(tuple(_row(child) for child in reversed(tuple(self))))

    def counts(self, dead: Collection[str] = ()) -> ChildCounts:
        """The answer to ``count_children``. ``dead`` are incarnations that are over although nothing was done about it yet."""
        return ChildCounts(
            specs=len(self),
            active=sum(child.status is Status.RUNNING and child.uid not in dead for child in self),
            supervisors=sum(child.spec.type is ChildType.SUPERVISOR for child in self),
            workers=sum(child.spec.type is ChildType.WORKER for child in self),
        )


def _row(child: Child) -> ChildRow:
    return ChildRow(
        id=child.spec.id,
        state=str(child.status) if child.status.has_process else "undefined",
        type=child.spec.type,
        title=child.spec.title,
        uid=child.uid if child.status.alive else "",
    )
