"""Small actors for tests of supervisors, and what they need to be started."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from protocols import ExitReason, Message, SendText, abnormal
from supervision import Actor, ChildSpec, Ignore, StopStart, supervisor_args
from supervision.core import ChildType, DynamicFlags, SupervisorFlags, dynamic_args


class Worker(Actor):
    """Ends with the text that it is sent as its reason; counts its lives in its memory, if it has some."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        if args.get("fail"):
            raise StopStart(abnormal("not today"))
        if self.context.memory is not None:
            self.context.memory[0] += 1

    def on_message(self, message: Message) -> None:
        if isinstance(message, SendText):
            self.context.exit(ExitReason.parse(message.text))


class Unwanted(Worker):
    """Is not wanted now."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        raise Ignore


class SlowToEnd(Worker):
    """Never ends by itself when it is asked to."""

    trap_exit: ClassVar[bool] = True

    def on_shutdown(self, reason: ExitReason) -> None:
        pass


class Deaf(Worker):
    """Answers no heartbeat."""

    def on_ping(self, answer: Callable[[], None]) -> None:
        pass


class FailsAgain(Worker):
    """Comes up the first time only: its memory tells."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        super().on_start(args)
        if self.context.memory is not None and self.context.memory[0] > 1:
            raise StopStart(abnormal("not again"))


ACTORS = (Worker, Unwanted, SlowToEnd, Deaf, FailsAgain)


def worker(child_id: str, actor: type[Actor] = Worker, **fields: Any) -> ChildSpec:
    return ChildSpec(id=child_id, actor=f"support.supervised:{actor.__name__}", **fields)


def supervisor(child_id: str, *children: ChildSpec, flags: SupervisorFlags | None = None, **fields: Any) -> ChildSpec:
    args = supervisor_args(flags or SupervisorFlags(), children)
    return ChildSpec(id=child_id, actor="supervision:Supervisor", type=ChildType.SUPERVISOR, args=args, **fields)


def dynamic_supervisor(child_id: str, flags: DynamicFlags | None = None, **fields: Any) -> ChildSpec:
    args = dynamic_args(flags or DynamicFlags(), may_start=(f"support.supervised:{actor.__name__}" for actor in ACTORS))
    return ChildSpec(id=child_id, actor="supervision:DynamicSupervisor", type=ChildType.SUPERVISOR, args=args, **fields)
