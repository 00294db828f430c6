"""The simulated machine: processes that start, talk and die, one step at a time. `supervision.sim.runtime` is its remote control.

Deterministic: the same seed and the same calls give the same steps. (Only what other threads post comes when it comes.)
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from itertools import count
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import Any, Final

from protocols import (
    KILLED,
    DecodeError,
    Envelope,
    ExitReason,
    ExitSignal,
    Ref,
    SeededEntropy,
    UsageError,
    decode_envelope,
    encode_envelope,
    pack,
    unpack,
)
from supervision.actor import (
    ActorStart,
    Cancel,
    ChildEvent,
    ChildExited,
    ChildIgnored,
    ChildStarted,
    ChildStartFailed,
    ends_at_once,
)
from supervision.sim.clock import VirtualClock
from supervision.sim.faults import Passing, Rule, passes
from supervision.sim.items import Boot, Callback, Delivery, Item, Kill, News, SimOrigin
from supervision.sim.process import SimProcess
from supervision.sim.schedule import Arrival, Schedule, Turn
from supervision.sim.trace import Trace, TraceEvent, TraceKind

FATES_LIMIT: Final = 10_000
"""Incarnations whose fate is remembered; beyond it the oldest are forgotten."""

OUTSIDE: Final = Ref(id="outside", uid="outside", address="outside")
"""The probe: who talks to the actors from outside, and the parent of every root."""

OUTSIDE_ORIGIN: Final = SimOrigin(ref=OUTSIDE)

_ARGS: Final = Mapping[str, Any]

STARTING: Final = "starting"
SUSPENDED: Final = "suspended"

_ENDS: Final = MappingProxyType({ChildExited: TraceKind.EXIT, ChildIgnored: TraceKind.IGNORED, ChildStartFailed: TraceKind.START_FAILED})


class Links(StrEnum):
    """What the end of a process means for its children."""

    KILL = "kill"
    """They are killed with it, as on the real runtime (``PR_SET_PDEATHSIG``), and an exit signal is a message among others."""

    SIGNAL = "signal"
    """They get its reason as an exit signal, as in OTP. Who does not trap exits dies of a signal as it arrives, before older messages."""


class World:
    """Processes, the messages between them, and time. Steps are made by `step`; everything else only prepares or looks."""

    def __init__(self, *, seed: int, links: Links, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        self.entropy = SeededEntropy(seed)
        self.trace = Trace()
        self.rules: list[Rule] = []
        self.start_delays: dict[tuple[str, int | None], float] = {}
        self.processes: dict[str, SimProcess] = {}
        self.fates: dict[str, ChildEvent] = {}
        self.names: dict[str, str] = {OUTSIDE.uid: OUTSIDE.id}
        self.posted: SimpleQueue[tuple[SimProcess, Callable[[], None]]] = SimpleQueue()
        self.on_outside: Callable[[Envelope | None], None] = lambda _envelope: None
        self.on_change: Callable[[], None] = lambda: None
        self.on_end: Callable[[SimProcess], None] = lambda _process: None
        self.in_turn = False
        self.steps = 0
        self._links = links
        self._choices = SeededEntropy(~seed)
        self._numbers = count(1)
        self._schedule: Schedule[Item, Callable[[], None]] = Schedule()
        self._addresses: dict[str, SimProcess] = {}
        self._free_addresses: list[str] = []
        self._attempts: dict[str, int] = {}
        self._kept: dict[str, bytearray] = {}

    # Time and steps.

    def next_at(self) -> float | None:
        """When the next step can be made; None when nothing is left that could happen (until another thread posts)."""
        self._take_posts()
        return self._schedule.next_at(self.clock.monotonic())

    def step(self) -> bool:
        """Make one step at the present instant; False when there is none."""
        self._take_posts()
        step = self._schedule.step(self.clock.monotonic(), lambda candidates: int(self._choices.random() * candidates))
        if step is None:
            return False
        self.steps += 1
        self.in_turn = True
        try:
            if isinstance(step, Turn):
                step.item()
                self._look(self.processes[step.mailbox])
            else:
                self._arrive(step)
        finally:
            self.in_turn = False
        return True

    def wait_for_post(self, timeout_s: float) -> bool:
        """Wait in real time until another thread has posted; False when none has."""
        try:
            self._take(*self.posted.get(timeout=timeout_s))
        except Empty:
            return False
        return True

    # What processes and the remote control ask for.

    def spawn(self, start: ActorStart, parent: SimProcess | None) -> str:
        """Start a process, and return its address."""
        if start.uid in self.names:
            raise UsageError(f"the uid {start.uid!r} belongs to {self.names[start.uid]}: each incarnation has a new one")
        start = replace(start, args=unpack(_ARGS, pack(_ARGS, start.args)))  # nothing but bytes passes between processes
        attempt = self._attempts[start.actor_id] = self._attempts.get(start.actor_id, 0) + 1
        number = next(self._numbers)
        process = SimProcess(
            self,
            start,
            name=f"{start.actor_id}#{attempt}",
            os_pid=number,
            # The newest free address is used again at once, so that whoever trusts an address alone is found out.
            address=self._free_addresses.pop() if self._free_addresses else f"sim:{number}",
            parent=parent,
            memory=self._memory(start, parent.kept if parent else self._kept),
        )
        self.processes[process.uid] = self._addresses[process.address] = process
        self.names[process.uid] = process.name
        if parent is not None:
            parent.children[process.uid] = process
        self._note(TraceKind.STARTING, process)
        self._schedule.hold(process.uid, STARTING)
        delay = self.start_delays.get((start.actor_id, attempt), self.start_delays.get((start.actor_id, None), 0.0))
        self._schedule.send(("boot", process.uid), Boot(uid=process.uid), at=self.clock.monotonic() + delay)
        self._changed()
        return process.address

    def transmit(self, process: SimProcess, to: Ref, data: bytes) -> None:
        """Put an envelope of a process on its way."""
        self.send(SimOrigin(ref=process.ref, confined=process.start.confined), to, data)

    def send(self, origin: SimOrigin, to: Ref, data: bytes) -> None:
        """Put an envelope on its way, through the faults."""
        sender = origin.ref
        envelope = _read(data)
        copies: tuple[float, ...] = (0.0,)
        if envelope is not None:
            copies, faults = passes(self.rules, Passing(sender=sender.id, to=to.id, message=envelope.message))
            for fault in faults:
                self._note_message(TraceKind.FAULT, self.names.get(to.uid, to.id), envelope, sender, fault)
        for delay in copies:
            item = Delivery(data=data, envelope=envelope, sender=self.names.get(sender.uid, sender.id), origin=origin)
            self._schedule.send((sender.uid, to.address), item, at=self.clock.monotonic() + delay)
        self._changed()

    def schedule(self, process: SimProcess, delay_s: float, callback: Callable[[], None]) -> Cancel:
        """Give a process a turn after ``delay_s``."""
        live = True

        def turn() -> None:
            if live:
                callback()

        lane = (process.uid, process.uid)
        at = self.clock.monotonic() + max(0.0, delay_s)
        ticket = self._schedule.send(lane, Callback(uid=process.uid, run=turn), at=at, in_order=False)
        self._changed()

        def cancel() -> None:
            nonlocal live
            live = False
            self._schedule.cancel(lane, ticket)

        return cancel

    def hand_over(self, process: SimProcess, callback: Callable[[], None]) -> None:
        """Give a process a turn; called from any thread."""
        self.posted.put((process, callback))
        self.on_change()

    def signal(self, process: SimProcess, uid: str, reason: ExitReason) -> None:
        """Send an exit signal from a parent to its child."""
        if child := process.children.get(uid):
            self.send(SimOrigin(ref=process.ref), child.ref, self.exit_signal(process.ref, child.ref, reason, from_parent=True))

    def exit_signal(self, sender: Ref, to: Ref, reason: ExitReason, *, from_parent: bool) -> bytes:
        """The bytes of an exit signal."""
        message = ExitSignal(reason=str(reason), from_parent=from_parent)
        return encode_envelope(
            Envelope(message=message, message_id=self.entropy.hex_id(), to_id=to.id, to_uid=to.uid, sender=sender),
        )

    def kill_child(self, process: SimProcess, uid: str) -> None:
        """Kill a child: after the signals that its parent has sent it, but never held up by a message that a fault delays."""
        if child := process.children.get(uid):
            self._schedule.send((process.uid, child.address), Kill(uid=uid), at=self.clock.monotonic(), in_order=False)

    def kill(self, process: SimProcess) -> None:
        """Kill a process from outside: at once, or, when a turn is under way, as a step of its own."""
        if self.in_turn:
            self._schedule.send(("outside", process.address), Kill(uid=process.uid), at=self.clock.monotonic(), in_order=False)
        else:
            self._end(process, KILLED)
            self._changed()

    def interrupt(self, process: SimProcess, callback: Callable[[], None]) -> None:
        """Give a process one more turn, after what its mailbox holds."""
        self._schedule.deposit(process.uid, callback)
        self._changed()

    def suspend(self, process: SimProcess) -> None:
        """Give a process no turn until it is resumed (as SIGSTOP does)."""
        self._schedule.hold(process.uid, SUSPENDED)
        self._note(TraceKind.SUSPENDED, process)

    def resume(self, process: SimProcess) -> None:
        """Let a suspended process go on; nothing happens to any other."""
        if not self._schedule.is_held(process.uid, SUSPENDED):
            return
        self._schedule.release(process.uid, SUSPENDED)
        self._note(TraceKind.RESUMED, process)
        if process.boot_missed:
            self._schedule.send(("boot", process.uid), Boot(uid=process.uid), at=self.clock.monotonic())
        self._changed()

    # Steps.

    def _arrive(self, arrival: Arrival[Item]) -> None:
        item = arrival.item
        if isinstance(item, Delivery):
            self._deliver(arrival.target, item)
        elif (process := self.processes.get(item.uid)) is None:
            pass  # it has died meanwhile
        elif isinstance(item, Boot):
            self._boot(process)
        elif isinstance(item, Kill):
            self._end(process, KILLED)
        elif isinstance(item, News):
            self._schedule.deposit(item.uid, lambda: process.running.child(item.event))
        else:
            self._schedule.deposit(item.uid, item.run)

    def _deliver(self, address: str, delivery: Delivery) -> None:
        process = self._addresses.get(address)
        if address == OUTSIDE.address:
            self.on_outside(delivery.envelope)
        elif process is None:
            self._note_delivery(TraceKind.LOST, "nobody", delivery)
        elif self._links is Links.SIGNAL and (reason := self._fatal(process, delivery)):
            self._note_delivery(TraceKind.DELIVERED, process.name, delivery)
            self._end(process, reason)
        else:
            now = self.clock.monotonic()
            self._schedule.deposit(process.uid, lambda: self._receive(process, delivery, now))

    def _fatal(self, process: SimProcess, delivery: Delivery) -> ExitReason | None:
        """The reason for which ``process`` dies as this arrives; a suspended process dies of nothing but a kill."""
        envelope = delivery.envelope
        if envelope is None or delivery.origin.confined or envelope.to_uid != process.uid or self._schedule.is_held(process.uid, SUSPENDED):
            return None
        match envelope.message:
            case ExitSignal(reason=text, from_parent=from_parent):
                reason = ExitReason.parse(text)
                return reason if ends_at_once(reason, from_parent=from_parent, trapping=process.trapping) else None
            case _:
                return None

    def _boot(self, process: SimProcess) -> None:
        process.boot_missed = self._schedule.is_held(process.uid, SUSPENDED)
        if process.boot_missed:
            return
        process.boot()
        self._schedule.release(process.uid, STARTING)
        self._look(process)

    def _receive(self, process: SimProcess, delivery: Delivery, arrived_at: float) -> None:
        cell = process.running
        dropped = cell.dropped
        cell.receive(delivery.data, arrived_at, delivery.origin)
        self._note_delivery(TraceKind.DELIVERED if cell.dropped == dropped else TraceKind.LOST, process.name, delivery)

    def _look(self, process: SimProcess) -> None:
        cell = process.running
        for event in process.lifecycle.look(cell):
            if isinstance(event, ChildStarted):
                self._note(TraceKind.STARTED, process)
            self._tell_parent(process, event)
        if cell.ended is not None:
            self._end(process, cell.ended)

    def _end(self, process: SimProcess, reason: ExitReason) -> None:
        uid = process.uid
        del self.processes[uid]
        del self._addresses[process.address]
        self._free_addresses.append(process.address)
        self._schedule.forget(uid)
        process.close()
        self.on_end(process)
        if process.parent is not None:
            process.parent.children.pop(uid, None)
        end = process.lifecycle.end(reason, ignored=process.cell is not None and process.cell.ignored)
        self._note(_ENDS[type(end)], process, "" if isinstance(end, ChildIgnored) else str(reason))
        self._tell_parent(process, end)
        for child in tuple(process.children.values()):
            if self._links is Links.KILL:
                self._end(child, KILLED)
            else:
                signal = self.exit_signal(process.ref, child.ref, reason, from_parent=True)
                item = Delivery(data=signal, envelope=_read(signal), sender=process.name, origin=SimOrigin(ref=process.ref))
                self._schedule.send((uid, child.address), item, at=self.clock.monotonic())

    def _tell_parent(self, process: SimProcess, event: ChildEvent) -> None:
        self.fates.pop(process.uid, None)
        self.fates[process.uid] = event
        if len(self.fates) > FATES_LIMIT and (oldest := next((uid for uid in self.fates if uid not in self.processes), None)):
            del self.fates[oldest], self.names[oldest]
        if process.parent is not None:
            news = News(uid=process.parent.uid, event=event)
            self._schedule.send((process.uid, process.parent.address), news, at=self.clock.monotonic())

    # Inside.

    def _changed(self) -> None:
        if not self.in_turn:
            self.on_change()

    def _take_posts(self) -> None:
        while not self.posted.empty():
            self._take(*self.posted.get())

    def _take(self, process: SimProcess, callback: Callable[[], None]) -> None:
        lane = (("posts", process.uid), process.uid)
        self._schedule.send(lane, Callback(uid=process.uid, run=callback), at=self.clock.monotonic())

    @staticmethod
    def _memory(start: ActorStart, kept: dict[str, bytearray]) -> memoryview | None:
        if not start.memory_key:
            return None
        found = kept.get(start.memory_key)
        if found is None or len(found) != start.memory_bytes:
            found = kept[start.memory_key] = bytearray(start.memory_bytes)
        return memoryview(found)

    def _note(self, kind: TraceKind, process: SimProcess, detail: str = "") -> None:
        self.trace.add(TraceEvent(at_s=self.clock.monotonic(), kind=kind, actor=process.name, detail=detail))

    def _note_delivery(self, kind: TraceKind, to: str, delivery: Delivery) -> None:
        what = type(delivery.envelope.message).__name__ if delivery.envelope else f"{len(delivery.data)} bytes"
        self.trace.add(TraceEvent(at_s=self.clock.monotonic(), kind=kind, actor=to, detail=f"{what} from {delivery.sender}"))

    def _note_message(self, kind: TraceKind, to: str, envelope: Envelope, sender: Ref, fault: str) -> None:
        detail = f"{fault}: {type(envelope.message).__name__} from {self.names.get(sender.uid, sender.id)}"
        self.trace.add(TraceEvent(at_s=self.clock.monotonic(), kind=kind, actor=to, detail=detail))


def _read(data: bytes) -> Envelope | None:
    try:
        return decode_envelope(data)
    except DecodeError:
        return None
