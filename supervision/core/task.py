"""The one thing that a supervisor is doing: stop some children, start some, then conclude. Everything that it does has this form.

The boot starts all and stops none; a restart stops a group and starts it again; a call starts one or stops one; the end stops all. The
conclusion is the `Goal`. A supervisor has one task at a time, as OTP's has one callback at a time, and everything else waits in its
mailbox.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from supervision.core.effects import Exit


@dataclass(frozen=True, slots=True)
class BootTree:
    """Start all children for the first time. A failed start fails the boot."""


@dataclass(frozen=True, slots=True)
class FailBoot:
    """Fail the supervisor's own start, once those that were up are down."""

    reason: str


@dataclass(frozen=True, slots=True)
class RestartGroup:
    """Restart a child and those that its strategy restarts with it. A failed start is tried again, behind the mailbox."""


@dataclass(frozen=True, slots=True)
class AnswerStart:
    """Tell a caller how the start of a child went. A failed start is not tried again; a ``new`` child is not kept then."""

    call: Hashable
    key: str
    new: bool


@dataclass(frozen=True, slots=True)
class AnswerStop:
    """Tell a caller that a child is down."""

    call: Hashable


@dataclass(frozen=True, slots=True)
class ShutDown:
    """End with ``last``, and answer the call that asked for it, if one did."""

    last: Exit
    call: Hashable = None


Goal = BootTree | FailBoot | RestartGroup | AnswerStart | AnswerStop | ShutDown


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """First the waves of ``stop``, one after the other, the children of a wave together; then ``start``, one by one; then ``goal``.

    All are keys of children. The task waits while incarnations of the present wave are not over, or the first of ``start`` has not
    answered.
    """

    stop: tuple[tuple[str, ...], ...] = ()
    start: tuple[str, ...] = ()
    goal: Goal
    stopping: frozenset[str] = frozenset()
    """Incarnations of the present wave that are not over."""
    starting: str = ""
    """The incarnation of the first of ``start``, once it is asked for."""
    start_timed_out: bool = False
    """That incarnation took too long and was killed: whatever it answers, its start has failed."""

    @property
    def waits(self) -> bool:
        """Whether nothing can be done before a child answers or ends."""
        return bool(self.stopping or self.starting)
