"""The launcher's life as one table: from the start of the tree to its end, whoever ends it.

Rule: everything about these states stands here, and nothing else knows them.

Who asks with a signal drains: calls go on until they end by themselves. Each further signal hurries by one step. Who asks from the script
has drained as far as it wants to. When the script is gone its calls are left as they are, for another system to take up.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

END_CALLS_S: Final = 1.0
"""How long calls may take to end for good; those that still run are stopped with the tree."""

STOP_GRACE_S: Final = 2.5
"""How long the tree may end in order; what is left then is ended by the runtime, which kills."""


class Phase(StrEnum):
    """Where the launcher is."""

    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"
    ENDING_CALLS = "ending_calls"
    STOPPING = "stopping"
    ENDED = "ended"


class Happening(StrEnum):
    """What can happen to it."""

    ROOT_UP = "root_up"
    ROOT_ENDED = "root_ended"
    """The root did not come up, or has ended."""
    SIGNAL = "signal"
    """A signal asks to end, or to hurry."""
    DRAINED = "drained"
    """No call runs any more, or the time for that is over."""
    STOP = "stop"
    """The script asks to end."""
    CALLS_ENDED = "calls_ended"
    """No call runs any more, or `END_CALLS_S` have passed since they were asked to end."""
    SCRIPT_GONE = "script_gone"
    """The lifeline is cut."""
    GRACE_OVER = "grace_over"
    """`STOP_GRACE_S` have passed since the root was asked to end."""


class Effect(StrEnum):
    """What the gateway does."""

    TELL_READY = "tell_ready"
    DRAIN = "drain"
    """Have no new call taken, and wait for `DRAINED`."""
    END_CALLS = "end_calls"
    """Have no new call taken, ask those that run to end for good, and wait for `CALLS_ENDED`."""
    STOP_ROOT = "stop_root"
    """Ask the root to end, within `STOP_GRACE_S`."""
    END = "end"
    """Tell the script and end; the runtime kills what is left."""


Step = tuple[Phase, tuple[Effect, ...]]

P, H, E = Phase, Happening, Effect


def _row(phase: Phase, **moves: Step) -> Mapping[Happening, Step]:
    """What is not named changes nothing."""
    return MappingProxyType({happening: moves.get(happening, (phase, ())) for happening in H})


_END: Final = (P.ENDED, (E.END,))
_END_CALLS: Final = (P.ENDING_CALLS, (E.END_CALLS,))
_STOP_ROOT: Final = (P.STOPPING, (E.STOP_ROOT,))

TRANSITIONS: Final[Mapping[Phase, Mapping[Happening, Step]]] = MappingProxyType(
    {
        P.STARTING: _row(  # nobody talks in it yet: what does not end at once is killed
            P.STARTING, root_up=(P.RUNNING, (E.TELL_READY,)), root_ended=_END, signal=_END, stop=_END, script_gone=_END
        ),
        P.RUNNING: _row(P.RUNNING, root_ended=_END, signal=(P.DRAINING, (E.DRAIN,)), stop=_END_CALLS, script_gone=_STOP_ROOT),
        P.DRAINING: _row(P.DRAINING, root_ended=_END, signal=_END_CALLS, drained=_END_CALLS, stop=_END_CALLS, script_gone=_STOP_ROOT),
        P.ENDING_CALLS: _row(P.ENDING_CALLS, root_ended=_END, signal=_STOP_ROOT, calls_ended=_STOP_ROOT, script_gone=_STOP_ROOT),
        P.STOPPING: _row(P.STOPPING, root_ended=_END, signal=_END, grace_over=_END),
        P.ENDED: _row(P.ENDED),
    }
)


def step(phase: Phase, happening: Happening) -> Step:
    """The phase after ``happening``, and what to do. Total."""
    return TRANSITIONS[phase][happening]
