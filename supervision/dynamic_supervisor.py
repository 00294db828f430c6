"""The DynamicSupervisor actor: Elixir's ``DynamicSupervisor``."""

from collections.abc import Mapping
from typing import Any

from supervision.core import Machine, dynamic_machine_from_wire
from supervision.shell import SupervisorShell


class DynamicSupervisor(SupervisorShell):
    """Starts children by calls, restarts each alone, stops all at once.

    Its arguments come from `dynamic_args`. It answers `StartChild`, `TerminateChild` (by the uid of an incarnation), `WhichChildren`,
    `CountChildren` and `StopSupervisor` when it is neither starting nor stopping a child. Restarted, it has no children.
    """

    @staticmethod
    def make_machine(args: Mapping[str, Any], uid: str) -> Machine:
        """A dynamic supervisor's machine."""
        return dynamic_machine_from_wire(args, uid=uid)
