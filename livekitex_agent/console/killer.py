"""When the call's process is killed. Pure: states and the time come in, a verdict comes out."""

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
    """Kills ``left`` times, at most once per line of the caller, and never before line ``first_line`` (counted from 1).

    A call by text (``by_text``) is never heard: there speaking is when the reply is written.
    """

    kill_at: KillAt
    left: int
    first_line: int
    by_text: bool = False
    last_line: int = 0
    armed_at_s: float | None = None

    @property
    def state(self) -> ConversationState:
        """The state of the conversation in which it kills."""
        return ConversationState.RESPONDING if self.by_text and self.kill_at is KillAt.SPEAKING else STATES[self.kill_at]

    @property
    def delay_s(self) -> float:
        """How long it waits in that state."""
        return 0.0 if self.by_text else _DELAY_S[self.kill_at]


def saw_state(killer: Killer, state: str, line: int, now: float) -> Killer:
    """The conversation is in ``state`` while the caller's newest line is the ``line``-th."""
    if killer.left == 0 or line < max(killer.first_line, killer.last_line + 1) or state != killer.state:
        return replace(killer, armed_at_s=None)
    return killer if killer.armed_at_s is not None else replace(killer, armed_at_s=now + killer.delay_s)


def decide(killer: Killer, line: int, now: float) -> tuple[Killer, bool]:
    """Whether to kill at ``now``."""
    if killer.armed_at_s is None or now < killer.armed_at_s:
        return killer, False
    return replace(killer, left=killer.left - 1, last_line=line, armed_at_s=None), True
