"""The machine behind both kinds of supervisor: OTP's sequence of stops and starts, cut at each point where OTP blocks.

While OTP's supervisor stops or starts a child it reads nothing but what that child answers. So does this machine: everything else waits
in its mailbox, in the order of its arrival. It reads no clock, makes no random number and knows no runtime.

One thing is not OTP's: a child may acknowledge its start before it is over (``proc_lib:init_ack``, followed by an initialisation that can
still fail). From then on its supervisor reads its mailbox again; what the start was for is concluded when it is over. No child of OTP's
does so, and without one the machine is OTP's.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Self, assert_never

from protocols import ExitReason
from supervision.core.child_spec import ChildSpec
from supervision.core.children import Child, Children, Status
from supervision.core.effects import Acknowledge, Effect, FailStart, Outcome, Ready, Reply
from supervision.core.events import (
    BackoffTimer,
    Boot,
    Called,
    ChildAcknowledged,
    ChildExited,
    ChildHung,
    ChildIgnored,
    ChildStarted,
    ChildStartFailed,
    Event,
    ParentExited,
    Retry,
    StartTimer,
    StopTimer,
    StrangerSignalled,
    Timer,
    TimerFired,
)
from supervision.core.reading import read
from supervision.core.restart_intensity import RestartIntensity
from supervision.core.rules import Rules
from supervision.core.starting import child_acknowledged, child_ignored, child_started, start_failed, start_next, start_overdue
from supervision.core.stopping import child_hung, child_stopped, stop_overdue, stop_wave
from supervision.core.task import AnswerStart, AnswerStop, BootTree, FailBoot, Goal, RestartGroup, ShutDown, Task
from supervision.core.turn import State, Turn

MAX_WAITING: Final = 10_000
"""Messages that may wait while a supervisor works; beyond it a call is answered ``error:overloaded``. Ends of children always find room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A supervisor as a value: its rules, its own incarnation's ``uid``, and what it remembers.

    ``uid`` begins the uids of its children's incarnations, so they are unique where it is.
    """

    rules: Rules
    uid: str
    state: State

    @classmethod
    def new(cls, rules: Rules, specs: Iterable[ChildSpec], intensity: RestartIntensity, uid: str) -> Self:
        """A supervisor that will start ``specs``, in this order, at its first event."""
        children = Children()
        for spec in specs:
            children = children.put(Child(key=spec.id, spec=spec))
        boot = Task(start=tuple(child.key for child in children), goal=BootTree())
        return cls(rules=rules, uid=uid, state=State(children=children, intensity=intensity, task=boot))

    @property
    def running(self) -> tuple[Child, ...]:
        """The children that are up, oldest first."""
        return tuple(child for child in self.state.children if child.status is Status.RUNNING)

    def handle(self, event: Event, now: float) -> tuple[Self, tuple[Effect, ...]]:
        """The machine after ``event``, which came at ``now`` (monotonic seconds), and what is to be done, in order.

        Total: an event that concerns nobody changes nothing. After `Exit` or `FailStart` every call is answered ``exit:<reason>``.
        """
        turn = Turn(self.rules, self.uid, self.state, now)
        if not turn.ended:
            _take(turn, event)
            _work(turn)
        elif isinstance(event, Called):
            turn.answer(event.call, f"exit:{turn.ended}")
        return replace(self, state=turn.close()), tuple(turn.effects)


def _take(turn: Turn, event: Event) -> None:
    """Act on what a working supervisor waits for; let everything else wait."""
    match event:
        case ChildAcknowledged(uid=uid):
            child_acknowledged(turn, uid)
        case ChildStarted(uid=uid):
            child_started(turn, uid)
        case ChildIgnored(uid=uid):
            child_ignored(turn, uid)
        case ChildHung(uid=uid):
            child_hung(turn, uid)
        case ChildStartFailed() | ChildExited():
            _take_end(turn, event)
        case TimerFired(timer=timer):
            _take_timer(turn, timer)
        case Called(call=call) if len(turn.mailbox) >= MAX_WAITING:
            turn.answer(call, "error:overloaded")
        case Called() | ParentExited() | Retry():
            turn.mailbox = (*turn.mailbox, event)
        case Boot() | StrangerSignalled():
            pass
        case _:
            assert_never(event)


def _take_end(turn: Turn, event: ChildStartFailed | ChildExited) -> None:
    task = turn.task
    if isinstance(event, ChildStartFailed):
        if turn.children.living(event.uid) is None:
            start_failed(turn, event.uid, event.reason)
            return
        event = ChildExited(event.uid, ExitReason.parse(event.reason))  # it had acknowledged its start: an end like any other
    if task is not None and event.uid in task.stopping:
        child_stopped(turn, task, event.uid, event.reason)
    elif task is not None and event.uid == task.starting:
        start_failed(turn, event.uid, str(event.reason))
    else:
        turn.mailbox = (*turn.mailbox, event)


def _take_timer(turn: Turn, timer: Timer) -> None:
    match timer:
        case StopTimer(uid=uid):
            stop_overdue(turn, uid)
        case StartTimer(uid=uid):
            start_overdue(turn, uid)
        case BackoffTimer():
            turn.mailbox = (*turn.mailbox, timer)
        case _:
            assert_never(timer)


def _work(turn: Turn) -> None:
    """Do what can be done without another event: the task, then the mailbox, message by message."""
    while not turn.ended:
        task = turn.task
        if task is None:
            _tell_ready(turn)
            if not turn.mailbox:
                return
            message, turn.mailbox = turn.mailbox[0], turn.mailbox[1:]
            read(turn, message)
        elif task.waits:
            return
        elif task.stop:
            stop_wave(turn, task)
        elif task.start:
            start_next(turn, task)
        else:
            turn.task = None
            _conclude(turn, task.goal)


def _conclude(turn: Turn, goal: Goal) -> None:
    match goal:
        case BootTree():
            if any(child.status is Status.STARTING for child in turn.children):
                turn.emit(Acknowledge())
        case RestartGroup():
            pass
        case AnswerStart(call=call, key=key):
            _answer_start(turn, call, turn.children.get(key))
        case AnswerStop(call=call):
            turn.answer(call, "ok")
        case FailBoot(reason=text):
            _end(turn, text, FailStart(text))
        case ShutDown(last=last, call=call):
            if call is not None:
                turn.answer(call, "ok")
            _end(turn, str(last.reason), last)
        case _:
            assert_never(goal)


def _answer_start(turn: Turn, call: Hashable, child: Child | None) -> None:
    """Answer the call for a start that is over; one that was acknowledged and goes on is answered when it is over."""
    if child is None or not child.status.alive:
        turn.emit(Reply(call, turn.rules.ignored))
    elif child.status is Status.RUNNING:
        turn.emit(Reply(call, Outcome("ok", child.uid)))


def _tell_ready(turn: Turn) -> None:
    """The boot is complete once no start is under way, be it the first of a child or one that has followed it since."""
    if not turn.ready and not any(child.status in (Status.STARTING, Status.RESTARTING) for child in turn.children):
        turn.ready = True
        turn.emit(Ready())


def _end(turn: Turn, reason: str, last: Effect) -> None:
    for event in turn.mailbox:
        if isinstance(event, Called):
            turn.answer(event.call, f"exit:{reason}")
    turn.mailbox = ()
    turn.ended = reason
    turn.emit(last)
