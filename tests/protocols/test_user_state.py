"""The caller's machine."""

import pytest

from protocols import USER_STATES, IllegalTransitionError, UserEvent, UserState
from support.state_tables import check_table


def test_the_table_is_whole() -> None:
    check_table(USER_STATES, UserState, UserEvent)


def test_who_goes_on_after_a_pause_speaks_the_same_turn() -> None:
    state = USER_STATES.initial
    for event in (UserEvent.SPEECH_STARTED, UserEvent.SPEECH_ENDED, UserEvent.SPEECH_STARTED, UserEvent.SPEECH_ENDED):
        state = USER_STATES.step(state, event)
    assert state is UserState.TRANSCRIBING
    assert USER_STATES.step(state, UserEvent.TURN_SETTLED) is USER_STATES.initial


def test_a_turn_that_is_not_over_cannot_be_settled() -> None:
    with pytest.raises(IllegalTransitionError, match="user: turn_settled is illegal in the state speaking"):
        USER_STATES.step(UserState.SPEAKING, UserEvent.TURN_SETTLED)
