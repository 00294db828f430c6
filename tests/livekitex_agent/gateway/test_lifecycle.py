import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.gateway.lifecycle import TRANSITIONS, Effect, Happening, Phase, step

UP, SIGNAL, STOP = Happening.ROOT_UP, Happening.SIGNAL, Happening.STOP
GONE, ENDED = Happening.SCRIPT_GONE, Happening.ROOT_ENDED


def test_the_table_is_total_and_every_phase_is_reached() -> None:
    assert set(TRANSITIONS) == set(Phase)
    assert all(set(row) == set(Happening) for row in TRANSITIONS.values())
    reached = {Phase.STARTING}
    for _ in Phase:
        reached |= {step(phase, happening)[0] for phase in reached for happening in Happening}
    assert reached == set(Phase)


@pytest.mark.parametrize(
    ("happenings", "effects"),
    [
        ([UP, STOP, Happening.CALLS_ENDED, ENDED], [Effect.TELL_READY, Effect.END_CALLS, Effect.STOP_ROOT, Effect.END]),
        ([ENDED], [Effect.END]),
        ([STOP, UP, ENDED], [Effect.END]),
        ([SIGNAL], [Effect.END]),
        ([GONE], [Effect.END]),
        ([UP, GONE, Happening.GRACE_OVER], [Effect.TELL_READY, Effect.STOP_ROOT, Effect.END]),
        ([UP, ENDED, STOP], [Effect.TELL_READY, Effect.END]),
    ],
)
def test_ways_through_a_life(happenings: list[Happening], effects: list[Effect]) -> None:
    assert _run(happenings)[1] == effects


def test_a_signal_drains_and_each_further_one_hurries_by_a_step() -> None:
    phase, effects = _run([UP, SIGNAL, Happening.DRAINED, Happening.CALLS_ENDED, ENDED])
    orderly = [Effect.TELL_READY, Effect.DRAIN, Effect.END_CALLS, Effect.STOP_ROOT, Effect.END]
    assert effects == orderly
    for count, phase in enumerate([Phase.RUNNING, Phase.DRAINING, Phase.ENDING_CALLS, Phase.STOPPING, Phase.ENDED]):
        assert _run([UP, *[SIGNAL] * count]) == (phase, orderly[: count + 1])


@pytest.mark.parametrize("draining", [[], [SIGNAL], [SIGNAL, SIGNAL]])
def test_a_script_that_asks_or_is_gone_has_nothing_drained(draining: list[Happening]) -> None:
    assert _run([UP, *draining, STOP])[0] is Phase.ENDING_CALLS
    phase, effects = _run([UP, *draining, GONE])
    assert (phase, effects[-1]) == (Phase.STOPPING, Effect.STOP_ROOT)
    assert _run([UP, *draining, GONE, STOP]) == (phase, effects)


@given(st.lists(st.sampled_from(Happening)), st.sampled_from([STOP, SIGNAL, GONE]))
def test_whatever_happens_it_ends_once_and_whoever_asks_ends_it_in_time(happenings: list[Happening], asked: Happening) -> None:
    phase, effects = _run(happenings)
    assert effects.count(Effect.END) == (phase is Phase.ENDED)
    assert all(effects.count(effect) <= 1 for effect in Effect)
    phase, _ = _run([*happenings, asked, Happening.DRAINED, Happening.CALLS_ENDED, Happening.GRACE_OVER])
    assert phase is Phase.ENDED


def _run(happenings: list[Happening]) -> tuple[Phase, list[Effect]]:
    phase, done = Phase.STARTING, list[Effect]()
    for happening in happenings:
        phase, effects = step(phase, happening)
        done += effects
    return phase, done
