"""The Supervisor actor: OTP's ``supervisor``."""

from collections.abc import Mapping
from typing import Any

from supervision.core import Machine, supervisor_machine_from_wire
from supervision.shell import SupervisorShell


class Supervisor(SupervisorShell):
    """Starts its children in order, restarts them by its strategy, stops them in reverse order.

    Its arguments come from `supervisor_args`. It answers `StartChild`, `TerminateChild`, `RestartChild`, `DeleteChild` (all by id),
    `WhichChildren`, `CountChildren` and `StopSupervisor` when it is neither starting nor stopping a child.
    """

    @staticmethod
    def make_machine(args: Mapping[str, Any], uid: str) -> Machine:
        """A static supervisor's machine."""
        return supervisor_machine_from_wire(args, uid=uid)
