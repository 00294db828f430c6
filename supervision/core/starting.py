"""How children are started: one at a time, each awaited until it is up or acknowledges its start (see `machine`).

What a failed start leads to depends on what the start was for.
"""

from dataclasses import replace
from typing import Final, cast

from protocols import ExitReason
from supervision.core.children import Child, Status
from supervision.core.effects import ArmTimer, CancelTimer, ChildUp, KillChild, Outcome, Reply, SendSelf, SpawnChild
from supervision.core.events import Retry, StartTimer
from supervision.core.task import AnswerStart, FailBoot, Goal, RestartGroup, Task
from supervision.core.turn import Turn

START_TIMEOUT: Final = "timeout"
"""Why a start failed that took longer than the child's ``start_timeout_ms``."""


def start_next(turn: Turn, task: Task) -> None:
    """Begin to start the next child of ``task``."""
    child = turn.children[task.start[0]]
    uid = f"{turn.uid}.{turn.next_serial()}"
    attempt = child.attempts + 1
    turn.put(child, attempts=attempt)
    turn.emit(SpawnChild(uid, child.key, child.spec, attempt, str(child.reason) if child.attempts else ""))
    if child.spec.start_timeout_ms is not None:
        turn.emit(ArmTimer(StartTimer(uid), child.spec.start_timeout_ms))
    turn.task = replace(task, starting=uid)


def child_acknowledged(turn: Turn, uid: str) -> None:
    """A child's start goes on by itself: do not wait for it. One that takes too long is being killed already."""
    task = turn.task
    if task is not None and uid == task.starting and not task.start_timed_out:
        turn.put(turn.children[task.start[0]], status=Status.STARTING, uid=uid, goal=task.goal)
        turn.task = replace(task, start=task.start[1:], starting="")


def child_started(turn: Turn, uid: str) -> None:
    """A child is up. One that nobody waits for any more must not stay: it would be known to nobody."""
    task, child = turn.task, turn.children.living(uid)
    if child is not None and child.status is Status.STARTING:
        if child.overdue:
            return  # it is being killed
        goal = child.goal
        child = turn.over(child)
        if isinstance(goal, AnswerStart):
            turn.emit(Reply(goal.call, Outcome("ok", uid)))
    elif task is not None and uid == task.starting and not task.start_timed_out:
        child = _answered(turn, task)
    else:
        turn.emit(KillChild(uid))
        return
    turn.put(child, status=Status.RUNNING, uid=uid, up_since=turn.now)
    turn.emit(ChildUp(child.key, uid, child.spec))


def child_ignored(turn: Turn, uid: str) -> None:
    """A child is not wanted now. That is no failure: the others go on."""
    if turn.task is not None and uid == turn.task.starting:
        turn.settle(_answered(turn, turn.task), final=True)


def start_overdue(turn: Turn, uid: str) -> None:
    """A child takes too long to come up: kill it. Its start is over when the runtime says so."""
    child = turn.children.living(uid)
    if child is not None and child.status is Status.STARTING:
        turn.put(child, overdue=True)
        turn.emit(KillChild(uid))
    elif turn.task is not None and uid == turn.task.starting:
        turn.task = replace(turn.task, start_timed_out=True)
        turn.emit(KillChild(uid))


def start_failed(turn: Turn, uid: str, reason: str) -> None:
    """A child did not come up: the boot fails, the caller is told, or the restart is tried again."""
    task = turn.task
    if task is None or uid != task.starting:
        return
    reason = START_TIMEOUT if task.start_timed_out else reason
    child = _answered(turn, task)
    turn.task = None
    _failed(turn, child, task.goal, reason)


def acknowledged_start_failed(turn: Turn, child: Child, reason: ExitReason) -> None:
    """A start has failed that the supervisor does not wait for."""
    goal, overdue = cast("Goal", child.goal), child.overdue
    followed = turn.ready and isinstance(goal, RestartGroup)
    turn.put(turn.over(child), status=Status.DOWN, uid=child.uid if followed else "")
    _failed(turn, turn.children[child.key], goal, START_TIMEOUT if overdue else str(reason))


def _failed(turn: Turn, child: Child, goal: Goal, reason: str) -> None:
    if isinstance(goal, AnswerStart):
        if goal.new:
            turn.forget(child)
        else:
            turn.settle(child, final=True)
        turn.answer(goal.call, f"error:{reason}")
    elif not turn.ready:
        turn.stop_all(FailBoot(f"shutdown:failed_to_start_child:{child.key}:{reason}"))
    else:
        # OTP: control goes back to the mailbox before the next attempt, so that a stop or a call that ends all this can come between.
        turn.put(child, status=Status.RESTARTING, reason=ExitReason.parse(reason))
        turn.emit(SendSelf(Retry(child.key)))


def _answered(turn: Turn, task: Task) -> Child:
    child = turn.children[task.start[0]]
    if child.spec.start_timeout_ms is not None:
        turn.emit(CancelTimer(StartTimer(task.starting)))
    turn.task = replace(task, start=task.start[1:], starting="", start_timed_out=False)
    return child
