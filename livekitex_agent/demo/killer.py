"""When the demo kills the session's process. Pure: states and the time come in, a verdict comes out."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from protocols import ConversationState

MID_SENTENCE_S: Final = 0.5
"""A kill while somebody speaks waits this long, so that it falls into the middle of a sentence."""


class KillAt(StrEnum):
    """What the conversation is doing when its process is killed."""

    LISTENING = "listening"
    THINKING = "thinking"
    TOOL = "tool"
    SPEAKING = "speaking"


STATES: Final = {
    KillAt.LISTENING: ConversationState.LISTENING,
    KillAt.THINKING: ConversationState.THINKING,
    KillAt.TOOL: ConversationState.TOOL_EXECUTION,
    KillAt.SPEAKING: ConversationState.SPEAKING,
}
_DELAY_S: Final = {KillAt.LISTENING: MID_SENTENCE_S, KillAt.SPEAKING: MID_SENTENCE_S, KillAt.THINKING: 0.0, KillAt.TOOL: 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Killer:
    """Kills ``left`` times, at most once per line of the caller, and never before line ``first_line`` (counted from 1)."""

    kill_at: KillAt
    left: int
    first_line: int
    last_line: int = 0
    armed_at_s: float | None = None


def saw_state(killer: Killer, state: str, line: int, now: float) -> Killer:
    """The conversation is in ``state`` while the caller's newest line is the ``line``-th."""
    if killer.left == 0 or line < max(killer.first_line, killer.last_line + 1) or state != STATES[killer.kill_at]:
        return replace(killer, armed_at_s=None)
    return killer if killer.armed_at_s is not None else replace(killer, armed_at_s=now + _DELAY_S[killer.kill_at])


def decide(killer: Killer, line: int, now: float) -> tuple[Killer, bool]:
    """Whether to kill at ``now``."""
    if killer.armed_at_s is None or now < killer.armed_at_s:
        return killer, False
    return replace(killer, left=killer.left - 1, last_line=line, armed_at_s=None), True
