"""A plain actor follows a call by the address of its session."""

from collections.abc import Iterator

import pytest

from protocols import CallEnded, CallStarted, CommandDone, EndCall, Restarted, SendText, UserMessage
from supervision import ChildSpec, SimRuntime
from support import sim_session
from support.auditor import Auditor
from support.sim_session import CALL, SESSION
from support.simulated_fire import SUPERVISOR, Fire


@pytest.fixture
def sim(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimRuntime]:
    sim_session.install(monkeypatch)
    with SimRuntime(seed=7) as sim:
        yield sim


class Audited(Fire):
    """The call of a `Fire`, followed by plain actors in the place of handles."""

    def handle(self, number: int) -> ChildSpec:
        return ChildSpec(id=f"auditor/{number}", actor="support.auditor:Auditor", args={"call_id": CALL})


def begin(sim: SimRuntime) -> Auditor:
    sim.start(SUPERVISOR, Audited(7).tree(), actor_id="root")
    sim.run_until(lambda: sim.is_alive(SESSION) and sim.is_alive("auditor/0"), within_s=60.0, what="both")
    actor = sim.actor("auditor/0")
    assert isinstance(actor, Auditor)
    return actor


def test_it_has_every_event_once_through_a_death(sim: SimRuntime) -> None:
    auditor = begin(sim)

    def text(command_id: str) -> None:
        sim.send(SESSION, SendText(command_id=command_id, text=f"say {command_id}"))
        done = CommandDone(command_id=command_id)
        sim.run_until(lambda: any(pushed.event == done for pushed in auditor.events), within_s=60.0, what=command_id)

    text("one")
    sim.kill(SESSION)
    sim.run_until(lambda: any(isinstance(pushed.event, Restarted) for pushed in auditor.events), within_s=60.0, what="its return")
    text("two")
    sim.send(SESSION, EndCall(command_id="end"))
    sim.run_until(lambda: isinstance(auditor.events[-1].event, CallEnded), within_s=60.0, what="the end")
    numbered = [pushed for pushed in auditor.events if pushed.event.kept]
    assert [pushed.number for pushed in numbered] == list(range(1, len(numbered) + 1))
    assert isinstance(numbered[0].event, CallStarted)
    assert [pushed.event.text for pushed in numbered if isinstance(pushed.event, UserMessage)] == ["say one", "say two"]
    assert {pushed.call_id for pushed in numbered} == {CALL}
