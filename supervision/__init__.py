"""Supervision: what lives, what dies, and what happens then.

Part of livekitex-agent.
"""

from supervision.actor import Actor, Cancel, Context, Ignore, StopStart
from supervision.registry import Registry

__all__ = [
    "Actor",
    "Cancel",
    "Context",
    "Ignore",
    "Registry",
    "StopStart",
]
