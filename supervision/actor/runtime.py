"""The port between one actor's cell and the runtime that hosts it."""

from collections.abc import Callable
from typing import Protocol

from protocols import Clock, Entropy, ExitReason, Ref
from supervision.actor.children import ActorStart
from supervision.actor.context import Cancel


class Runtime(Protocol):
    """What a runtime does for one cell. It calls the cell's inputs one at a time, from one thread.

    The runtime makes itself, then the `ActorCell`, and calls `ActorCell.boot`. Then it feeds `ActorCell.receive`, `ActorCell.child` and the
    callbacks given to `schedule` and `post`. After `boot` and after each of these inputs it looks at the cell:

    - `ActorCell.acknowledged` is set for the first time, and `ActorCell.started` is not: report `ChildAcknowledged` to the parent.
    - `ActorCell.started` is set for the first time: report `ChildStarted` to the parent (a start may be deferred over several inputs).
    - `ActorCell.ended` is set: the process ends. Report `ChildExited` with that reason if it had started, else `ChildIgnored` if
      `ActorCell.ignored`, else `ChildStartFailed` with that reason. Both may be set by one input; then both are reported, in this order.
    """

    @property
    def address(self) -> str:
        """Where this actor is reached."""
        ...

    @property
    def clock(self) -> Clock:
        """The time of this runtime."""
        ...

    @property
    def entropy(self) -> Entropy:
        """The randomness of this runtime."""
        ...

    @property
    def memory(self) -> memoryview | None:
        """The shared memory of this incarnation's `ActorStart.memory_key`."""
        ...

    def transmit(self, to: Ref, data: bytes) -> None:
        """Send an encoded envelope; in order for one recipient; lost silently if it is dead."""
        ...

    def schedule(self, delay_s: float, callback: Callable[[], None]) -> Cancel:
        """Call back on the cell's thread after ``delay_s``."""
        ...

    def post(self, callback: Callable[[], None]) -> None:
        """Call back on the cell's thread soon; callable from any thread; bounded (see `Context.post`)."""
        ...

    def spawn(self, start: ActorStart) -> str:
        """Start a process for ``start``; its fate comes through `ActorCell.child`. Returns its address; empty where it has none."""
        ...

    def signal(self, uid: str, reason: ExitReason) -> None:
        """Send an exit signal from its parent to a child, also to one that is still starting (it sees it when it is up)."""
        ...

    def kill(self, uid: str, *, trace: bool = False) -> None:
        """Kill a child (see `Context.kill_child`)."""
        ...

    def progress(self, uid: str) -> int:
        """See `Context.child_progress`."""
        ...

    def release_memory(self, memory_key: str) -> None:
        """Give up the shared memory kept under this key."""
        ...
