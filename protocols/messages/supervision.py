"""Calls to a supervisor and their answers. Child specifications travel as the plain maps of `ChildSpec.to_wire`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from protocols.ref import Ref

__all__ = ["ChildCounts", "ChildInfo", "ChildResult", "Children", "CountChildren", "DeleteChild", "GaveUp", "RestartChild", "StartChild"]
__all__ += ["StopSupervisor", "TerminateChild", "WhichChildren"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartChild:
    """Start a child; answered with `ChildResult` once it is up, or is not."""

    TAG: ClassVar[str] = "sup.start_child"
    spec: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminateChild:
    """Stop a child and keep it down. ``uid`` chooses one incarnation where ids mean nothing (dynamic supervisors)."""

    TAG: ClassVar[str] = "sup.terminate_child"
    child_id: str
    uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartChild:
    """Start again a child that is down."""

    TAG: ClassVar[str] = "sup.restart_child"
    child_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteChild:
    """Forget the specification of a child that is down."""

    TAG: ClassVar[str] = "sup.delete_child"
    child_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildResult:
    """``result`` is OTP's: ``ok``, ``ok:undefined``, ``ignore``, ``error:<reason>``. ``ref`` is the running child, where there is one."""

    TAG: ClassVar[str] = "sup.child_result"
    result: str
    ref: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhichChildren:
    """Ask for the children; answered with `Children`."""

    TAG: ClassVar[str] = "sup.which_children"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildInfo:
    """One child. ``state`` is ``running``, ``restarting`` or ``undefined``; ``type`` is ``worker`` or ``supervisor``."""

    id: str
    state: str
    type: str
    title: str
    ref: Ref | None = None
    os_pid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """The children as OTP reports them: youngest first."""

    TAG: ClassVar[str] = "sup.children"
    children: tuple[ChildInfo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountChildren:
    """Ask for the numbers; answered with `ChildCounts`."""

    TAG: ClassVar[str] = "sup.count_children"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildCounts:
    """OTP's four numbers."""

    TAG: ClassVar[str] = "sup.child_counts"
    specs: int
    active: int
    supervisors: int
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp:
    """A supervisor tells its parent why it ends: more restarts were needed than it may make. OTP's ``shutdown`` does not (no answer)."""

    TAG: ClassVar[str] = "sup.gave_up"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSupervisor:
    """OTP's ``Supervisor.stop``: end in order with ``reason``; answered with `ChildResult` ``ok`` when all children are down."""

    TAG: ClassVar[str] = "sup.stop"
    reason: str = "normal"
