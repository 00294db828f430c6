"""When silence is a hang: pure, time is an argument (monotonic seconds)."""

from dataclasses import dataclass, replace
from typing import Final, Self

TICKS: Final = 10
"""How often a child is probed and judged within its deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What is known of one child, which is probed and judged at each tick. A hang is noticed within ``deadline_s``.

    A judge who was late himself judges nobody: when a tick comes more than a period late, the answers may wait behind it, and what
    delayed the judge may have delayed the child. Its silence is counted anew from that tick on.
    """

    deadline_s: float
    answered_at: float
    ticked_at: float

    @classmethod
    def begin(cls, deadline_ms: int, now: float) -> Self:
        """A child that came up just now."""
        return cls(deadline_s=deadline_ms / 1000, answered_at=now, ticked_at=now)

    @property
    def period_s(self) -> float:
        """The time between two ticks."""
        return self.deadline_s / TICKS

    def answer(self, now: float) -> Self:
        """The child has answered a probe."""
        return replace(self, answered_at=now)

    def tick(self, now: float) -> tuple[Self, bool]:
        """It is time to judge: whether the child hangs."""
        late = now - self.ticked_at > 2 * self.period_s
        ticked = replace(self, ticked_at=now, answered_at=now if late else self.answered_at)
        return ticked, now - ticked.answered_at > self.deadline_s - self.period_s
