"""References to actors."""

from dataclasses import dataclass

__all__ = ["Ref"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """One incarnation of one actor.

    ``id`` is the actor's id through all its incarnations (``agent_session/7f3a``), ``uid`` is unique to this incarnation, and ``address``
    is what the runtime needs to reach it. Addresses get reused, so a message carries ``id`` and ``uid`` and is dropped where they do not
    match: a message for the dead never reaches the newborn.
    """

    id: str
    uid: str
    address: str
