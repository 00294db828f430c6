"""Supervision: what lives, what dies, and what happens then.

Part of livekitex-agent.
"""

from typing import TYPE_CHECKING, Any

from supervision.actor import (
    Actor,
    ActorStart,
    Cancel,
    ChildAcknowledged,
    ChildEvent,
    ChildExited,
    ChildIgnored,
    ChildStarted,
    ChildStartFailed,
    Context,
    Ignore,
    StopStart,
)
from supervision.circuit_breakers import CircuitBreakerRegistry
from supervision.core import (
    AutoShutdown,
    Backoff,
    ChildSpec,
    ChildType,
    DynamicFlags,
    Restart,
    RestartIntensity,
    Shutdown,
    Strategy,
    SupervisorFlags,
    dynamic_args,
    supervisor_args,
)
from supervision.dynamic_supervisor import DynamicSupervisor
from supervision.heartbeats import HUNG, Heartbeats
from supervision.private_descriptors import keep_files_private
from supervision.registry import Registry
from supervision.sim import Links, SimRuntime, TraceKind, VirtualTimeLoop
from supervision.supervisor import Supervisor

if TYPE_CHECKING:
    from supervision.thespian_seam import SystemOptions, require_thespian, run_launcher

__all__ = [
    "HUNG",
    "Actor",
    "ActorStart",
    "AutoShutdown",
    "Backoff",
    "Cancel",
    "ChildAcknowledged",
    "ChildEvent",
    "ChildExited",
    "ChildIgnored",
    "ChildSpec",
    "ChildStartFailed",
    "ChildStarted",
    "ChildType",
    "CircuitBreakerRegistry",
    "Context",
    "DynamicFlags",
    "DynamicSupervisor",
    "Heartbeats",
    "Ignore",
    "Links",
    "Registry",
    "Restart",
    "RestartIntensity",
    "Shutdown",
    "SimRuntime",
    "StopStart",
    "Strategy",
    "Supervisor",
    "SupervisorFlags",
    "SystemOptions",
    "TraceKind",
    "VirtualTimeLoop",
    "dynamic_args",
    "keep_files_private",
    "require_thespian",
    "run_launcher",
    "supervisor_args",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - of a module's names
    """Load the seam to Thespian when it is first asked for: only a launcher runs it, and it needs Linux."""
    if name in ("SystemOptions", "require_thespian", "run_launcher"):
        from supervision import thespian_seam

        return getattr(thespian_seam, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
