"""What a supervisor tells its runtime to start, and what it hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocols import ExitReason, Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorStart:
    """One incarnation of an actor, to be started.

    ``actor`` is the class as ``module:name``; ``args`` go to `Actor.on_start`. ``memory_key`` names shared memory of ``memory_bytes`` that
    the spawning process keeps until `Runtime.release_memory`: each incarnation that is started with the same key finds the same bytes.
    ``last_exit`` is the `ExitReason`, as text, of the incarnation before, or of the attempt to start it; empty for the first. ``confined``
    says that it runs user code: it starts no children, and says only what `CONFINED_MAY_SEND` lists. ``light`` says that it lives in its
    parent's process (see `ChildSpec`).
    """

    actor_id: str
    uid: str
    actor: str
    args: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    parent: Ref | None = None
    registry: Ref | None = None
    memory_key: str = ""
    memory_bytes: int = 0
    last_exit: str = ""
    confined: bool = False
    light: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildAcknowledged:
    """The child has acknowledged its start, which goes on (see `Context.acknowledge_start`)."""

    ref: Ref
    os_pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStarted:
    """The child is up: `Actor.on_start` has returned, or the start that it deferred is over."""

    ref: Ref
    os_pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildIgnored:
    """The child said that it is not wanted now; its process has ended."""

    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStartFailed:
    """The child did not come up; its process has ended."""

    uid: str
    reason: ExitReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildExited:
    """A child that had started has ended. Reported exactly once, after the last message that it sent to its parent."""

    uid: str
    reason: ExitReason


ChildEvent = ChildAcknowledged | ChildStarted | ChildIgnored | ChildStartFailed | ChildExited
