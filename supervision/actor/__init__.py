"""Actors and the cell that hosts one: the contract between actors and runtimes."""

from supervision.actor.actor import Actor, Ignore, StopStart
from supervision.actor.cell import ActorCell, load_actor, reason_of
from supervision.actor.children import ActorStart, ChildEvent, ChildExited, ChildIgnored, ChildStarted, ChildStartFailed
from supervision.actor.context import POST_LIMIT, Cancel, Context
from supervision.actor.exit_signals import ends_at_once
from supervision.actor.runtime import Runtime

__all__ = [
    "POST_LIMIT",
    "Actor",
    "ActorCell",
    "ActorStart",
    "Cancel",
    "ChildEvent",
    "ChildExited",
    "ChildIgnored",
    "ChildStartFailed",
    "ChildStarted",
    "Context",
    "Ignore",
    "Runtime",
    "StopStart",
    "ends_at_once",
    "load_actor",
    "reason_of",
]
