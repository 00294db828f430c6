"""How a supervisor reads its mailbox, while it has no task: an end leads to a restart or to none, a call to an answer or to work."""

from collections.abc import Hashable
from dataclasses import replace
from typing import assert_never

from protocols import SHUTDOWN, ExitReason, StopSupervisor
from supervision.core.children import Child, Status
from supervision.core.effects import ArmTimer, Exit, Reply
from supervision.core.events import BackoffTimer, Called, ChildExited, Message, ParentExited, Request, Retry
from supervision.core.rules import AddChild, DropChild, StartAgain, StopChild
from supervision.core.starting import acknowledged_start_failed
from supervision.core.task import AnswerStart, AnswerStop, RestartGroup, Task
from supervision.core.turn import Turn


def read(turn: Turn, message: Message) -> None:
    """Act on the next message. What concerns nobody any more, such as a retry that a call has overtaken, does nothing."""
    match message:
        case ChildExited(uid=uid, reason=reason):
            child = turn.children.living(uid)
            if child is not None and child.status is Status.RUNNING:
                _child_ended(turn, replace(child, reason=reason))
            elif child is not None and child.status is Status.STARTING:
                acknowledged_start_failed(turn, child, reason)
        case Retry(key=key):
            child = turn.children.get(key)
            if child is not None and child.status is Status.RESTARTING:
                _try_again(turn, child)
        case BackoffTimer(key=key, attempts=attempts):
            child = turn.children.get(key)
            if child is not None and child.status is Status.RESTARTING and child.attempts == attempts:
                _restart(turn, child)
        case ParentExited(reason=reason):
            turn.shut_down(Exit(reason, "parent"))
        case Called(call=call, request=request):
            _serve(turn, call, request)
        case _:
            assert_never(message)


def _child_ended(turn: Turn, child: Child) -> None:
    if not child.restart.applies(child.reason):
        turn.settle(child, final=True)
        if turn.rules.ends_with(child, turn.children):
            turn.shut_down(Exit(SHUTDOWN, "auto_shutdown"))
    elif _may_restart(turn):
        turn.settle(child, final=False)
        _restart_after_pause(turn, turn.children[child.key])
    else:
        _give_up(turn, child)


def _try_again(turn: Turn, child: Child) -> None:
    if _may_restart(turn):
        _restart_after_pause(turn, child)
    else:
        _give_up(turn, child)


def _may_restart(turn: Turn) -> bool:
    turn.intensity, allowed = turn.intensity.count(turn.now)
    return allowed


def _give_up(turn: Turn, child: Child) -> None:
    turn.settle(child, final=True)
    budget = turn.intensity
    why = f"more than {budget.max_restarts} restarts within {budget.max_seconds} s, the last because {child.key} ended: {child.reason}"
    turn.shut_down(Exit(SHUTDOWN, "reached_max_restart_intensity", why, child.uid))


def _restart_after_pause(turn: Turn, child: Child) -> None:
    backoff = turn.rules.backoff
    if backoff is None:
        _restart(turn, child)
        return
    calm = child.status is Status.STOPPED and turn.now - child.up_since > backoff.max_ms / 1000
    streak = 1 if calm else child.streak + 1
    turn.put(child, status=Status.RESTARTING, streak=streak)
    turn.emit(ArmTimer(BackoffTimer(child.key, child.attempts), backoff.delay_ms(streak), backoff.jitter_percent))


def _restart(turn: Turn, child: Child) -> None:
    turn.put(child, status=Status.STOPPED)
    plan = turn.rules.plan(turn.children, child.key)
    turn.task = Task(stop=tuple((key,) for key in plan.stop), start=plan.start, goal=RestartGroup())


def _serve(turn: Turn, call: Hashable, request: Request) -> None:
    if isinstance(request, StopSupervisor):
        turn.shut_down(Exit(ExitReason.parse(request.reason), "call"), call)
        return
    match turn.rules.decide(request, turn.children, turn.unread_ends()):
        case AddChild(spec=spec):
            key = spec.id if turn.children.get(spec.id) is None else f"{spec.id}/{turn.next_serial()}"
            turn.put(Child(key=key, spec=spec))
            turn.task = Task(start=(key,), goal=AnswerStart(call, key, new=True))
        case StartAgain(key=key):
            turn.task = Task(start=(key,), goal=AnswerStart(call, key, new=False))
        case StopChild(key=key):
            turn.task = Task(stop=((key,),), goal=AnswerStop(call))
        case DropChild(key=key):
            turn.forget(turn.children[key])
            turn.answer(call, "ok")
        case answer:
            turn.emit(Reply(call, answer))
