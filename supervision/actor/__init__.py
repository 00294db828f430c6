"""Actors and the cell that hosts one: the contract between actors and runtimes."""

from supervision.actor.actor import Actor, Ignore, StopStart
from supervision.actor.cell import ActorCell
from supervision.actor.children import (
    ActorStart,
    ChildAcknowledged,
    ChildEvent,
    ChildExited,
    ChildIgnored,
    ChildStarted,
    ChildStartFailed,
)
from supervision.actor.context import MAX_OPEN_REQUESTS, POST_LIMIT, Cancel, Context
from supervision.actor.exits import ends_at_once, reason_of
from supervision.actor.lifecycle import Lifecycle
from supervision.actor.loading import load_actor
from supervision.actor.origin import CONFINED_MAY_SEND, Origin
from supervision.actor.runtime import Runtime

__all__ = [
    "CONFINED_MAY_SEND",
    "MAX_OPEN_REQUESTS",
    "POST_LIMIT",
    "Actor",
    "ActorCell",
    "ActorStart",
    "Cancel",
    "ChildAcknowledged",
    "ChildEvent",
    "ChildExited",
    "ChildIgnored",
    "ChildStartFailed",
    "ChildStarted",
    "Context",
    "Ignore",
    "Lifecycle",
    "Origin",
    "Runtime",
    "StopStart",
    "ends_at_once",
    "load_actor",
    "reason_of",
]
