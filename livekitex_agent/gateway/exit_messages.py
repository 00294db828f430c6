"""What a script is told when its system ends without being asked to: what happened, and what to do. Pure."""

from typing import Final

from livekitex_agent.composition import HEARTBEAT_MS
from protocols import ExitKind, ExitReason
from supervision import HUNG

START_AGAIN: Final = "start another one, in which start_session takes up a journalled call under its call_id"
CURE_FIRST: Final = "cure that, then start another one"
READ_LOG: Final = "what it wrote to standard error tells why"
KILLER: Final = "by hand, or by the kernel for want of memory"


def why_ended(reason: ExitReason, why: str, *, was_up: bool) -> str:
    """Why the tree ended, by the exit ``reason`` of its root and what that said of it (``why``); the text names the cure.

    A reason with a detail after ``killed`` names who was killed instead of the root. Of a tree that was never up the reason itself tells
    most: which child failed, and how.
    """
    match reason.kind:
        case ExitKind.KILLED:
            return f"its {reason.detail or 'root'} process was killed by SIGKILL ({KILLER}): {START_AGAIN}"
        case ExitKind.ERROR if reason == HUNG:
            return f"its root process hung, gave no answer for {HEARTBEAT_MS / 1000:g} s and was killed: {START_AGAIN}"
        case _ if not was_up:
            return str(reason)
        case ExitKind.ERROR:
            return f"its root process failed ({reason.detail or 'without a word'}): {CURE_FIRST}"
        case _ if why:
            return f"its supervision tree gave up, it took {why}: {CURE_FIRST}"
        case _:
            return f"its supervision tree has ended ({reason}): {START_AGAIN}"


def launcher_ended(fate: str | None) -> str:
    """Why the system is gone whose launcher said nothing before it ended; ``fate`` is how, None while it seems to live."""
    if fate is None:
        return f"its launcher closed the connection: {READ_LOG}"
    if fate == "killed by SIGKILL":
        return f"its launcher process was {fate} ({KILLER}): {START_AGAIN}"
    return f"its launcher process {'was ' if fate.startswith('killed') else ''}{fate}: {READ_LOG}"
