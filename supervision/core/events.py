"""What a supervisor hears. The shell hands each to the machine in the order of its arrival.

An incarnation is named by the ``uid`` that the machine chose for it in `SpawnChild`. Each spawn is answered once, by `ChildStarted`,
`ChildIgnored` or `ChildStartFailed`; before the first or the last of these may come a `ChildAcknowledged`. Each started incarnation ends
once, by `ChildExited`.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from protocols import (
    CountChildren,
    DeleteChild,
    ExitReason,
    RestartChild,
    StartChild,
    StopSupervisor,
    TerminateChild,
    WhichChildren,
)

ChildRequest = StartChild | TerminateChild | RestartChild | DeleteChild | WhichChildren | CountChildren
Request = ChildRequest | StopSupervisor


@dataclass(frozen=True, slots=True)
class Boot:
    """Start the children; the first event of a machine."""


@dataclass(frozen=True, slots=True)
class ChildStarted:
    """The child is up."""

    uid: str


@dataclass(frozen=True, slots=True)
class ChildAcknowledged:
    """The child's mailbox runs and its start goes on: nobody has to wait for it (OTP's ``init_ack`` before the end of the start)."""

    uid: str


@dataclass(frozen=True, slots=True)
class ChildIgnored:
    """The child is not wanted now (OTP's ``:ignore``); there is no process."""

    uid: str


@dataclass(frozen=True, slots=True)
class ChildStartFailed:
    """The child did not come up; there is no process. ``reason`` is any text: it is passed on, never judged."""

    uid: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChildExited:
    """A child that was up has ended."""

    uid: str
    reason: ExitReason


@dataclass(frozen=True, slots=True)
class ChildHung:
    """A child has missed the deadline of its heartbeat."""

    uid: str


@dataclass(frozen=True, slots=True)
class ParentExited:
    """An exit signal from the parent, or its death."""

    reason: ExitReason


@dataclass(frozen=True, slots=True)
class StrangerSignalled:
    """An exit signal, other than a kill, from somebody else."""

    reason: ExitReason


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody wants an answer, which `Reply` carries under the same ``call``."""

    call: Hashable
    request: Request


@dataclass(frozen=True, slots=True)
class StopTimer:
    """The time that a child has to end in order."""

    uid: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    """The time that a child has to come up."""

    uid: str


@dataclass(frozen=True, slots=True)
class BackoffTimer:
    """The pause before the restart of a child that was started ``attempts`` times."""

    key: str
    attempts: int


Timer = StopTimer | StartTimer | BackoffTimer


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer that the machine armed has run out. One that was cancelled may still fire."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Retry:
    """The machine's message to itself: try the failed restart of a child again."""

    key: str


Message = ChildExited | ParentExited | Called | Retry | BackoffTimer
"""What waits in the mailbox while the supervisor works."""

Event = (
    Boot
    | ChildAcknowledged
    | ChildStarted
    | ChildIgnored
    | ChildStartFailed
    | ChildExited
    | ChildHung
    | ParentExited
    | StrangerSignalled
    | Called
    | TimerFired
    | Retry
)
