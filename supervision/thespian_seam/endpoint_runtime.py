"""What an actor gets from its endpoint: everything that `supervision.actor.Runtime` promises but children."""

import logging
from collections.abc import Callable

from protocols import Clock, Entropy, ExitReason, Ref, UsageError
from supervision.actor import ActorCell, ActorStart, Cancel
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.endpoint import Endpoint

log = logging.getLogger("livekitex.seam")


class EndpointRuntime:
    """`supervision.actor.Runtime` of an actor that has no children, on the endpoint that is its own.

    Everything that reaches the cell is a turn of the endpoint, so whoever runs the turns looks at `ActorCell.ended` after each and finds
    every reason to end there.
    """

    def __init__(self, endpoint: Endpoint, clock: Clock, entropy: Entropy, memory: memoryview | None = None) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._entropy = entropy
        self._memory = memory
        self._cell: ActorCell

    def host(self, cell: ActorCell) -> None:
        """Name the cell that this runtime is for; to be done before any turn is run."""
        self._cell = cell
        self._endpoint.on_envelope = cell.receive

    @property
    def address(self) -> str:
        """Where this actor is reached."""
        return str(self._endpoint.address)

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
        self._endpoint.send_envelope(address, data)

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

        cancel_timer = self._endpoint.reactor.call_later(delay_s, lambda: self._endpoint.enqueue(turn))
        return cancel

    def post(self, callback: Callable[[], None]) -> None:
        """Have a turn soon; from any thread."""
        self._endpoint.reactor.post(lambda: self._endpoint.enqueue(callback))

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
                self._endpoint.reactor.unwatch(fd)

        self._endpoint.reactor.watch(fd, lambda: self._endpoint.enqueue(turn))
        return cancel

    def spawn(self, start: ActorStart) -> str:
        """Refuse.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{self._cell.self_ref.id} lives in its parent's process: it starts no actors, such as {start.actor_id}")

    def signal(self, uid: str, reason: ExitReason) -> None:
        """There is no such child."""

    def kill(self, uid: str, *, trace: bool = False) -> None:
        """There is no such child."""

    def progress(self, uid: str) -> int:
        """There is no such child.

        Returns:
            0, as for one that has ended.
        """
        del uid
        return 0

    def release_memory(self, memory_key: str) -> None:
        """There is no such memory."""
