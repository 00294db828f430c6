"""Plays the runtime of one machine: what it spawns comes up when told, what it kills or stops ends when told, or by itself."""

from collections.abc import Mapping
from typing import Any, TypeVar

from protocols import KILLED, NORMAL, SHUTDOWN, ExitReason, abnormal
from supervision.core import ChildSpec, DynamicFlags, Machine, SupervisorFlags, dynamic_machine, supervisor_machine
from supervision.core import effects as do
from supervision.core import events as on

__all__ = ["CRASH", "KILLED", "NORMAL", "SHUTDOWN", "Bench", "dynamic", "spec", "static"]

E = TypeVar("E")
CRASH = abnormal("boom")


def spec(child_id: str = "a", **fields: Any) -> ChildSpec:
    """A child specification that differs from the default in ``fields``."""
    return ChildSpec(id=child_id, actor="tests:Child", **fields)


def static(*specs: ChildSpec | str, **flags: Any) -> "Bench":
    """A static supervisor, not booted. A bare id stands for a permanent worker."""
    children = [child if isinstance(child, ChildSpec) else spec(child) for child in specs]
    return Bench(supervisor_machine(SupervisorFlags(**flags), children, uid="s", may_start=["tests:Child"]))


def dynamic(**flags: Any) -> "Bench":
    """A dynamic supervisor, not booted."""
    return Bench(dynamic_machine(DynamicFlags(**flags), uid="d", may_start=["tests:Child"]))


class Bench:
    """A machine, and everything that it wanted so far. Lives are called by their child's key and attempt: ``a#1``."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.now = 100.0
        self.effects: list[do.Effect] = []
        self.names: dict[str, str] = {}

    def feed(self, *events: on.Event) -> list[do.Effect]:
        """What the machine wants because of ``events``."""
        wanted: list[do.Effect] = []
        for event in events:
            self.machine, effects = self.machine.handle(event, self.now)
            wanted += effects
            self.names |= {effect.uid: f"{effect.key}#{effect.attempt}" for effect in effects if isinstance(effect, do.SpawnChild)}
        self.effects += wanted
        return wanted

    def boot(self) -> "Bench":
        """Boot, and have every child come up."""
        self.feed(on.Boot())
        return self.start_all()

    def start_all(self) -> "Bench":
        """Have every child come up that is being started, until none is."""
        while self.starting:
            self.feed(on.ChildStarted(self.starting))
        return self

    def run(self) -> "Bench":
        """Have whatever the machine waits for happen in order: children come up, or end as they are asked to."""
        while (task := self.machine.state.task) is not None:
            if task.starting:
                self.feed(on.ChildStarted(task.starting))
            for uid in sorted(task.stopping):
                self.feed(on.ChildExited(uid, SHUTDOWN))
        return self

    def call(self, request: on.Request, name: str = "call") -> list[do.Effect]:
        """What the machine wants because of a call."""
        return self.feed(on.Called(name, request))

    def end(self, key: str, reason: ExitReason = CRASH) -> list[do.Effect]:
        """What the machine wants because the child's present life has ended."""
        return self.feed(on.ChildExited(self.uid(key), reason))

    def uid(self, key: str) -> str:
        """The child's present or last life."""
        return self.machine.state.children[key].uid

    @property
    def starting(self) -> str:
        """The life that is being started."""
        return self.machine.state.task.starting if self.machine.state.task else ""

    @property
    def stopping(self) -> set[str]:
        """The lives that are being stopped, by name."""
        return {self.names[uid] for uid in self.machine.state.task.stopping} if self.machine.state.task else set()

    @property
    def running(self) -> list[str]:
        """The lives that are up, by name, oldest first."""
        return [self.names[child.uid] for child in self.machine.running]

    @property
    def statuses(self) -> Mapping[str, str]:
        """The status of each child."""
        return {child.key: str(child.status) for child in self.machine.state.children}

    def wanted(self, kind: type[E]) -> list[E]:
        """All effects of a kind so far."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def answers(self, name: str = "call") -> list[do.Answer]:
        """The answers to a call."""
        return [reply.answer for reply in self.wanted(do.Reply) if reply.call == name]

    @property
    def steps(self) -> list[str]:
        """What was done to processes, in order: ``+a#1`` spawned, ``-a#1`` asked to end, ``!a#1`` killed."""
        signs = {do.SpawnChild: "+", do.ShutDownChild: "-", do.KillChild: "!", do.EndHungChild: "?"}
        return [signs[type(effect)] + self.names[effect.uid] for effect in self.effects if isinstance(effect, do.ProcessEffect)]
