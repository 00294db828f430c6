"""Supervision as pure decisions: specifications, restart intensity, strategies, and the machine that plans every start and stop.

Nothing here reads a clock, makes a random number or knows a runtime.
"""

from supervision.core.child_spec import ChildSpec, ChildType, Restart, Shutdown
from supervision.core.children import Child, Children, Status
from supervision.core.dynamic_machine import dynamic_args, dynamic_machine, dynamic_machine_from_wire
from supervision.core.flags import AutoShutdown, Backoff, DynamicFlags, Strategy, SupervisorFlags
from supervision.core.machine import Machine
from supervision.core.restart_intensity import RestartIntensity
from supervision.core.strategies import Plan, plan_restart
from supervision.core.supervisor_machine import supervisor_args, supervisor_machine, supervisor_machine_from_wire

__all__ = [
    "AutoShutdown",
    "Backoff",
    "Child",
    "ChildSpec",
    "ChildType",
    "Children",
    "DynamicFlags",
    "Machine",
    "Plan",
    "Restart",
    "RestartIntensity",
    "Shutdown",
    "Status",
    "Strategy",
    "SupervisorFlags",
    "dynamic_args",
    "dynamic_machine",
    "dynamic_machine_from_wire",
    "plan_restart",
    "supervisor_args",
    "supervisor_machine",
    "supervisor_machine_from_wire",
]
