"""One turn of a supervisor: its memory laid open for the time of one event, and the effects gathered so far.

The functions of `stopping`, `starting` and `reading` work on a turn; `machine` makes it, and closes it into a value again.
"""

from collections.abc import Hashable
from dataclasses import dataclass, fields, replace
from typing import Any

from protocols import ExitReason
from supervision.core.children import Child, Children, Status
from supervision.core.effects import CancelTimer, ChildDown, Effect, Exit, ForgetChild, Outcome, Reply
from supervision.core.events import ChildExited, Message, StartTimer
from supervision.core.restart_intensity import RestartIntensity
from supervision.core.rules import Rules
from supervision.core.task import AnswerStart, Goal, ShutDown, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything that a supervisor remembers.

    ``mailbox`` is what waits while ``task`` is being done; ``serial`` numbers the incarnations; ``ready`` tells that the supervisor's own
    start is over; ``ended`` is the reason of its end, empty while it lives.
    """

    children: Children
    intensity: RestartIntensity
    task: Task | None
    mailbox: tuple[Message, ...] = ()
    serial: int = 0
    ready: bool = False
    ended: str = ""


class Turn:
    """The draft of the next `State`. ``now`` is monotonic seconds, ``uid`` the supervisor's own incarnation."""

    def __init__(self, rules: Rules, uid: str, state: State, now: float) -> None:
        self.rules = rules
        self.uid = uid
        self.now = now
        self.children = state.children
        self.intensity = state.intensity
        self.task = state.task
        self.mailbox = state.mailbox
        self.serial = state.serial
        self.ready = state.ready
        self.ended = state.ended
        self.effects: list[Effect] = []

    def close(self) -> State:
        """What is to be remembered."""
        return State(**{field.name: getattr(self, field.name) for field in fields(State)})

    def emit(self, *effects: Effect) -> None:
        """Want ``effects`` done, after those before."""
        self.effects += effects

    def answer(self, call: Hashable, result: str) -> None:
        """Answer a call with a mere word."""
        self.emit(Reply(call, Outcome(result)))

    def next_serial(self) -> int:
        """A number that was never used before."""
        self.serial += 1
        return self.serial

    def put(self, child: Child, **changes: Any) -> None:  # noqa: ANN401 - the fields of Child
        """Remember ``child`` with ``changes``."""
        self.children = self.children.put(replace(child, **changes))

    def over(self, child: Child) -> Child:
        """The child without the start that it had acknowledged and that is over now, however it went."""
        if child.spec.start_timeout_ms is not None:
            self.emit(CancelTimer(StartTimer(child.uid)))
        return replace(child, goal=None, overdue=False)

    def settle(self, child: Child, *, final: bool) -> None:
        """No process of ``child`` is left, and ``child.reason`` is why: keep it for its group's restart, for a call, or not at all.

        An incarnation that ends, and one that was to be followed by another but will not, is told by `ChildDown`. Whoever still waits for
        its start is told that it has failed.
        """
        if child.status is Status.STARTING:
            if isinstance(child.goal, AnswerStart):
                self.answer(child.goal.call, f"error:{child.reason}")
            child = self.over(child)
        if child.uid and (final or child.status is Status.RUNNING):
            self.emit(ChildDown(child.key, child.uid, child.spec, child.reason, final))
        if not final:
            self.put(child, status=Status.STOPPED)
        elif self.rules.keeps(child.spec):
            self.put(child, status=Status.DOWN, uid="")
        else:
            self.forget(child)

    def forget(self, child: Child) -> None:
        """Drop the specification of ``child``, which has no process."""
        self.children = self.children.remove(child.key)
        self.emit(ForgetChild(child.key, child.spec))

    def unread_ends(self) -> dict[str, ExitReason]:
        """The incarnations that are over and whose end waits in the mailbox."""
        return {event.uid: event.reason for event in self.mailbox if isinstance(event, ChildExited)}

    def stop_all(self, goal: Goal) -> None:
        """Give up whatever was to be done: stop all children, then conclude with ``goal``."""
        self.task = Task(stop=self.rules.waves(self.children), goal=goal)

    def shut_down(self, last: Exit, call: Hashable = None) -> None:
        """Stop all children, then end with ``last`` and answer ``call``."""
        self.stop_all(ShutDown(last, call))
