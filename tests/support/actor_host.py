"""Hosts one actor on a thread of its own, in real time: a runtime for actors that have threads, without processes."""

import heapq
import itertools
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from protocols import ExitReason, Ref, SystemClock, SystemEntropy
from supervision import Actor, ActorStart
from supervision.actor import ActorCell
from support.correspondence import DEADLINE_S, REGISTRY, TESTER, Correspondence


class _Anybody:
    """A test speaks as everybody but the host; `TESTER` is its parent."""

    confined = False

    def proves(self, _sender: Ref) -> bool:
        return True


ANYBODY = _Anybody()


class ActorHost:
    """One life of an actor; the `Runtime` of its cell. What it sends goes to ``transmit``, or into ``mail``."""

    address = "inside"

    def __init__(
        self,
        actor: str,
        args: Mapping[str, Any],
        *,
        actor_id: str = "actor",
        uid: str = "a1",
        memory: memoryview | None = None,
        transmit: Callable[[Ref, bytes], None] | None = None,
    ) -> None:
        self.clock = SystemClock()
        self.entropy = SystemEntropy()
        self.memory = memory
        self.mail = Correspondence(Ref(id=actor_id, uid=uid, address=self.address), self.deliver)
        self.ended: ExitReason | None = None
        self._transmit = transmit or self.mail.arrive
        self._inbox: queue.Queue[Callable[[], None]] = queue.Queue()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._gone = False
        self._booted = threading.Event()
        self._cell = ActorCell(ActorStart(actor_id=actor_id, uid=uid, actor=actor, args=args, parent=TESTER, registry=REGISTRY), self)
        self._thread = threading.Thread(target=self._run, name=f"host of {actor_id}", daemon=True)
        self._thread.start()

    # Of the test.

    @property
    def actor(self) -> Actor:
        return self._cell.actor

    def up(self) -> "ActorHost":
        """This host, once the actor is up."""
        assert self._booted.wait(DEADLINE_S)
        assert self._cell.ended is None, self._cell.ended
        return self

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def deliver(self, data: bytes) -> None:
        self._inbox.put(lambda: self._cell.receive(data, self.clock.monotonic(), ANYBODY))

    def wait_for_end(self, within_s: float | None = DEADLINE_S) -> ExitReason:
        self._thread.join(within_s)
        assert self.ended is not None
        return self.ended

    def vanish(self) -> None:
        """As if killed: the mailbox is never served again, and what is posted to it is lost."""
        self._gone = True
        self._inbox.put(lambda: None)
        self._thread.join(DEADLINE_S)

    # The runtime.

    def transmit(self, to: Ref, data: bytes) -> None:
        self._transmit(to, data)

    def schedule(self, delay_s: float, callback: Callable[[], None]) -> Callable[[], None]:
        cancelled = threading.Event()
        due = self.clock.monotonic() + delay_s
        heapq.heappush(self._timers, (due, next(self._order), lambda: None if cancelled.is_set() else callback()))
        return cancelled.set

    def post(self, callback: Callable[[], None]) -> None:
        if not self._gone:
            self._inbox.put(callback)

    def spawn(self, start: ActorStart) -> str:
        raise AssertionError(f"the actor spawns {start.actor_id}")

    def signal(self, uid: str, reason: ExitReason) -> None:
        raise AssertionError(f"the actor signals {uid}: {reason}")

    def kill(self, uid: str, *, trace: bool = False) -> None:
        raise AssertionError(f"the actor kills {uid}")

    def progress(self, uid: str) -> int:
        raise AssertionError(f"the actor asks for the progress of {uid}")

    def release_memory(self, memory_key: str) -> None:
        raise AssertionError(f"the actor releases {memory_key}")

    def _run(self) -> None:
        self._cell.boot()
        while self._cell.ended is None and not self._gone:
            if self._cell.started:
                self._booted.set()
            self._next()()
        self._booted.set()
        self.ended = self._cell.ended

    def _next(self) -> Callable[[], None]:
        while True:
            wait_s = max(0.0, self._timers[0][0] - self.clock.monotonic()) if self._timers else None
            try:
                return self._inbox.get(timeout=wait_s)
            except queue.Empty:
                return lambda: self._cell.run(heapq.heappop(self._timers)[2])
