"""The launcher's life as one table: from the start of the tree to its end, whoever ends it.

Rule: everything about these states stands here, and nothing else knows them.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

STOP_GRACE_S: Final = 3.0
"""How long the tree may end in order; what is left then is ended by the runtime, which kills."""


class Phase(StrEnum):
    """Where the launcher is."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


class Happening(StrEnum):
    """What can happen to it."""

    ROOT_UP = "root_up"
    ROOT_ENDED = "root_ended"
    """The root did not come up, or has ended."""
    STOP = "stop"
    """The script or a signal asks to end, or the script is gone."""
    GRACE_OVER = "grace_over"
    """`STOP_GRACE_S` have passed since the root was asked to end."""


class Effect(StrEnum):
    """What the gateway does."""

    TELL_READY = "tell_ready"
    STOP_ROOT = "stop_root"
    """Ask the root to end, within `STOP_GRACE_S`."""
    END = "end"
    """Tell the script and end; the runtime kills what is left."""


Step = tuple[Phase, tuple[Effect, ...]]

P, H, E = Phase, Happening, Effect

TRANSITIONS: Final[Mapping[Phase, Mapping[Happening, Step]]] = MappingProxyType(
    {
        P.STARTING: {
            H.ROOT_UP: (P.RUNNING, (E.TELL_READY,)),
            H.ROOT_ENDED: (P.ENDED, (E.END,)),
            H.STOP: (P.ENDED, (E.END,)),  # nobody talks in it yet: what does not end at once is killed
            H.GRACE_OVER: (P.STARTING, ()),
        },
        P.RUNNING: {
            H.ROOT_UP: (P.RUNNING, ()),
            H.ROOT_ENDED: (P.ENDED, (E.END,)),
            H.STOP: (P.STOPPING, (E.STOP_ROOT,)),
            H.GRACE_OVER: (P.RUNNING, ()),
        },
        P.STOPPING: {
            H.ROOT_UP: (P.STOPPING, ()),
            H.ROOT_ENDED: (P.ENDED, (E.END,)),
            H.STOP: (P.STOPPING, ()),
            H.GRACE_OVER: (P.ENDED, (E.END,)),
        },
        P.ENDED: dict.fromkeys(H, (P.ENDED, ())),
    }
)


def step(phase: Phase, happening: Happening) -> Step:
    """The phase after ``happening``, and what to do. Total."""
    return TRANSITIONS[phase][happening]
