"""The runtime that Thespian's processes give to one actor's cell."""

import logging
from collections.abc import Callable

from protocols import Clock, Entropy, ExitKind, ExitReason, Ref
from supervision.actor import ActorCell, ActorStart, Cancel, ChildEvent
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.children import ChildProcesses
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.transport import AuthenticatedTransport

log = logging.getLogger("livekitex.seam")


class ThespianRuntime:
    """`supervision.actor.Runtime` on a process of its own. ``spawn`` says how a child of this process comes to be.

    Everything that reaches the cell is a turn of the transport's mailbox, so whoever runs the mailbox looks at `ActorCell.ended` after
    each turn and finds every reason to end there.
    """

    def __init__(
        self,
        *,
        transport: AuthenticatedTransport,
        options: SystemOptions,
        clock: Clock,
        entropy: Entropy,
        spawn: Callable[[ChildProcesses, ActorStart], str],
        memory: memoryview | None = None,
    ) -> None:
        self._transport = transport
        self._spawn = spawn
        self._clock = clock
        self._entropy = entropy
        self._memory = memory
        self._cell: ActorCell
        self.children = ChildProcesses(transport, options, entropy, self._child)

    def host(self, cell: ActorCell) -> None:
        """Name the cell that this runtime is for; to be done before any turn is run."""
        self._cell = cell
        self._transport.on_envelope = cell.receive

    def ask_to_end(self, detail: str) -> None:
        """Send the cell an exit signal as if from its parent; callable from a signal handler."""
        reason = ExitReason(ExitKind.SHUTDOWN, detail)
        self._transport.reactor.post_from_signal(lambda: self._transport.enqueue(lambda: self._cell.ask_to_end(reason)))

    # `supervision.actor.Runtime`.

    @property
    def address(self) -> str:
        """Where this actor is reached."""
        return str(self._transport.address)

    @property
    def clock(self) -> Clock:
        """The machine's clocks."""
        return self._clock

    @property
    def entropy(self) -> Entropy:
        """The machine's randomness."""
        return self._entropy

    @property
    def memory(self) -> memoryview | None:
        """The memory that the spawning process keeps for this actor."""
        return self._memory

    def transmit(self, to: Ref, data: bytes) -> None:
        """Send an encoded envelope, in order for one recipient; lost silently if that incarnation is over."""
        try:
            address = EndpointAddress.parse(to.address)
        except ValueError:
            log.warning("a reference without an address of this runtime; the message is lost", extra={"to": to.id, "address": to.address})
            return
        self._transport.send_envelope(address, data)

    def schedule(self, delay_s: float, callback: Callable[[], None]) -> Cancel:
        """Have a turn after ``delay_s``; cancelling works until that turn runs."""
        pending = True

        def turn() -> None:
            if pending:
                callback()

        def cancel() -> None:
            nonlocal pending
            pending = False
            cancel_timer()

        cancel_timer = self._transport.reactor.call_later(delay_s, lambda: self._transport.enqueue(turn))
        return cancel

    def post(self, callback: Callable[[], None]) -> None:
        """Have a turn soon; from any thread."""
        self._transport.reactor.post(lambda: self._transport.enqueue(callback))

    def watch(self, fd: int, callback: Callable[[], None]) -> Cancel:
        """Have a turn whenever ``fd`` is readable, until cancelled; the callback must read. To be cancelled before ``fd`` is closed."""
        watched = True

        def turn() -> None:
            if watched:
                callback()

        def cancel() -> None:
            nonlocal watched
            if watched:
                watched = False
                self._transport.reactor.unwatch(fd)

        self._transport.reactor.watch(fd, lambda: self._transport.enqueue(turn))
        return cancel

    def spawn(self, start: ActorStart) -> str:
        """Fork a process for ``start``; its fate comes through `ActorCell.child`."""
        return self._spawn(self.children, start)

    def signal(self, uid: str, reason: ExitReason) -> None:
        """Send an exit signal to a child, as its parent."""
        self.children.signal(self._cell.self_ref, uid, reason)

    def kill(self, uid: str, *, trace: bool = False) -> None:
        """Kill a child, with a trace where it hangs."""
        self.children.kill(uid, trace=trace)

    def progress(self, uid: str) -> int:
        """How long a child has run and waited for a processor, in ns."""
        return self.children.progress(uid)

    def release_memory(self, memory_key: str) -> None:
        """Give up the memory kept under this key."""
        self.children.release_memory(memory_key)

    # Inside.

    def _child(self, event: ChildEvent) -> None:
        self._transport.enqueue(lambda: self._cell.child(event))
