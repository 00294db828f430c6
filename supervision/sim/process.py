"""One simulated process: the `Runtime` of one cell, and its place among the others."""

import threading
from collections.abc import Callable
from typing import Protocol

from protocols import CapacityError, Clock, Entropy, ExitReason, Ref, UsageError
from supervision.actor import POST_LIMIT, ActorCell, ActorStart, Cancel, Lifecycle, load_actor


class Host(Protocol):
    """What a process needs of the simulation around it."""

    @property
    def clock(self) -> Clock:
        """The virtual time."""
        ...

    @property
    def entropy(self) -> Entropy:
        """The seeded randomness."""
        ...

    def transmit(self, process: "SimProcess", to: Ref, data: bytes) -> None:
        """Put an envelope on its way."""
        ...

    def schedule(self, process: "SimProcess", delay_s: float, callback: Callable[[], None]) -> Cancel:
        """Give the process a turn later."""
        ...

    def hand_over(self, process: "SimProcess", callback: Callable[[], None]) -> None:
        """Give the process a turn; called from any thread."""
        ...

    def spawn(self, start: ActorStart, parent: "SimProcess") -> str:
        """Start a child of the process, and return its address."""
        ...

    def signal(self, process: "SimProcess", uid: str, reason: ExitReason) -> None:
        """Send an exit signal to a child."""
        ...

    def kill_child(self, process: "SimProcess", uid: str) -> None:
        """Kill a child."""
        ...


class SimProcess:
    """A process from its spawning to its end. ``name`` is ``id#n``, n counting the attempts to start that id."""

    def __init__(
        self, host: Host, start: ActorStart, *, name: str, os_pid: int, address: str, parent: "SimProcess | None", memory: memoryview | None
    ) -> None:
        self._host = host
        self._thread = threading.get_ident()
        self._room = threading.Condition()
        self._posted = 0
        self._closed = False
        self.start = start
        self.name = name
        self.os_pid = os_pid
        self.parent = parent
        self.children: dict[str, SimProcess] = {}
        self.kept: dict[str, bytearray] = {}
        self.address = address
        self.clock = host.clock
        self.entropy = host.entropy
        self.memory = memory
        self.cell: ActorCell | None = None
        self.lifecycle = Lifecycle(self.ref, os_pid)
        self.boot_missed = False

    @property
    def uid(self) -> str:
        """The incarnation's own id."""
        return self.start.uid

    @property
    def ref(self) -> Ref:
        """How the incarnation is addressed."""
        return Ref(id=self.start.actor_id, uid=self.uid, address=self.address)

    @property
    def running(self) -> ActorCell:
        """The cell.

        Raises:
            UsageError: the process has not begun to start its actor.
        """
        if self.cell is None:
            raise UsageError(f"{self.name} has not begun to start: run the simulation first")
        return self.cell

    @property
    def trapping(self) -> bool:
        """Whether the actor traps exit signals, also before it runs; a class that cannot be loaded traps nothing."""
        try:
            return load_actor(self.start.actor).trap_exit
        except Exception:  # noqa: BLE001 - loading runs foreign code; the failure itself is reported by the boot
            return False

    def boot(self) -> ActorCell:
        """Make the cell and start its actor."""
        self.cell = ActorCell(self.start, self)
        self.cell.boot()
        return self.cell

    def close(self) -> None:
        """The process is gone: threads that wait to post go on, and what they post is dropped."""
        with self._room:
            self._closed = True
            self._room.notify_all()

    # The port of the cell.

    def transmit(self, to: Ref, data: bytes) -> None:
        """See `Runtime.transmit`."""
        self._host.transmit(self, to, data)

    def schedule(self, delay_s: float, callback: Callable[[], None]) -> Cancel:
        """See `Runtime.schedule`."""
        return self._host.schedule(self, delay_s, callback)

    def post(self, callback: Callable[[], None]) -> None:
        """See `Runtime.post`.

        Raises:
            CapacityError: the simulation's own thread would have to wait for itself.
        """
        with self._room:
            while self._posted >= POST_LIMIT and not self._closed:
                if threading.get_ident() == self._thread:
                    raise CapacityError(f"{POST_LIMIT} callbacks wait in {self.name}: an actor that posts to itself must leave room")
                self._room.wait()
            if self._closed:
                return
            self._posted += 1

        def turn() -> None:
            with self._room:
                self._posted -= 1
                self._room.notify()
            callback()

        self._host.hand_over(self, turn)

    def spawn(self, start: ActorStart) -> str:
        """See `Runtime.spawn`."""
        return self._host.spawn(start, self)

    def signal(self, uid: str, reason: ExitReason) -> None:
        """See `Runtime.signal`."""
        self._host.signal(self, uid, reason)

    def kill(self, uid: str, *, trace: bool = False) -> None:
        """See `Runtime.kill`; who wants a trace has that of the simulation."""
        del trace
        self._host.kill_child(self, uid)

    def progress(self, uid: str) -> int:
        """See `Runtime.progress`: in virtual time nobody is kept waiting."""
        del uid
        return 0

    def release_memory(self, memory_key: str) -> None:
        """See `Runtime.release_memory`."""
        self.kept.pop(memory_key, None)
