"""When silence is a hang: pure, time is an argument (monotonic seconds, so no suspend of the machine is ever counted)."""

from dataclasses import dataclass, replace
from typing import Final, Self

TICKS: Final = 8
"""How often a child is judged within its deadline."""

PROBE_TICKS: Final = 2
"""Between two probes. So no single lost message is a hang, and a child has the rest of its deadline to answer the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What is known of one child, which is judged at each tick. A hang is noticed within ``deadline_s`` of its beginning.

    ``silence`` is the number of ticks since the child last answered, or was spawned. What is counted is ticks and not time, so the judge's
    own small delays are never held against the child. A judge who was late judges nobody: when a tick comes more than a period late,
    answers may wait behind it, and what delayed the judge (a loaded machine, a stopped one) may have delayed the child. The count begins
    anew from that tick on.
    """

    deadline_s: float
    ticked_at: float
    silence: int = 0

    @classmethod
    def begin(cls, deadline_ms: int, now: float) -> Self:
        """A child that was spawned just now."""
        return cls(deadline_s=deadline_ms / 1000, ticked_at=now)

    @property
    def period_s(self) -> float:
        """The time between two ticks."""
        return self.deadline_s / TICKS

    @property
    def probe_due(self) -> bool:
        """Whether the child is to be probed, whether or not earlier probes wait for their answers."""
        return self.silence > 0 and self.silence % PROBE_TICKS == 0

    @property
    def hung(self) -> bool:
        """Whether the child was silent for its whole deadline."""
        return self.silence >= TICKS

    def answer(self) -> Self:
        """The child has answered a probe."""
        return replace(self, silence=0)

    def tick(self, now: float) -> Self:
        """It is time to judge: look at `probe_due` and `hung` afterwards."""
        late = now - self.ticked_at > 2 * self.period_s
        return replace(self, ticked_at=now, silence=0 if late else self.silence + 1)
