"""Supervision of a session's parts: what becomes of one that failed. Pure; the time is an argument.

A part is what one provider does in a call: its requests, its streams. One that fails is restarted as a process would be: it is asked again,
at once the first time and after a growing pause for as long as it has not worked since. It is given up, and something takes its place
(`Policy.fallback`), where that is of no use: the provider says so, or wants more time than a caller waits (`MAX_RETRY_AFTER_S`), the
restarts in a row are used up, or those within a time (OTP's intensity: what is older is forgotten). What is given up is still asked by
the next request, once, so that it is found to work again; only where a part's docs say so it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from protocols import StateTable
from supervision import Backoff, RestartIntensity

MAX_RETRY_AFTER_S: Final = 5.0
"""The longest wait that a provider may ask for before it is tried again: a caller waits no longer. No retry helps with more."""


class Part(StrEnum):
    """What can fail by itself."""

    VAD = "vad"
    STT = "stt"
    STT_STREAM = "stt stream"
    LLM = "llm"
    TTS = "tts"
    TURN_DETECTOR = "turn_detector"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a part is restarted: ``in_a_row`` times without having worked, and ``max_restarts`` times in ``max_seconds``.

    The first restart in a row is at once, before the next ones is ``backoff``. ``fallback`` is what `Degraded` names when it is given up.
    """

    in_a_row: int
    max_restarts: int
    max_seconds: int
    backoff: Backoff
    fallback: str


_REQUEST: Final = Backoff(initial_ms=300, max_ms=2_400)

POLICIES: Final[Mapping[Part, Policy]] = MappingProxyType(
    {
        # Judged by the clock of the audio. Deaf for 0.3 s at most; then voice is told by its loudness, for the rest of the incarnation.
        Part.VAD: Policy(in_a_row=3, max_restarts=5, max_seconds=10, backoff=Backoff(initial_ms=100, max_ms=400), fallback="loudness"),
        # Who speaks is asked to say it again; what he writes is answered.
        Part.STT: Policy(in_a_row=1, max_restarts=5, max_seconds=30, backoff=_REQUEST, fallback="text"),
        # Turns are recognised when they are over, without interim texts, for the rest of the incarnation.
        Part.STT_STREAM: Policy(in_a_row=2, max_restarts=3, max_seconds=60, backoff=_REQUEST, fallback="whole turns"),
        Part.LLM: Policy(in_a_row=2, max_restarts=5, max_seconds=30, backoff=_REQUEST, fallback="apology"),
        # The apology is kept as audio. A voice that fails once more leaves the replies as text (`core.interruption`).
        Part.TTS: Policy(in_a_row=2, max_restarts=5, max_seconds=30, backoff=_REQUEST, fallback="apology"),
        # The least delay ends turns, for the rest of the incarnation.
        Part.TURN_DETECTOR: Policy(in_a_row=3, max_restarts=5, max_seconds=60, backoff=_REQUEST, fallback="vad"),
    }
)


class PartStatus(StrEnum):
    """Where a part is."""

    WELL = "well"
    FAILED = "failed"
    """It is to be restarted."""
    RESTARTED = "restarted"
    """It was, and has not worked yet."""
    GIVEN_UP = "given_up"


class PartEvent(StrEnum):
    """What happens to it."""

    ASKED = "asked"
    FAILED = "failed"
    SPENT = "spent"
    """It failed, and is not to be restarted."""
    WORKED = "worked"


PART_STATES: Final = StateTable[PartStatus, PartEvent](
    "part",
    PartStatus.WELL,
    {
        PartStatus.WELL: {
            PartEvent.ASKED: PartStatus.WELL,
            PartEvent.FAILED: PartStatus.FAILED,
            PartEvent.SPENT: PartStatus.GIVEN_UP,
            PartEvent.WORKED: PartStatus.WELL,
        },
        PartStatus.FAILED: {
            PartEvent.ASKED: PartStatus.RESTARTED,
            PartEvent.FAILED: PartStatus.FAILED,
            PartEvent.SPENT: PartStatus.GIVEN_UP,
            PartEvent.WORKED: PartStatus.WELL,
        },
        PartStatus.RESTARTED: {
            PartEvent.ASKED: PartStatus.RESTARTED,
            PartEvent.FAILED: PartStatus.FAILED,
            PartEvent.SPENT: PartStatus.GIVEN_UP,
            PartEvent.WORKED: PartStatus.WELL,
        },
        PartStatus.GIVEN_UP: {
            PartEvent.ASKED: PartStatus.GIVEN_UP,
            PartEvent.FAILED: PartStatus.FAILED,
            PartEvent.SPENT: PartStatus.GIVEN_UP,
            PartEvent.WORKED: PartStatus.WELL,
        },
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHealth:
    """A part: its status, the restarts since it last worked, those that its intensity counts, and what it failed of last."""

    part: Part
    intensity: RestartIntensity
    status: PartStatus = PART_STATES.initial
    in_a_row: int = 0
    reason: str = ""

    @classmethod
    def of(cls, part: Part) -> Self:
        """One that has not failed yet."""
        policy = POLICIES[part]
        return cls(part=part, intensity=RestartIntensity(max_restarts=policy.max_restarts, max_seconds=policy.max_seconds))

    def asked(self) -> Self:
        """It has a request; where it was to be restarted, that is its restart."""
        return replace(self, status=PART_STATES.step(self.status, PartEvent.ASKED))

    def worked(self) -> Self:
        """It did what it is for."""
        return replace(self, status=PART_STATES.step(self.status, PartEvent.WORKED), in_a_row=0)

    def failed(self, reason: str, now: float, *, restart_helps: bool, retry_after_s: float = 0.0) -> tuple[Self, float | None]:
        """It failed for ``reason`` at ``now`` (monotonic seconds): after how many seconds it is to be restarted; None: it is given up.

        ``restart_helps`` is whether that may help at all; ``retry_after_s`` is how long it asks to be left alone.
        """
        policy = POLICIES[self.part]
        intensity, within = self.intensity.count(now)
        if not (restart_helps and retry_after_s <= MAX_RETRY_AFTER_S and self.in_a_row < policy.in_a_row and within):
            return replace(self, status=PART_STATES.step(self.status, PartEvent.SPENT), in_a_row=0, reason=reason), None
        delay_s = policy.backoff.delay_ms(self.in_a_row) / 1000 if self.in_a_row else 0.0
        after = replace(
            self,
            status=PART_STATES.step(self.status, PartEvent.FAILED),
            intensity=intensity,
            in_a_row=self.in_a_row + 1,
            reason=reason,
        )
        return after, max(delay_s, retry_after_s)
