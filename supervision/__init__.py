"""Supervision: what lives, what dies, and what happens then.

Part of livekitex-agent.
"""

from supervision.actor import Actor, Cancel, Context, Ignore, StopStart
from supervision.circuit_breakers import CircuitBreakerRegistry
from supervision.registry import Registry
from supervision.sim import Links, SimRuntime, TraceKind

__all__ = [
    "Actor",
    "Cancel",
    "CircuitBreakerRegistry",
    "Context",
    "Ignore",
    "Links",
    "Registry",
    "SimRuntime",
    "StopStart",
    "TraceKind",
]
