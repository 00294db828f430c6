"""The runtime of the actor that has a process: its children are processes of their own, or live in its process if they are light."""

import os
from collections.abc import Callable, Sequence

from protocols import Clock, Entropy, Envelope, ExitKind, ExitReason, ExitSignal, encode_envelope
from supervision.actor import ActorStart, ChildEvent
from supervision.thespian_seam.children import ChildProcesses
from supervision.thespian_seam.endpoint import Endpoint
from supervision.thespian_seam.endpoint_runtime import EndpointRuntime
from supervision.thespian_seam.light_children import LightChildren
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.process import scheduled_ns


class ThespianRuntime(EndpointRuntime):
    """`supervision.actor.Runtime` on a process of its own. ``fork`` says how a child process of this one comes to be.

    ``show`` is called with the titles of its light children whenever those change.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        options: SystemOptions,
        clock: Clock,
        entropy: Entropy,
        fork: Callable[[ChildProcesses, ActorStart], str],
        show: Callable[[Sequence[str]], None] = lambda _titles: None,
        memory: memoryview | None = None,
    ) -> None:
        super().__init__(endpoint, clock, entropy, memory)
        self._fork = fork
        self.children = ChildProcesses(endpoint, options, self._child)
        self.light_children = LightChildren(endpoint, options, entropy, self._child, show)

    def ask_to_end(self, detail: str) -> None:
        """Send the cell an exit signal as if from its parent; callable from a signal handler."""
        reason = ExitReason(ExitKind.SHUTDOWN, detail)
        self._endpoint.reactor.post_from_signal(lambda: self._endpoint.enqueue(lambda: self._cell.ask_to_end(reason)))

    def spawn(self, start: ActorStart) -> str:
        """Begin a child, in a process of its own unless it is light; its fate comes through `ActorCell.child`."""
        return self.light_children.spawn(start) if start.light else self._fork(self.children, start)

    def signal(self, uid: str, reason: ExitReason) -> None:
        """Send an exit signal to a child, as its parent; one that is still starting sees it when it is up."""
        child = self.light_children.ref(uid) or self.children.ref(uid)
        if child is None:
            return
        envelope = Envelope(
            message=ExitSignal(reason=str(reason), from_parent=True),
            message_id=self._entropy.hex_id(),
            to_id=child.id,
            to_uid=uid,
            sender=self._cell.self_ref,
        )
        self.transmit(child, encode_envelope(envelope))

    def kill(self, uid: str, *, trace: bool = False) -> None:
        """Kill a child, with a trace where it hangs if it has a process."""
        self.light_children.kill(uid)
        self.children.kill(uid, trace=trace)

    def progress(self, uid: str) -> int:
        """How long the process that a child lives in has run and waited for a processor, in ns."""
        return scheduled_ns(os.getpid()) if self.light_children.ref(uid) else self.children.progress(uid)

    def release_memory(self, memory_key: str) -> None:
        """Give up the memory kept under this key."""
        self.children.release_memory(memory_key)

    def _child(self, event: ChildEvent) -> None:
        self._endpoint.enqueue(lambda: self._cell.child(event))
