"""A `Runtime` that performs nothing and notes everything; its time passes when the test says so."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from protocols import Envelope, ExitReason, Ref, SeededEntropy, decode_envelope
from supervision.actor import ActorStart, Cancel
from supervision.sim.clock import VirtualClock


@dataclass
class FakeRuntime:
    """What one cell asks for."""

    address: str = "here"
    clock: VirtualClock = field(default_factory=VirtualClock)
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(0))
    memory: memoryview | None = None
    sent: list[tuple[Ref, Envelope]] = field(default_factory=list)
    timers: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    posted: list[Callable[[], None]] = field(default_factory=list)
    spawned: list[ActorStart] = field(default_factory=list)
    done: list[tuple[Any, ...]] = field(default_factory=list)

    def transmit(self, to: Ref, data: bytes) -> None:
        self.sent.append((to, decode_envelope(data)))

    def schedule(self, delay_s: float, callback: Callable[[], None]) -> Cancel:
        timer = (self.clock.monotonic() + delay_s, callback)
        self.timers.append(timer)
        return lambda: self.timers.remove(timer) if timer in self.timers else None

    def pass_time(self, seconds: float) -> None:
        self.clock.move_to(self.clock.monotonic() + seconds)
        while due := [timer for timer in self.timers if timer[0] <= self.clock.monotonic()]:
            self.timers.remove(due[0])
            due[0][1]()

    def post(self, callback: Callable[[], None]) -> None:
        self.posted.append(callback)

    def spawn(self, start: ActorStart) -> str:
        self.spawned.append(start)
        return "there"

    def progress(self, uid: str) -> int:
        return len(uid)

    def signal(self, uid: str, reason: ExitReason) -> None:
        self.done.append(("signal", uid, reason))

    def kill(self, uid: str, *, trace: bool = False) -> None:
        self.done.append(("trace" if trace else "kill", uid))

    def release_memory(self, memory_key: str) -> None:
        self.done.append(("release_memory", memory_key))
