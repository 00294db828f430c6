"""What travels through the schedule of a simulation.

Messages go to an address, which another incarnation may have by the time they arrive; everything else concerns the one incarnation ``uid``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from protocols import Envelope, Ref
from supervision.actor import ChildEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class SimOrigin:
    """Which incarnation has sent something: the simulation knows."""

    ref: Ref
    confined: bool = False

    def proves(self, sender: Ref) -> bool:
        """Whether ``sender`` is that incarnation."""
        return sender == self.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The bytes of a message. ``envelope`` is what they say, None if nothing; ``sender`` is the name of the incarnation that sent them."""

    data: bytes
    envelope: Envelope | None
    sender: str
    origin: SimOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """The process begins to run its actor."""

    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """To a parent: what has become of a child."""

    uid: str
    event: ChildEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A timer, a posted callback, or a fault of the simulation, as a turn."""

    uid: str
    run: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Signal 9."""

    uid: str


Item = Delivery | Boot | News | Callback | Kill
