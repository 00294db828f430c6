"""Each step of a part's supervision is an event."""

from actors.agent_session.core import Input
from actors.agent_session.core.inputs import PartReported
from actors.agent_session.engine.part_supervision import Part
from actors.agent_session.engine.part_supervisor import PartSupervisor
from protocols import Degraded, PartFailed, PartRecovered, PartRestarted, ProviderError, SessionEvent


class Watched:
    """The supervisor of a part, at a time that is set, and what it told since it was looked at last."""

    def __init__(self, part: Part) -> None:
        self.now = 0.0
        self._told: list[Input] = []
        self.supervisor = PartSupervisor(part, lambda: self.now, self._told.append)

    def told(self) -> list[SessionEvent]:
        told, self._told[:] = list(self._told), []
        return [what.event for what in told if isinstance(what, PartReported)]


BUSY = ProviderError("busy", retryable=True)


def test_a_failure_is_told_then_the_restart_with_reason_and_attempt_then_that_it_works() -> None:
    part = Watched(Part.STT)
    assert part.supervisor.failed(BUSY) == 0.0
    assert part.told() == [PartFailed(part="stt", text="busy", retryable=True)]
    part.supervisor.asked()
    part.supervisor.asked()
    assert part.told() == [PartRestarted(part="stt", restarts=1, text="busy")]
    part.supervisor.worked()
    part.supervisor.worked()
    assert part.told() == [PartRecovered(part="stt")]
    part.now = 5.0
    part.supervisor.failed(KeyError("text"))
    part.supervisor.asked()
    assert part.told()[1:] == [PartRestarted(part="stt", restarts=2, text="KeyError: 'text'")]


def test_what_takes_its_place_is_told_once_until_it_works_or_is_restarted() -> None:
    part = Watched(Part.LLM)
    refused = ProviderError("no such model", retryable=False)
    assert part.supervisor.failed(refused) is None
    part.supervisor.asked()
    assert part.supervisor.failed(refused) is None
    failed = PartFailed(part="llm", text="no such model", retryable=False)
    assert part.told() == [failed, Degraded(part="llm", to="apology", text="no such model"), failed]
    part.supervisor.asked()
    part.supervisor.worked()
    assert part.told() == [PartRecovered(part="llm")]


def test_whether_a_restart_helps_may_be_known_better_than_the_failure_says() -> None:
    part = Watched(Part.VAD)
    assert part.supervisor.failed(ProviderError("odd", retryable=False), restart_helps=True) == 0.0
    assert part.supervisor.failed(BUSY, restart_helps=False) is None


def test_while_all_is_well_nothing_is_told() -> None:
    part = Watched(Part.TTS)
    for _ in range(3):
        part.supervisor.asked()
        part.supervisor.worked()
    assert part.told() == []
