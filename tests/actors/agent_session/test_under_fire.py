"""Many schedules on SimRuntime: processes die at any step, messages are lost, late and doubled, handles come late and sleep.

``python -m benchmarks.simulated_fire`` tries thousands.
"""

import pytest

from protocols import EventsMissed
from supervision import SimRuntime
from support import sim_session
from support.sim_session import EVENTS_KEPT
from support.simulated_fire import Fire


@pytest.fixture(autouse=True)
def _simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    sim_session.install(monkeypatch)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_dies_and_is_lost_each_text_has_one_answer_and_each_handle_a_whole_record(seed: int) -> None:
    with SimRuntime(seed=seed) as sim:
        Fire(seed).run(sim, hurts=6)


def test_a_handle_that_sleeps_long_is_told_how_much_it_missed() -> None:
    with SimRuntime(seed=1) as sim:
        fire = Fire(1)
        fire.run(sim, hurts=0)
        missed = [pushed.event.count for pushed in fire.handles(sim)[1].record if isinstance(pushed.event, EventsMissed)]
    assert sum(missed) > EVENTS_KEPT
