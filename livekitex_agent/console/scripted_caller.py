"""When a caller who has his lines ready says the next: once the conversation is quiet. Pure.

Quiet is when nobody has the turn: for a moment if the agent has answered since the last line, else for as long as a caller waits for an
agent that may have nothing to say.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from protocols import ConversationState

ANSWERED_S: Final = 0.4
"""A caller speaks this long after the agent has answered."""
GREETING_S: Final = 2.0
"""An agent that says nothing for so long when the call begins waits for the caller."""
PATIENCE_S: Final = 4.0
"""An agent that says nothing for so long has no answer to a line."""
LIMIT_S: Final = 120.0
"""A conversation in which nothing happens for so long, and which is not quiet, is given up."""


class Next(StrEnum):
    """What the caller does now."""

    WAIT = "wait"
    SPEAK = "speak"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedCaller:
    """A caller between two lines. ``since_s`` is when something happened last, ``lines`` how many lines he has begun."""

    since_s: float
    lines: int = 0
    state: str = ConversationState.IDLE
    answered: bool = False
    speaks: bool = False


def saw_state(caller: ScriptedCaller, state: str, now: float) -> ScriptedCaller:
    """The conversation is in ``state``."""
    return replace(caller, state=state, since_s=now)


def heard_reply(caller: ScriptedCaller, now: float) -> ScriptedCaller:
    """The agent has said something to its end."""
    return replace(caller, answered=True, since_s=now)


def heard_something(caller: ScriptedCaller, now: float) -> ScriptedCaller:
    """The agent is heard, or the call came back from a death: it is not over what it does."""
    return replace(caller, since_s=now)


def began_line(caller: ScriptedCaller, now: float) -> ScriptedCaller:
    """The caller begins to say his next line."""
    return replace(caller, lines=caller.lines + 1, answered=False, speaks=True, since_s=now)


def finished_line(caller: ScriptedCaller, now: float) -> ScriptedCaller:
    """The caller's line has been said to its end."""
    return replace(caller, speaks=False, since_s=now)


def decide(caller: ScriptedCaller, now: float) -> Next:
    """What to do at ``now``; to speak is to say the next line, or to hang up if there is none."""
    if caller.speaks:
        return Next.WAIT
    quiet_s = ANSWERED_S if caller.answered else PATIENCE_S if caller.lines else GREETING_S
    if caller.state == ConversationState.IDLE:
        return Next.SPEAK if now >= caller.since_s + quiet_s else Next.WAIT
    return Next.GIVE_UP if now >= caller.since_s + LIMIT_S else Next.WAIT
