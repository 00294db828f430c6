"""The dynamic supervisor: no children at first, each started by a call and treated alone. Ids mean nothing to it, only incarnations."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from protocols import CountChildren, DeleteChild, InvalidSpecError, RestartChild, StartChild, TerminateChild, WhichChildren
from supervision.core.child_spec import ChildSpec
from supervision.core.children import Child, Children
from supervision.core.effects import Outcome
from supervision.core.events import ChildRequest
from supervision.core.flags import Backoff, DynamicFlags
from supervision.core.machine import Machine
from supervision.core.restart_intensity import RestartIntensity
from supervision.core.rules import AddChild, Decision, StopChild
from supervision.core.startable import loaded_by
from supervision.core.strategies import Plan
from supervision.core.wire import blame, callers_arg, require_map, require_texts, shorten


def dynamic_machine(flags: DynamicFlags, *, uid: str, may_start: Iterable[str] = ()) -> Machine:
    """A dynamic supervisor without children, which starts the classes of ``may_start`` and no others."""
    intensity = RestartIntensity(max_restarts=flags.max_restarts, max_seconds=flags.max_seconds)
    return Machine.new(DynamicRules(flags, frozenset(may_start)), (), intensity, uid)


def dynamic_args(flags: DynamicFlags, *, may_start: Iterable[str] = (), callers: Iterable[str] | None = None) -> dict[str, Any]:
    """The arguments of a dynamic supervisor's own specification: `dynamic_machine_from_wire` reads them, all but ``callers``.

    ``may_start`` names the classes (and functions to preload) that its children may consist of, at whatever depth. ``callers`` are the ids
    of the actors that may change its children, besides its parent; None: any that runs no user code.
    """
    return {"flags": flags.to_wire(), "may_start": [*may_start], **callers_arg(callers)}


def dynamic_machine_from_wire(args: object, *, uid: str) -> Machine:
    """The dynamic supervisor that ``args`` describe.

    Raises:
        InvalidSpecError: they are malformed; the reason begins with ``supervisor_data:``, as in Elixir.
    """
    with blame("supervisor_data"):
        given = require_map(args, frozenset({"flags", "may_start"}), "args")
        flags = DynamicFlags.from_wire(given.get("flags", {}))
        may_start = require_texts(given.get("may_start", ()), "invalid_may_start")
    return dynamic_machine(flags, uid=uid, may_start=may_start)


@dataclass(frozen=True, slots=True)
class DynamicRules:
    """Elixir's ``DynamicSupervisor``."""

    flags: DynamicFlags
    may_start: frozenset[str] = frozenset()

    @property
    def backoff(self) -> Backoff | None:
        """The pause before restarts, from the flags."""
        return self.flags.backoff

    @property
    def ignored(self) -> Outcome:
        """Elixir's ``:ignore``."""
        return Outcome("ignore")

    def keeps(self, _spec: ChildSpec) -> bool:
        """A child without a process is forgotten."""
        return False

    def plan(self, _children: Children, ended: str) -> Plan:
        """Each child alone."""
        return Plan(stop=(), start=(ended,))

    def waves(self, children: Children) -> tuple[tuple[str, ...], ...]:
        """All at once, each with its own time."""
        return (tuple(child.key for child in children),)

    def ends_with(self, _child: Child, _children: Children) -> bool:
        """Never: ``significant`` means nothing here."""
        return False

    def decide(self, request: ChildRequest, children: Children, _dead: Collection[str]) -> Decision:
        """Elixir's answers to calls by incarnation; a restarting child is still known by its last one.

        Static supervisors' calls are refused.
        """
        match request:
            case StartChild(spec=spec):
                return self._start(spec, children)
            case TerminateChild(uid=uid):
                child = children.living(uid)
                return Outcome("error:not_found") if child is None else StopChild(child.key)
            case RestartChild() | DeleteChild():
                return Outcome("error:unsupported")
            case WhichChildren():
                return children.listing()
            case CountChildren():
                return children.counts()
            case _:
                assert_never(request)

    def _start(self, wire: Mapping[str, Any], children: Children) -> Decision:
        try:
            spec = self.flags.child_from_wire(wire)
        except InvalidSpecError as refusal:
            return Outcome(f"error:{refusal.reason}")
        if foreign := loaded_by(spec) - self.may_start:
            return Outcome(f"error:not_allowed:{shorten(min(foreign))}")
        full = self.flags.max_children is not None and len(children) >= self.flags.max_children
        return Outcome("error:max_children") if full else AddChild(spec)
