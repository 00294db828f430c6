"""What a supervisor wants done. The shell performs the effects of one event in their order, and judges none of them."""

from collections.abc import Hashable
from dataclasses import dataclass

from protocols import ChildCounts, ExitReason
from supervision.core.child_spec import ChildSpec, ChildType
from supervision.core.events import Retry, Timer


@dataclass(frozen=True, slots=True)
class SpawnChild:
    """Start a process for ``spec`` and name it ``uid``.

    ``key`` names the child through all its incarnations, ``attempt`` counts them from 1. ``last_exit`` is why the attempt before ended, or
    did not come up; empty at the first.
    """

    uid: str
    key: str
    spec: ChildSpec
    attempt: int
    last_exit: str = ""


@dataclass(frozen=True, slots=True)
class ShutDownChild:
    """Send the exit signal ``shutdown`` to a child, as its parent."""

    uid: str


@dataclass(frozen=True, slots=True)
class KillChild:
    """Kill a child at once, whether it is up or still starting."""

    uid: str


@dataclass(frozen=True, slots=True)
class EndHungChild:
    """End a child that hangs: let it leave a trace of where it hangs, then kill it."""

    uid: str


@dataclass(frozen=True, slots=True)
class ArmTimer:
    """Send `TimerFired` after ``after_ms``, varied at random by up to ``jitter_percent`` in either direction."""

    timer: Timer
    after_ms: int
    jitter_percent: int = 0


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget a timer; nothing happens if it has fired."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class SendSelf:
    """Put ``message`` into the supervisor's own mailbox, behind everything that waits there."""

    message: Retry


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a call about a child: ``ok``, ``ok:undefined``, ``ignore``, ``error:<reason>``, ``exit:<reason>``.

    ``uid`` is the running child that the answer is about, if there is one.
    """

    result: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class ChildRow:
    """One child as OTP lists it.

    ``state`` is ``running``, ``restarting``, ``undefined``, or ``starting`` for one whose acknowledged start is not over. Only a running
    one and a starting one have a ``uid``.
    """

    id: str
    state: str
    type: ChildType
    title: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The children, youngest first."""

    rows: tuple[ChildRow, ...]


Answer = Outcome | Listing | ChildCounts


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a call. Each call is answered once, unless the supervisor is killed."""

    call: Hashable
    answer: Answer


@dataclass(frozen=True, slots=True)
class ChildUp:
    """A child is up: announce it, watch its heartbeat."""

    key: str
    uid: str
    spec: ChildSpec


@dataclass(frozen=True, slots=True)
class ChildDown:
    """An incarnation of a child is over: withdraw it. ``final`` tells that this supervisor will not start it again by itself.

    An incarnation that was to be followed by another comes a second time, as final, if that hope ends.
    """

    key: str
    uid: str
    spec: ChildSpec
    reason: ExitReason
    final: bool


@dataclass(frozen=True, slots=True)
class ForgetChild:
    """The specification of a child is gone: release what was kept for its next incarnation."""

    key: str
    spec: ChildSpec


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Every child is up or has acknowledged its start: so does the supervisor, whose own start is not over either."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The boot is complete: the supervisor itself has started."""


@dataclass(frozen=True, slots=True)
class FailStart:
    """The boot failed, and every child that was up is down again: the supervisor's own start fails for ``reason``."""

    reason: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Every child is down: end with ``reason``. ``cause`` is for the log: a call, the parent, the limit of restarts, auto_shutdown.

    At the limit of restarts ``why`` says in a sentence what OTP's reason does not, and ``culprit`` is the incarnation that ended last.
    """

    reason: ExitReason
    cause: str
    why: str = ""
    culprit: str = ""


ProcessEffect = SpawnChild | ShutDownChild | KillChild | EndHungChild
"""What is done to a child's process."""

NewsEffect = ChildUp | ChildDown | ForgetChild
"""What others are to know, or to give up, because of a child."""

OwnEffect = ArmTimer | CancelTimer | SendSelf | Acknowledge | Ready | FailStart | Exit
"""What is done to the supervisor itself."""

Effect = ProcessEffect | NewsEffect | OwnEffect | Reply
