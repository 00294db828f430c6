"""What the demo's caller does next: says his lines in turn, and repeats one when asked or when nobody answers.

Pure: events and the time come in, an `Act` comes out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

PAUSE_S: Final = 0.4
"""A caller answers this long after the agent has stopped speaking."""
PATIENCE_S: Final = 12.0
"""A caller who hears nothing for this long says his line again."""
MAX_REPEATS: Final = 3
"""A caller who had to repeat one line this often hangs up."""
ASKS_AGAIN: Final = ("sorry", "again", "repeat", "did not understand", "didn't catch")


class Phase(StrEnum):
    """What the caller waits for."""

    LISTENING = "listening"
    ABOUT_TO_SPEAK = "about_to_speak"
    SPEAKING = "speaking"
    OVER = "over"


class Act(StrEnum):
    """What the caller does now."""

    WAIT = "wait"
    SPEAK = "speak"
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A caller with his lines. ``next_line`` is the index of the line that he says next; ``repeats`` counts its repetitions."""

    lines: Sequence[str]
    next_line: int = 0
    repeats: int = 0
    phase: Phase = Phase.LISTENING
    since_s: float = 0.0


def heard_reply(caller: Caller, text: str, now: float) -> Caller:
    """The agent has said all of ``text``."""
    if caller.phase is Phase.OVER or caller.phase is Phase.SPEAKING:
        return caller
    asked_again = caller.next_line > 0 and any(words in text.lower() for words in ASKS_AGAIN)
    going_on = _repeat(caller) if asked_again else replace(caller, repeats=0)
    return replace(going_on, phase=Phase.ABOUT_TO_SPEAK, since_s=now)


def finished_line(caller: Caller, now: float) -> Caller:
    """The caller's line has been said to its end."""
    return replace(caller, phase=Phase.LISTENING, since_s=now)


def heard_something(caller: Caller, now: float) -> Caller:
    """The agent speaks or works: the caller's patience starts anew."""
    return replace(caller, since_s=now) if caller.phase is Phase.LISTENING else caller


def ended(caller: Caller) -> Caller:
    """The call is over."""
    return replace(caller, phase=Phase.OVER)


def decide(caller: Caller, now: float) -> tuple[Caller, Act]:
    """What to do at ``now``. To speak is to say ``lines[next_line - 1]`` of the caller afterwards."""
    match caller.phase:
        case Phase.ABOUT_TO_SPEAK if now >= caller.since_s + PAUSE_S:
            if caller.repeats > MAX_REPEATS or caller.next_line >= len(caller.lines):
                return ended(caller), Act.HANG_UP
            return replace(caller, phase=Phase.SPEAKING, since_s=now, next_line=caller.next_line + 1), Act.SPEAK
        case Phase.LISTENING if now >= caller.since_s + PATIENCE_S:
            return replace(_repeat(caller), phase=Phase.ABOUT_TO_SPEAK, since_s=now), Act.WAIT
        case _:
            return caller, Act.WAIT


def _repeat(caller: Caller) -> Caller:
    return replace(caller, next_line=max(0, caller.next_line - 1), repeats=caller.repeats + 1)
