"""The supervisor of one part: asks `part_supervision` what becomes of a failure, and has each step told as an event."""

from collections.abc import Callable

from actors.agent_session.core import Input
from actors.agent_session.core.inputs import PartReported
from actors.agent_session.engine.failures import failure_of, retry_after_of
from actors.agent_session.engine.part_supervision import POLICIES, Part, PartHealth, PartStatus
from protocols import Degraded, PartFailed, PartRecovered, PartRestarted


class PartSupervisor:
    """Supervises ``part`` by the clock ``now`` (monotonic seconds); its events go to ``report``. Used on the event loop."""

    def __init__(self, part: Part, now: Callable[[], float], report: Callable[[Input], None]) -> None:
        self._now = now
        self._report = report
        self._health = PartHealth.of(part)

    def asked(self) -> None:
        """The part has a request: `PartRestarted`, if it was to be restarted."""
        before, self._health = self._health, self._health.asked()
        if before.status is PartStatus.FAILED:
            self._tell(PartRestarted(part=str(before.part), restarts=len(before.intensity.restarts), text=before.reason))

    def worked(self) -> None:
        """The part did what it is for: `PartRecovered`, if it had failed."""
        before, self._health = self._health, self._health.worked()
        if before.status is not PartStatus.WELL:
            self._tell(PartRecovered(part=str(before.part)))

    def failed(self, failure: BaseException, *, restart_helps: bool | None = None) -> float | None:
        """The part failed (`PartFailed`): after how many seconds it is to be asked again, or None if it is given up (`Degraded`).

        Whether a restart helps at all, the failure says, unless it is said here.
        """
        text, retryable = failure_of(failure)
        helps = retryable if restart_helps is None else restart_helps
        before = self._health
        self._health, delay_s = before.failed(text, self._now(), restart_helps=helps, retry_after_s=retry_after_of(failure))
        self._tell(PartFailed(part=str(before.part), text=text, retryable=delay_s is not None))
        if delay_s is None and before.status is not PartStatus.GIVEN_UP:
            self._tell(Degraded(part=str(before.part), to=POLICIES[before.part].fallback, text=text))
        return delay_s

    def _tell(self, event: PartFailed | PartRestarted | PartRecovered | Degraded) -> None:
        self._report(PartReported(event=event))
