"""The deterministic runtime: the same actor classes in one process, on virtual time, in a seeded order, under chosen faults.

How it works. The world (`sim.world`) holds the processes and everything that is on its way: messages, timers, starts, kills, news of
children. One step takes one of these that may happen now, chosen by the seed, and lets one actor handle it; what that sends is on its way
again. Only what one actor sends to one other keeps its order. When nothing may happen now, the clock leaps to the next thing that is due.
Faults are rules over messages (`sim.faults`): lost, late, doubled, from here to there, so often. This file is the remote control: it
starts, asks, kills and waits from outside, and tells seed and trace of what went wrong.
"""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self, cast

from protocols import (
    SHUTDOWN,
    Clock,
    Envelope,
    ExitReason,
    Message,
    Ref,
    SimulationError,
    UsageError,
    encode_envelope,
)
from supervision.actor import Actor, ActorStart, ChildEvent, ChildExited, ChildIgnored, ChildStartFailed
from supervision.sim.event_loop import LoopDriver, VirtualTimeLoop
from supervision.sim.faults import Copies, Match, Rule, doubled, late, lost
from supervision.sim.items import SimOrigin
from supervision.sim.probe import Probe, Received, Request
from supervision.sim.process import SimProcess
from supervision.sim.trace import Trace
from supervision.sim.world import OUTSIDE, OUTSIDE_ORIGIN, Links, World

Target = Ref | str
"""One incarnation by its `Ref`, or the newest living one of an actor id."""

MessageType = type | tuple[type, ...]
"""A class of messages, or several."""

MAX_STEPS: Final = 1_000_000
"""Steps of one call that runs the simulation: more without an end is taken for a livelock."""

REPORTED_EVENTS: Final = 60
"""Events of the trace that a failure shows."""


class SimRuntime:
    """A simulated machine of actors; nothing moves except in the calls that say so (`advance`, `run_…`, `start`, `ask`, `close`).

    Among everything that can happen at one instant the seed chooses; only the order of what one actor sends to one other is kept. When
    nothing can happen at the present instant, time leaps to the next that something is due. A run is repeated exactly by its seed, as long
    as no thread posts to an actor.

    As a context manager it stops what runs at its end, and adds seed and trace to an exception that passes through::

        with SimRuntime(seed=7) as sim:
            counter = sim.start(Counter, {"from": 3})
            sim.kill(counter)
            assert sim.fate(counter) == ChildExited(uid=counter.uid, reason=KILLED)

    As a fixture it shows them with each failure: pytest prints what a fixture prints after the test only if the test failed::

        @pytest.fixture(params=range(20))
        def sim(request):
            with SimRuntime(seed=request.param) as sim:
                yield sim
                print(sim.report())

    ``links`` says what the death of a parent means (`Links`); ``max_steps`` bounds each call that runs. The root actors' parent is the
    probe: what they send to it is in `received`. ``on_end`` is called with each actor whose process has ended, however it did.

    With a ``loop`` it runs on that: it has its time, and what is due happens in its callbacks, beside what else is on it. Then the calls
    that run the simulation are not used.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        links: Links = Links.KILL,
        max_steps: int = MAX_STEPS,
        loop: VirtualTimeLoop | None = None,
        on_end: Callable[[Actor], None] = lambda _actor: None,
    ) -> None:
        self.seed = seed
        self._world = World(seed=seed, links=links, clock=None if loop is None else loop.clock)
        if loop is not None:
            self._world.on_change = LoopDriver(self._world, loop).wake
        self._max_steps = max_steps
        self._world.on_end = self._ended
        self._on_end = on_end
        self._probe = Probe()
        self._world.on_outside = self._probe.receive

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None) -> None:
        if failure is not None and not isinstance(failure, SimulationError):
            failure.add_note(self.report())
        self.close()

    # What is.

    @property
    def clock(self) -> Clock:
        """The virtual time."""
        return self._world.clock

    @property
    def trace(self) -> Trace:
        """What happened so far."""
        return self._world.trace

    @property
    def received(self) -> tuple[Received, ...]:
        """What actors sent to the probe, save answers to `ask` and `request`; oldest first."""
        return tuple(self._probe.received)

    @property
    def outside(self) -> Ref:
        """The probe, as actors address it."""
        return OUTSIDE

    def alive(self) -> tuple[Ref, ...]:
        """Every living incarnation, also those still starting, in the order in which they were spawned."""
        return tuple(process.ref for process in self._world.processes.values())

    def is_alive(self, target: Target) -> bool:
        """Whether this incarnation, or some incarnation of this id, is among the living."""
        return self._find(target) is not None

    def ref(self, actor_id: str) -> Ref:
        """The newest living incarnation of this id.

        Raises:
            UsageError: there is none.
        """
        return self._process(actor_id).ref

    def name(self, ref: Ref) -> str:
        """The incarnation as the trace calls it: ``id#n``, the n-th attempt to start this id.

        The bare id when it is not known (any more).
        """
        return self._world.names.get(ref.uid, ref.id)

    def fate(self, ref: Ref) -> ChildEvent | None:
        """The newest news of an incarnation.

        None while it starts, then that it has started, failed to or was ignored, at last how it ended.
        """
        return self._world.fates.get(ref.uid)

    def children(self, target: Target) -> tuple[Ref, ...]:
        """The living children of an incarnation, oldest first."""
        return tuple(child.ref for child in self._process(target).children.values())

    def actor(self, target: Target) -> Actor:
        """The actor object of an incarnation, to look at its state.

        Raises:
            UsageError: it does not live, or has not begun to start.
        """
        process = self._process(target)
        return process.running.actor

    def report(self) -> str:
        """What a failure shows: the seed, the time and the newest events."""
        now = self.clock.monotonic()
        return f"SimRuntime(seed={self.seed}) at {now:.3f} s after {self._world.steps} steps:\n{self.trace.tail(REPORTED_EVENTS)}"

    # Start.

    def start(
        self,
        actor: str | type[Actor],
        args: Mapping[str, Any] | None = None,
        *,
        actor_id: str = "",
        registry: Ref | None = None,
        within_s: float = 60.0,
    ) -> Ref:
        """Spawn a root actor and run until it is up. ``actor`` is its class or ``module:Class``; ``actor_id`` is the class name by default.

        Raises:
            SimulationError: it was ignored, failed to start, or took longer than ``within_s``.
        """
        path = actor if isinstance(actor, str) else f"{actor.__module__}:{actor.__qualname__}"
        uid = self._world.entropy.hex_id()
        ref = self.spawn(ActorStart(actor_id=actor_id or path.rpartition(":")[2], uid=uid, actor=path, args=args or {}, registry=registry))
        self.run_until(lambda: self.fate(ref) is not None, within_s=within_s, what=f"the start of {self.name(ref)}")
        match self.fate(ref):
            case ChildStartFailed(reason=reason) | ChildExited(reason=reason):
                raise SimulationError(f"{self.name(ref)} did not come up: {reason}\n{self.report()}")
            case ChildIgnored():
                raise SimulationError(f"{self.name(ref)} did not come up: ignored\n{self.report()}")
            case _:
                return ref

    def spawn(self, start: ActorStart) -> Ref:
        """Begin to start a root actor, whose parent is the probe. Nothing runs yet; see `fate`.

        Raises:
            UsageError: an earlier incarnation had the same uid.
        """
        self._world.spawn(replace(start, parent=start.parent or OUTSIDE), None)
        return self._world.processes[start.uid].ref

    def delay_start(self, actor_id: str, seconds: float, *, attempt: int | None = None) -> None:
        """Let every start of an id (or its n-th ``attempt`` alone, from 1) take ``seconds`` before `Actor.on_start` runs."""
        self._world.start_delays[actor_id, attempt] = seconds

    # Talk.

    def send(self, target: Target, message: Message) -> None:
        """Send from the probe; it is on its way when this returns. To a dead incarnation it is lost."""
        self._transmit(target, message, self._world.entropy.hex_id())

    def request(self, target: Target, message: Message, *, timeout_s: float | None = None) -> Request:
        """Send a question from the probe, without running. An actor that handles it later than ``timeout_s`` drops it."""
        message_id = self._world.entropy.hex_id()
        self._transmit(target, message, message_id, timeout_s)
        return self._probe.open(message_id)

    def ask(self, target: Target, message: Message, *, timeout_s: float = 5.0) -> Message:
        """Send a question from the probe and run until it is answered.

        Raises:
            SimulationError: no answer within ``timeout_s`` of virtual time.
        """
        request = self.request(target, message, timeout_s=timeout_s)
        self.run_until(lambda: request.answer is not None, within_s=timeout_s, what=f"an answer to {type(message).__name__}")
        return cast("Message", request.answer)

    def send_bytes(self, target: Target, data: bytes) -> None:
        """Send bytes that may be no message."""
        self._world.send(OUTSIDE_ORIGIN, self._ref(target), data)

    # Run.

    def advance(self) -> bool:
        """Make one step, after a leap of time if nothing is possible now; False when nothing is left that could happen."""
        return self._advance(math.inf)

    def run_until(self, predicate: Callable[[], bool], *, within_s: float = 60.0, what: str = "") -> None:
        """Run until ``predicate`` holds, which is looked at before each step.

        Raises:
            SimulationError: it does not hold ``within_s`` virtual seconds later, or ``max_steps`` are made before.
        """
        deadline = self.clock.monotonic() + within_s
        for _ in range(self._max_steps):
            if predicate():
                return
            if not self._advance(deadline):
                self._world.clock.move_to(deadline)
                if predicate():
                    return
                why = "cannot come: nothing is left to happen" if self._world.next_at() is None else f"did not come in {within_s:g} s"
                raise SimulationError(f"{what or 'what was waited for'} {why}\n{self.report()}")
        raise self._livelock()

    def run_for(self, seconds: float) -> None:
        """Run everything that is due within ``seconds``; then the time is exactly that much later.

        Raises:
            SimulationError: `max_steps` are made before.
        """
        deadline = self.clock.monotonic() + seconds
        for _ in range(self._max_steps):
            if not self._advance(deadline):
                self._world.clock.move_to(deadline)
                return
        raise self._livelock()

    def settle(self) -> None:
        """Run everything that can happen at the present instant; time stands still."""
        self.run_for(0.0)

    def wait_for_post(self, timeout_s: float) -> None:
        """Wait in real time until another thread has posted to an actor (`Context.post`); the turn itself comes with the next run.

        Raises:
            SimulationError: none has within ``timeout_s``.
        """
        if not self._world.wait_for_post(timeout_s):
            raise SimulationError(f"no thread has posted within {timeout_s:g} s of real time\n{self.report()}")

    def close(self) -> None:
        """Stop the root actors in order (exit signal ``shutdown``), and after 60 virtual seconds kill what still lives."""
        for process in self._roots():
            self._world.resume(process)
            self.parent_exit(process.ref, SHUTDOWN)
        with suppress(SimulationError):
            self.run_until(lambda: not self._world.processes)
        while roots := self._roots():
            self._world.kill(roots[0])

    # Faults of processes. All of them raise UsageError when the target does not live.

    def kill(self, target: Target) -> None:
        """SIGKILL: it is dead when this returns (called from within a turn: as a step of its own). `Actor.terminate` does not run."""
        self._world.kill(self._process(target))

    def raise_in(self, target: Target, failure: BaseException) -> None:
        """Let an exception leave a turn of the actor, the next after what its mailbox holds now."""

        def crash() -> None:
            raise failure

        self._interrupt(target, crash)

    def exit_in(self, target: Target, reason: ExitReason) -> None:
        """Let the actor end itself with a reason, in the next turn after what its mailbox holds now."""
        process = self._process(target)
        self._interrupt(target, lambda: process.running.exit(reason))

    def exit_signal(self, target: Target, reason: ExitReason) -> None:
        """Send an exit signal from a stranger; ``killed`` cannot be trapped."""
        self._signal(target, reason, from_parent=False)

    def parent_exit(self, target: Target, reason: ExitReason) -> None:
        """Send a root actor the exit signal of its parent."""
        self._signal(target, reason, from_parent=True)

    def suspend(self, target: Target) -> None:
        """SIGSTOP, or a hang: it gets no turn until `resume`, while its mailbox fills."""
        self._world.suspend(self._process(target))

    def resume(self, target: Target) -> None:
        """SIGCONT."""
        self._world.resume(self._process(target))

    # Faults of messages. The rules hold from now on, for what is sent later; `Rule.lift` ends one.

    def drop(self, *, message: MessageType = object, sender: str = "*", to: str = "*", times: int | None = None) -> Rule:
        """Lose messages of a class (or classes), between actor ids that match shell patterns, ``times`` of them."""
        return self._rule("drop", lost, Match(message=message, sender=sender, to=to), times)

    def delay(self, seconds: float, *, message: MessageType = object, sender: str = "*", to: str = "*", times: int | None = None) -> Rule:
        """Let messages arrive later, and what the same sender sends to the same actor after them not before them."""
        return self._rule(f"delay {seconds:g} s", late(seconds), Match(message=message, sender=sender, to=to), times)

    def duplicate(self, *, message: MessageType = object, sender: str = "*", to: str = "*", times: int | None = None) -> Rule:
        """Let messages arrive twice."""
        return self._rule("duplicate", doubled, Match(message=message, sender=sender, to=to), times)

    # Inside.

    def _ended(self, process: SimProcess) -> None:
        if process.cell is not None:
            with suppress(UsageError):  # it ended before there was an actor
                self._on_end(process.cell.actor)

    def _advance(self, deadline: float) -> bool:
        if self._world.in_turn:
            raise UsageError("a callback of an actor runs the simulation that runs it: send or post instead")
        due = self._world.next_at()
        if due is None or due > deadline:
            return False
        self._world.clock.move_to(due)
        return self._world.step()

    def _livelock(self) -> SimulationError:
        return SimulationError(f"{self._max_steps} steps and no end (a livelock, or max_steps is too small)\n{self.report()}")

    def _find(self, target: Target) -> SimProcess | None:
        if isinstance(target, Ref):
            return self._world.processes.get(target.uid)
        return next((process for process in reversed(self._world.processes.values()) if process.start.actor_id == target), None)

    def _process(self, target: Target) -> SimProcess:
        process = self._find(target)
        if process is None:
            alive = ", ".join(process.name for process in self._world.processes.values())
            raise UsageError(f"{target if isinstance(target, str) else self.name(target)} does not live; alive: {alive or 'nobody'}")
        return process

    def _ref(self, target: Target) -> Ref:
        return target if isinstance(target, Ref) else self.ref(target)

    def _roots(self) -> list[SimProcess]:
        return [process for process in self._world.processes.values() if process.parent is None]

    def _transmit(self, target: Target, message: Message, message_id: str, timeout_s: float | None = None) -> None:
        to = self._ref(target)
        envelope = Envelope(
            message=message,
            message_id=message_id,
            to_id=to.id,
            to_uid=to.uid,
            sender=OUTSIDE,
            trace_id=message_id,
            remaining_ms=None if timeout_s is None else round(timeout_s * 1000),
        )
        self._world.send(OUTSIDE_ORIGIN, to, encode_envelope(envelope))

    def _signal(self, target: Target, reason: ExitReason, *, from_parent: bool) -> None:
        process = self._process(target)
        sender = process.start.parent if from_parent and process.start.parent else OUTSIDE
        signal = self._world.exit_signal(sender, process.ref, reason, from_parent=from_parent)
        self._world.send(SimOrigin(ref=sender), process.ref, signal)

    def _interrupt(self, target: Target, callback: Callable[[], None]) -> None:
        process = self._process(target)
        self._world.interrupt(process, lambda: process.running.run(callback))

    def _rule(self, name: str, change: Callable[[Copies], Copies], match: Match, times: int | None) -> Rule:
        rule = Rule(name, match, change, times)
        self._world.rules.append(rule)
        return rule
