"""When audio is due, so that it leaves in real time.

A pure plan: the time is an argument, and the wake-ups of whoever asks may be late. Frames are due at ``start + n * frame``, reckoned
from the samples sent and never from the last wake-up, so lateness does not add up: who wakes late finds more frames due.
"""

from dataclasses import dataclass, replace

from protocols import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Playout:
    """The state of one direction's playout; each answer is a new one.

    ``started_at`` is when the first sample is heard; ``lead_ms`` is how far ahead samples are handed out, for a listener who buffers
    that much. When the queue ran dry (``dry``), or silence of more than ``max_late_ms`` was heard because nobody asked, the plan goes
    on behind that silence and makes up for none of it.

    Raises:
        ConfigurationError: a rate or frame that is not positive, or a frame that is no whole number of samples.
    """

    rate_hz: int
    frame_ms: int = 20
    lead_ms: int = 0
    max_late_ms: int = 1_000
    started_at: float | None = None
    sent_samples: int = 0
    dry: bool = False

    def __post_init__(self) -> None:
        if self.rate_hz <= 0 or self.frame_ms <= 0 or self.rate_hz * self.frame_ms % 1000:
            raise ConfigurationError(f"{self.frame_ms} ms are no whole number of samples at {self.rate_hz} Hz: use 10 or 20 ms")

    @property
    def frame_samples(self) -> int:
        """The samples of one frame."""
        return self.rate_hz * self.frame_ms // 1000

    def due(self, queued: int, now: float, *, last: bool = False) -> tuple[int, "Playout"]:
        """How many of ``queued`` samples to send at ``now``, and the plan after that.

        A number of whole frames; ``last`` says that nothing follows, so the incomplete last frame counts as a frame. Ask also when
        nothing is queued, so that the plan knows of the silence.
        """
        plan = self._anchored(now) if queued else self
        if plan.started_at is None:
            return 0, plan
        # The first frame is due at the start itself. The tiny addition undoes the rounding of now - start for exact wake-ups.
        elapsed_ms = (now - plan.started_at) * 1000 + plan.lead_ms + 1e-6
        wanted = max(0, (int(elapsed_ms // plan.frame_ms) + 1) * plan.frame_samples - plan.sent_samples)
        ready = queued if last else queued // plan.frame_samples * plan.frame_samples
        samples = min(wanted, ready)
        return samples, replace(plan, sent_samples=plan.sent_samples + samples, dry=samples < wanted)

    def next_at(self) -> float | None:
        """When the next frame is due; None before the first and after `stopped`: as soon as something is queued."""
        if self.started_at is None:
            return None
        frames = -(-self.sent_samples // self.frame_samples)
        return self.started_at + (frames * self.frame_ms - self.lead_ms) / 1000

    def played(self, now: float) -> int:
        """How many of the sent samples have been heard by ``now`` by a listener without a delay of his own."""
        if self.started_at is None:
            return 0
        return max(0, min(self.sent_samples, round((now - self.started_at) * self.rate_hz)))

    def stopped(self) -> "Playout":
        """The plan after the end or the interruption of what was played: counts begin at zero with the next sample."""
        return replace(self, started_at=None, sent_samples=0, dry=False)

    def _anchored(self, now: float) -> "Playout":
        """This plan, started now or, if the listener has heard silence, begun anew behind that silence."""
        if self.started_at is None:
            return replace(self, started_at=now)
        silent_s = now - (self.started_at + self.sent_samples / self.rate_hz)
        if (self.dry and silent_s > 0) or silent_s * 1000 > self.max_late_ms:
            return replace(self, started_at=self.started_at + silent_s, dry=False)
        return self
