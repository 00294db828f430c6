"""The table of the conversation: total, closed, and shown in the docs as it is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import ConversationEvent, ConversationState, IllegalTransitionError, conversation_diagram, conversation_step
from protocols.conversation import TRANSITIONS

DOCS = Path(__file__).parents[2] / "docs" / "conversation.md"


def test_the_table_is_total_over_the_eight_states() -> None:
    assert set(TRANSITIONS) == set(ConversationState)
    assert len(ConversationState) == 8


@given(st.sampled_from(ConversationState), st.sampled_from(ConversationEvent))
def test_every_pair_moves_as_the_table_says_or_is_refused(state: ConversationState, event: ConversationEvent) -> None:
    if event in TRANSITIONS[state]:
        assert conversation_step(state, event) is TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalTransitionError, match=f"{event} is illegal in the state {state} .*legal: "):
            conversation_step(state, event)


def test_every_state_is_reached_from_idle_and_leads_back_to_it() -> None:
    def reachable(start: ConversationState, moves: Callable[[ConversationState], set[ConversationState]]) -> set[ConversationState]:
        found, todo = {start}, [start]
        while todo:
            for after in moves(todo.pop()) - found:
                found.add(after)
                todo.append(after)
        return found

    ahead = {state: set(TRANSITIONS[state].values()) for state in ConversationState}
    back = {state: {before for before, after in ahead.items() if state in after} for state in ConversationState}
    assert reachable(ConversationState.IDLE, ahead.__getitem__) == set(ConversationState)
    assert reachable(ConversationState.IDLE, back.__getitem__) == set(ConversationState)


def test_every_event_moves_something() -> None:
    assert {event for moves in TRANSITIONS.values() for event in moves} == set(ConversationEvent)


def test_the_diagram_has_a_line_for_each_move() -> None:
    lines = conversation_diagram().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> idle"]
    assert "    speaking --> interrupted: interrupted" in lines
    assert len(lines) == 2 + sum(map(len, TRANSITIONS.values()))


def test_the_docs_show_the_diagram_as_it_is() -> None:
    assert f"```mermaid\n{conversation_diagram()}```" in DOCS.read_text(), f"put this into {DOCS.name}:\n{conversation_diagram()}"
