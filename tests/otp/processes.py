"""Simulated OTP processes: linked to their parent, trapping exits or not, each with a life of its own and an end.

They know nothing of supervision: a `SupervisorProcess` hands every event to the machine of the core and performs its effects.
"""

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from otp.calls import listed, parse_reason
from otp.world import Timer, World
from protocols import KILLED, NORMAL, SHUTDOWN, ExitReason, InvalidSpecError, StopSupervisor
from supervision.core import effects as do
from supervision.core import events as on
from supervision.core.child_spec import ChildSpec
from supervision.core.machine import Machine

START_FAILURES = {"fail": "init_failed", "raise": "error:raise", "stop_normal": "normal", "stop_shutdown": "shutdown"}
ERROR = ExitReason.parse("error")

MachineMaker = Callable[..., Machine]


class PendingCall:
    """A call by some process, which monitors the called one. ``reason`` is what a stop asks for."""

    def __init__(self, reason: str = "") -> None:
        self.result: Any = None
        self.reason = reason
        self.accepted = False

    def resolve(self, result: Any) -> None:
        """The call has its result; only the first counts."""
        if self.result is None:
            self.result = result


class Parent(Protocol):
    """Whoever starts a process."""

    def told(self, child: "Process", event: on.Event) -> None:
        """Learn the fate of ``child``."""
        ...


class Process:
    """One process: starting, then up, then over. Its end reaches its parent, its callers and its children."""

    def __init__(self, world: World, spec: ChildSpec, uid: str, parent: Parent) -> None:
        self.world = world
        self.spec = spec
        self.uid = uid
        self.parent = parent
        self.name, self.attempt = world.next_name(spec.id)
        self.script: Mapping[str, Any] = spec.args["script"]
        self.up = False
        self.over = False
        self.calls: list[PendingCall] = []
        self.linked: list[Process] = []
        self.timers: dict[object, Timer] = {}

    def begin(self) -> None:
        """Run init."""
        raise NotImplementedError

    def on_signal(self, reason: ExitReason, *, from_parent: bool) -> None:
        """An exit signal has arrived."""
        raise NotImplementedError

    def on_crash(self, reason: ExitReason) -> None:
        """The message that tells the process to end itself has arrived."""
        raise NotImplementedError

    def on_stop(self, call: PendingCall) -> None:
        """The message of ``GenServer.stop`` has arrived."""
        raise NotImplementedError

    def signal(self, reason: ExitReason, *, from_parent: bool = False) -> None:
        """Send it an exit signal."""
        self.deliver(partial(self.on_signal, reason, from_parent=from_parent))

    def deliver(self, arrival: Callable[[], None]) -> None:
        """Let something reach it, unless it is over by then."""
        self.world.post(lambda: None if self.over else arrival())

    def kill(self) -> None:
        """Kill it, untrappably."""
        self.deliver(partial(self.end, KILLED))

    def after(self, delay_ms: float, happening: Callable[[], None], name: object = None) -> None:
        """Let ``happening`` come after ``delay_ms``, if the process is not over by then."""
        self.timers[name] = self.world.after(delay_ms, happening)

    def now_up(self) -> None:
        """Init has returned."""
        self.up = True
        self.world.note(f"started {self.name}")
        self._tell_parent(on.ChildStarted(self.uid))

    def not_wanted(self) -> None:
        """Init has returned ``:ignore``."""
        self.over = True
        self.world.note(f"ignored {self.name}")
        self._tell_parent(on.ChildIgnored(self.uid))

    def end(self, reason: ExitReason | str) -> None:
        """The process is over; before it was up that is a failed start."""
        if self.over:
            return
        self.over = True
        self.world.note(f"{'exit' if self.up else 'start_failed'} {self.name} {reason}")
        if self.up and isinstance(reason, ExitReason):
            self._tell_parent(on.ChildExited(self.uid, reason))
        else:
            self._tell_parent(on.ChildStartFailed(self.uid, str(reason)))
        for timer in self.timers.values():
            timer.cancelled = True
        for call in self.calls:
            call.resolve("ok" if call.accepted and call.reason == str(reason) else f"exit:{reason}")
        for child in self.linked:
            child.signal(parse_reason(str(reason)), from_parent=True)

    def _tell_parent(self, event: on.Event) -> None:
        self.world.post(lambda: self.parent.told(self, event))


class Worker(Process):
    """A gen_server that does what its script says."""

    def __init__(self, world: World, spec: ChildSpec, uid: str, parent: Parent) -> None:
        super().__init__(world, spec, uid, parent)
        self.mailbox: list[Callable[[], None]] = []
        self.cleaning_up = False

    def begin(self) -> None:
        """Take the time that the script says, then have the outcome that it says."""
        delay_ms = self._scripted("start_delay_ms")
        if delay_ms:
            self.world.note(f"initializing {self.name}")
            self.after(delay_ms, self._init_returns)
        else:
            self._init_returns()

    def on_signal(self, reason: ExitReason, *, from_parent: bool) -> None:
        """Trapping, it cleans up if the signal is its parent's; else it dies of any but ``normal``."""
        if self.script["traps_exit"]:
            if from_parent:
                self._receive(lambda: self._clean_up(reason))
        elif reason != NORMAL:
            self.end(reason)

    def on_crash(self, reason: ExitReason) -> None:
        """It ends itself, without clean-up."""
        self._receive(lambda: self.end(reason))

    def on_stop(self, call: PendingCall) -> None:
        """It ends as it was asked to, after its clean-up."""

        def stop() -> None:
            call.accepted = True
            reason = parse_reason(call.reason)
            if self.script["traps_exit"]:
                self._clean_up(reason)
            else:
                self.end(reason)

        self._receive(stop)

    def _scripted(self, field: str) -> Any:
        outcomes = self.script[field]
        return outcomes[min(self.attempt, len(outcomes)) - 1]

    def _init_returns(self) -> None:
        outcome = self._scripted("start")
        if outcome == "ignore":
            self.not_wanted()
        elif outcome in START_FAILURES:
            self.end(START_FAILURES[outcome])
        else:
            if outcome == "ok_crash":
                self.mailbox.insert(0, lambda: self.end(ERROR))
            self.now_up()
            for message in self.mailbox:
                self.deliver(partial(self._receive, message))

    def _receive(self, message: Callable[[], None]) -> None:
        if not self.up:
            self.mailbox.append(message)
        elif not self.cleaning_up and not self.over:
            message()

    def _clean_up(self, reason: ExitReason) -> None:
        self.cleaning_up = True
        self.world.note(f"terminating {self.name} {reason}")
        outcome = self.script["terminate_outcome"]
        last = reason if outcome == "ok" else parse_reason(outcome.removeprefix("exit:"))
        self.after(self.script["terminate_delay_ms"], lambda: self.end(last))


class SupervisorProcess(Process):
    """A process around a machine of the core."""

    def __init__(self, world: World, spec: ChildSpec, uid: str, parent: Parent, *, spawn: "Spawn", make: MachineMaker) -> None:
        super().__init__(world, spec, uid, parent)
        self.spawn = spawn
        self.make = make
        self.machine: Machine | None = None
        self.held: deque[on.Event] | None = None
        self.lives: dict[str, Process] = {}

    def begin(self) -> None:
        """Boot the machine, unless the script says that init returns ``:ignore``."""
        self.world.note(f"starting {self.name}")
        outcomes = self.script["init"]
        if outcomes[min(self.attempt, len(outcomes)) - 1] == "ignore":
            self.not_wanted()
            return
        try:
            self.machine = self.make({key: value for key, value in self.spec.args.items() if key != "script"}, uid=self.uid)
        except InvalidSpecError as refusal:
            self.end(refusal.reason)
        else:
            self.feed(on.Boot())

    def on_signal(self, reason: ExitReason, *, from_parent: bool) -> None:
        """Supervisors trap exits."""
        self.feed(on.ParentExited(reason) if from_parent else on.StrangerSignalled(reason))

    def on_crash(self, reason: ExitReason) -> None:
        """A supervisor knows no message that ends it."""

    def on_stop(self, call: PendingCall) -> None:
        """As a call to the machine."""
        self.feed(on.Called(call, StopSupervisor(reason=call.reason)))

    def told(self, child: Process, event: on.Event) -> None:
        """The fate of a child."""
        if isinstance(event, on.ChildExited | on.ChildStartFailed | on.ChildIgnored):
            self.linked.remove(child)
        self.feed(event)

    def suspend(self) -> None:
        """Hold everything that arrives."""
        self.held = deque()

    def resume(self) -> None:
        """Take what was held, in the order of its arrival."""
        held, self.held = self.held or deque(), None
        for event in held:
            self.feed(event)

    def feed(self, event: on.Event) -> None:
        """Hand the machine an event and perform the effects."""
        if self.over or self.machine is None:
            return
        if self.held is not None:
            self.held.append(event)
            return
        self.machine, effects = self.machine.handle(event, self.world.now_ms / 1000)
        for effect in effects:
            self._perform(effect)

    def _perform(self, effect: do.Effect) -> None:
        match effect:
            case do.SpawnChild(uid=uid, spec=spec):
                self.lives[uid] = child = self.spawn(spec, uid, self)
                self.linked.append(child)
            case do.ShutDownChild(uid=uid):
                self.lives[uid].signal(SHUTDOWN, from_parent=True)
            case do.KillChild(uid=uid) | do.EndHungChild(uid=uid):
                self.lives[uid].kill()
            case do.ArmTimer(timer=timer, after_ms=after_ms):
                self.after(after_ms, lambda: self.feed(on.TimerFired(timer)), timer)
            case do.CancelTimer(timer=timer):
                self.timers[timer].cancelled = True
            case do.Ready():
                self.now_up()
            case do.FailStart(reason=reason) | do.Exit(reason=reason):
                self.end(reason)
            case do.SendSelf() | do.Reply():
                self._send(effect)
            case do.ChildUp() | do.ChildDown() | do.ForgetChild():
                pass

    def _send(self, effect: do.SendSelf | do.Reply) -> None:
        if isinstance(effect, do.SendSelf):
            self.deliver(partial(self.feed, effect.message))
        elif isinstance(effect.call, PendingCall):
            effect.call.resolve(self._in_words(effect.answer))

    def _in_words(self, answer: do.Answer) -> Any:
        if isinstance(answer, do.Outcome):
            return f"{answer.result}:{self.lives[answer.uid].name}" if answer.uid else answer.result
        if isinstance(answer, do.Listing):
            rows = [{"id": row.id, "pid": self._pid(row), "type": str(row.type)} for row in answer.rows]
            return listed(rows, self.spec.actor)
        return {"specs": answer.specs, "active": answer.active, "supervisors": answer.supervisors, "workers": answer.workers}

    def _pid(self, row: do.ChildRow) -> str:
        return self.lives[row.uid].name if row.uid else row.state


class Spawn(Protocol):
    """Starts a process for a specification."""

    def __call__(self, spec: ChildSpec, uid: str, parent: Parent) -> Process:
        """The new process; it begins by itself."""
        ...
