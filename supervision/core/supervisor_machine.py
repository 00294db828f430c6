"""The static supervisor: known children in a fixed order, a strategy, calls by id."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from protocols import CountChildren, DeleteChild, InvalidSpecError, RestartChild, StartChild, TerminateChild, WhichChildren
from supervision.core.child_spec import ChildSpec, Restart
from supervision.core.children import Child, Children
from supervision.core.effects import Outcome
from supervision.core.events import ChildRequest
from supervision.core.flags import AutoShutdown, Backoff, SupervisorFlags
from supervision.core.machine import Machine
from supervision.core.restart_intensity import RestartIntensity
from supervision.core.rules import AddChild, Decision, DropChild, StartAgain, StopChild
from supervision.core.startable import loaded_by, startable
from supervision.core.strategies import Plan, plan_restart
from supervision.core.wire import blame, callers_arg, require_list, require_map, require_texts, shorten


def supervisor_machine(flags: SupervisorFlags, specs: Iterable[ChildSpec], *, uid: str, may_start: Iterable[str] = ()) -> Machine:
    """A static supervisor of ``specs``, in start order. Besides what they consist of it may start the classes of ``may_start``.

    Raises:
        InvalidSpecError: the children may not live together under these flags.
    """
    intensity = RestartIntensity(max_restarts=flags.max_restarts, max_seconds=flags.max_seconds)
    accepted = flags.accept(specs)
    return Machine.new(SupervisorRules(flags, startable(accepted, may_start)), accepted, intensity, uid)


def supervisor_args(
    flags: SupervisorFlags, specs: Iterable[ChildSpec], *, may_start: Iterable[str] = (), callers: Iterable[str] | None = None
) -> dict[str, Any]:
    """The arguments of a supervisor's own specification: `supervisor_machine_from_wire` reads them, all but ``callers``.

    For ``may_start`` and ``callers`` see `dynamic_args`; what ``specs`` consist of may be started in any case.

    Raises:
        InvalidSpecError: the children may not live together under these flags.
    """
    children = [spec.to_wire() for spec in flags.accept(specs)]
    return {"flags": flags.to_wire(), "children": children, "may_start": [*may_start], **callers_arg(callers)}


def supervisor_machine_from_wire(args: object, *, uid: str) -> Machine:
    """The static supervisor that ``args`` describe.

    Raises:
        InvalidSpecError: they are malformed; the reason begins with ``supervisor_data:`` or ``start_spec:``, as in OTP.
    """
    with blame("supervisor_data"):
        given = require_map(args, frozenset({"flags", "children", "may_start"}), "args")
        flags = SupervisorFlags.from_wire(given.get("flags", {}))
        may_start = require_texts(given.get("may_start", ()), "invalid_may_start")
    with blame("start_spec"):
        specs = flags.accept(map(flags.child_from_wire, require_list(given.get("children", ()), "invalid_children")))
    return supervisor_machine(flags, specs, uid=uid, may_start=may_start)


@dataclass(frozen=True, slots=True)
class SupervisorRules:
    """OTP's ``supervisor``."""

    flags: SupervisorFlags
    may_start: frozenset[str] = frozenset()

    @property
    def backoff(self) -> Backoff | None:
        """The pause before restarts, from the flags."""
        return self.flags.backoff

    @property
    def ignored(self) -> Outcome:
        """OTP's ``{ok, undefined}``."""
        return Outcome("ok:undefined")

    def keeps(self, spec: ChildSpec) -> bool:
        """A temporary child is forgotten with its process; any other can come back by a call or with its group."""
        return spec.restart is not Restart.TEMPORARY

    def plan(self, children: Children, ended: str) -> Plan:
        """By strategy."""
        return plan_restart(self.flags.strategy, tuple(children), ended)

    def waves(self, children: Children) -> tuple[tuple[str, ...], ...]:
        """One at a time, youngest first."""
        return tuple((child.key,) for child in reversed(tuple(children)))

    def ends_with(self, child: Child, children: Children) -> bool:
        """By ``auto_shutdown``; a significant child that is about to be restarted still counts as present."""
        if not child.spec.significant or self.flags.auto_shutdown is AutoShutdown.NEVER:
            return False
        others = any(other.spec.significant and other.status.has_process for other in children)
        return self.flags.auto_shutdown is AutoShutdown.ANY_SIGNIFICANT or not others

    def decide(self, request: ChildRequest, children: Children, dead: Collection[str]) -> Decision:
        """OTP's answers to calls by id. ``count_children`` does not count the dead as active."""
        match request:
            case StartChild(spec=spec):
                return self._start(spec, children)
            case TerminateChild(child_id=child_id):
                return Outcome("error:not_found") if children.get(child_id) is None else StopChild(child_id)
            case RestartChild(child_id=child_id):
                return _unless_up(children.get(child_id), StartAgain(child_id))
            case DeleteChild(child_id=child_id):
                return _unless_up(children.get(child_id), DropChild(child_id))
            case WhichChildren():
                return children.listing()
            case CountChildren():
                return children.counts(dead)
            case _:
                assert_never(request)

    def _start(self, wire: Mapping[str, Any], children: Children) -> Decision:
        try:
            spec = self.flags.child_from_wire(wire)
        except InvalidSpecError as refusal:
            return Outcome(f"error:{refusal.reason}")
        if foreign := loaded_by(spec) - self.may_start:
            return Outcome(f"error:not_allowed:{shorten(min(foreign))}")
        present = children.get(spec.id)
        if present is None:
            return AddChild(spec)
        if present.status.alive:
            return Outcome("error:already_started", present.uid)
        return Outcome("error:already_present")


def _unless_up(child: Child | None, decision: Decision) -> Decision:
    if child is None:
        return Outcome("error:not_found")
    if child.status.has_process:
        return Outcome(f"error:{child.status}")
    return decision
