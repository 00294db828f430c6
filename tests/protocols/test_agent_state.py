"""The agent's machine."""

import pytest

from protocols import AGENT_STATES, AgentEvent, AgentState, IllegalTransitionError
from support.state_tables import check_table


def test_the_table_is_whole() -> None:
    check_table(AGENT_STATES, AgentState, AgentEvent)


def test_every_state_with_a_turn_can_end_it() -> None:
    for state in (AgentState.THINKING, AgentState.SPEAKING, AgentState.PAUSED):
        assert AGENT_STATES.step(state, AgentEvent.TURN_ENDED) is AgentState.LISTENING


@pytest.mark.parametrize("event", AgentEvent)
def test_nothing_follows_the_end(event: AgentEvent) -> None:
    with pytest.raises(IllegalTransitionError):
        AGENT_STATES.step(AgentState.CLOSING, event)


def test_it_takes_one_turn_at_a_time() -> None:
    with pytest.raises(IllegalTransitionError, match=r"turn_taken is illegal in the state speaking \(legal: playout_started"):
        AGENT_STATES.step(AgentState.SPEAKING, AgentEvent.TURN_TAKEN)
