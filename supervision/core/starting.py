"""How children are started: one at a time, each awaited. What a failed start leads to depends on what the start was for."""

from dataclasses import replace
from typing import Final

from protocols import ExitReason
from supervision.core.children import Child, Status
from supervision.core.effects import ArmTimer, CancelTimer, ChildUp, KillChild, SendSelf, SpawnChild
from supervision.core.events import Retry, StartTimer
from supervision.core.task import AnswerStart, BootTree, FailBoot, Task
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


def child_started(turn: Turn, uid: str) -> None:
    """A child is up. One that nobody waits for any more must not stay: it would be known to nobody."""
    task = turn.task
    if task is None or uid != task.starting or task.start_timed_out:
        turn.emit(KillChild(uid))
        return
    child = _answered(turn, task)
    turn.put(child, status=Status.RUNNING, uid=uid, up_since=turn.now)
    turn.emit(ChildUp(child.key, uid, child.spec))


def child_ignored(turn: Turn, uid: str) -> None:
    """A child is not wanted now. That is no failure: the others go on."""
    if turn.task is not None and uid == turn.task.starting:
        turn.settle(_answered(turn, turn.task), final=True)


def start_overdue(turn: Turn, uid: str) -> None:
    """A child takes too long to come up: kill it. Its start is over when the runtime says so."""
    if turn.task is not None and uid == turn.task.starting:
        turn.task = replace(turn.task, start_timed_out=True)
        turn.emit(KillChild(uid))


def start_failed(turn: Turn, uid: str, reason: str) -> None:
    """A child did not come up: the boot fails, the caller is told, or the restart is tried again."""
    task = turn.task
    if task is None or uid != task.starting:
        return
    reason = START_TIMEOUT if task.start_timed_out else reason
    child = _answered(turn, task)
    goal = task.goal
    if isinstance(goal, BootTree):
        turn.stop_all(FailBoot(f"shutdown:failed_to_start_child:{child.key}:{reason}"))
    elif isinstance(goal, AnswerStart):
        turn.task = None
        if goal.new:
            turn.forget(child)
        else:
            turn.settle(child, final=True)
        turn.answer(goal.call, f"error:{reason}")
    else:
        # OTP: control goes back to the mailbox before the next attempt, so that a stop or a call that ends all this can come between.
        turn.task = None
        turn.put(child, status=Status.RESTARTING, reason=ExitReason.parse(reason))
        turn.emit(SendSelf(Retry(child.key)))


def _answered(turn: Turn, task: Task) -> Child:
    child = turn.children[task.start[0]]
    if child.spec.start_timeout_ms is not None:
        turn.emit(CancelTimer(StartTimer(task.starting)))
    turn.task = replace(task, start=task.start[1:], starting="", start_timed_out=False)
    return child
