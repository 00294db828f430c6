"""The port between one actor's cell and the runtime that hosts it."""

from collections.abc import Callable
from typing import Protocol

from protocols import Clock, Entropy, ExitReason, Ref
from supervision.actor.children import ActorStart
from supervision.actor.context import Cancel


class Runtime(Protocol):
    """What a runtime does for one cell. It calls the cell's inputs one at a time, from one thread.

    The runtime starts a cell in this order: make the `Runtime`, make the `ActorCell`, call `ActorCell.boot`, report its outcome to the
    parent; then feed `ActorCell.receive`, `ActorCell.child` and scheduled callbacks (through `ActorCell.run`), and after each of them look
    at `ActorCell.ended`: once it is set, the actor is over and its process ends with that reason reported to the parent.
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
        """The shared memory of this life's `ActorStart.memory_key`."""
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

    def spawn(self, start: ActorStart) -> None:
        """Start a process for ``start``; its fate comes through `ActorCell.child`."""
        ...

    def signal(self, uid: str, reason: ExitReason) -> None:
        """Send an exit signal from its parent to a child, also to one that is still starting (it sees it when it is up)."""
        ...

    def kill(self, uid: str) -> None:
        """Kill a child at once."""
        ...

    def release_memory(self, memory_key: str) -> None:
        """Give up the shared memory kept under this key."""
        ...
