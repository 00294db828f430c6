import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.gateway.lifecycle import TRANSITIONS, Effect, Happening, Phase, step


def test_the_table_is_total() -> None:
    assert set(TRANSITIONS) == set(Phase)
    assert all(set(row) == set(Happening) for row in TRANSITIONS.values())


@pytest.mark.parametrize(
    ("happenings", "effects"),
    [
        ([Happening.ROOT_UP, Happening.STOP, Happening.ROOT_ENDED], [Effect.TELL_READY, Effect.STOP_ROOT, Effect.END]),
        ([Happening.ROOT_ENDED], [Effect.END]),
        ([Happening.STOP, Happening.ROOT_UP, Happening.ROOT_ENDED], [Effect.END]),
        ([Happening.ROOT_UP, Happening.STOP, Happening.STOP, Happening.GRACE_OVER], [Effect.TELL_READY, Effect.STOP_ROOT, Effect.END]),
    ],
)
def test_ways_through_a_life(happenings: list[Happening], effects: list[Effect]) -> None:
    assert _run(happenings)[1] == effects


@given(st.lists(st.sampled_from(Happening)))
def test_whatever_happens_it_ends_once_and_a_stop_ends_it(happenings: list[Happening]) -> None:
    phase, effects = _run(happenings)
    assert effects.count(Effect.END) == (phase is Phase.ENDED)
    phase, _ = _run([*happenings, Happening.STOP, Happening.GRACE_OVER])
    assert phase is Phase.ENDED


def _run(happenings: list[Happening]) -> tuple[Phase, list[Effect]]:
    phase, done = Phase.STARTING, list[Effect]()
    for happening in happenings:
        phase, effects = step(phase, happening)
        done += effects
    return phase, done
