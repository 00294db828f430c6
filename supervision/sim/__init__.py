"""SimRuntime: the same actors in one process, on virtual time, in a seeded order, under faults."""

from supervision.sim.event_loop import VirtualTimeLoop
from supervision.sim.faults import Rule
from supervision.sim.probe import Received, Request
from supervision.sim.runtime import SimRuntime
from supervision.sim.trace import Trace, TraceEvent, TraceKind
from supervision.sim.world import Links

__all__ = ["Links", "Received", "Request", "Rule", "SimRuntime", "Trace", "TraceEvent", "TraceKind", "VirtualTimeLoop"]
