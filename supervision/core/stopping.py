"""How children are stopped: asked to end, given their time, killed. One that died before its turn is stopped already."""

from dataclasses import replace

from protocols import ExitReason
from supervision.core.children import Child
from supervision.core.effects import ArmTimer, CancelTimer, EndHungChild, KillChild, ShutDownChild
from supervision.core.events import StopTimer
from supervision.core.task import Task
from supervision.core.turn import Turn


def stop_wave(turn: Turn, task: Task) -> None:
    """Begin to stop the next wave of ``task``. Those that have no process are done with at once.

    So are those whose end waits in the mailbox; when it is read it concerns nobody any more, so it neither restarts nor counts.
    """
    wave = [turn.children[key] for key in task.stop[0]]
    dead = turn.unread_ends()
    stopping = set[str]()
    for child in wave:
        if child.status.alive and child.uid not in dead:
            stopping.add(child.uid)
            _ask_to_end(turn, child)
        else:
            turn.settle(replace(child, reason=dead.get(child.uid, child.reason)), final=child.key not in task.start)
    turn.task = replace(task, stop=task.stop[1:], stopping=frozenset(stopping))


def child_stopped(turn: Turn, task: Task, uid: str, reason: ExitReason) -> None:
    """A child of the wave has ended. Why it did so disturbs nothing and counts nothing."""
    child = turn.children.by_uid(uid)
    if child.spec.grace_ms is not None:
        turn.emit(CancelTimer(StopTimer(uid)))
    turn.task = replace(task, stopping=task.stopping - {uid})
    turn.settle(replace(child, reason=reason), final=child.key not in task.start)


def stop_overdue(turn: Turn, uid: str) -> None:
    """A child has used up its time."""
    if turn.task is not None and uid in turn.task.stopping:
        turn.emit(KillChild(uid))


def child_hung(turn: Turn, uid: str) -> None:
    """A child hangs: that is a death which needs help, at every moment of its life. One that is over needs none.

    So a clean-up that blocks for longer than the heartbeat's deadline is a hang, whatever time its specification gives for the end.
    """
    child = turn.children.living(uid)
    starting = turn.task is not None and uid == turn.task.starting
    if starting or (child is not None and child.status.alive and uid not in turn.unread_ends()):
        turn.emit(EndHungChild(uid))


def _ask_to_end(turn: Turn, child: Child) -> None:
    if child.spec.brutal:
        turn.emit(KillChild(child.uid))
        return
    turn.emit(ShutDownChild(child.uid))
    if child.spec.grace_ms is not None:
        turn.emit(ArmTimer(StopTimer(child.uid), child.spec.grace_ms))
