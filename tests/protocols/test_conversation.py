"""The word for a conversation: total over both machines, each of the eight reached, and shown in the docs as it is."""

from itertools import product
from pathlib import Path

import pytest

from protocols import (
    AGENT_STATES,
    USER_STATES,
    AgentState,
    ConversationState,
    UserState,
    conversation_state,
    conversation_table,
)

DOCS = Path(__file__).parents[2] / "docs" / "conversation.md"
S = ConversationState
U = UserState
A = AgentState


def test_it_is_total_and_reaches_all_eight() -> None:
    seen = {
        conversation_state(user, agent, tools_run=tools_run, words_stand=words_stand)
        for user, agent, tools_run, words_stand in product(UserState, AgentState, (False, True), (False, True))
    }
    assert seen == set(ConversationState)
    assert len(ConversationState) == 8


@pytest.mark.parametrize(
    ("user", "agent", "facts", "state"),
    [
        (U.LISTENING, A.LISTENING, "", S.IDLE),
        (U.SPEAKING, A.LISTENING, "", S.LISTENING),
        (U.TRANSCRIBING, A.LISTENING, "", S.PROCESSING),
        (U.SPEAKING, A.THINKING, "", S.THINKING),
        (U.LISTENING, A.THINKING, "words", S.RESPONDING),
        (U.LISTENING, A.THINKING, "words tools", S.TOOL_EXECUTION),
        (U.TRANSCRIBING, A.SPEAKING, "words", S.SPEAKING),
        (U.LISTENING, A.SPEAKING, "tools", S.TOOL_EXECUTION),
        (U.SPEAKING, A.PAUSED, "words", S.INTERRUPTED),
        (U.SPEAKING, A.PAUSED, "tools", S.TOOL_EXECUTION),
        (U.SPEAKING, A.INITIALIZING, "tools", S.IDLE),
        (U.SPEAKING, A.CLOSING, "", S.IDLE),
    ],
)
def test_what_it_says(user: UserState, agent: AgentState, facts: str, state: ConversationState) -> None:
    assert conversation_state(user, agent, tools_run="tools" in facts, words_stand="words" in facts) is state


def test_the_table_has_a_row_for_each_state_of_the_agent() -> None:
    lines = conversation_table().splitlines()
    assert lines[0] == "| agent | caller listening | caller speaking | caller transcribing |"
    assert "| listening | idle | listening | processing |" in lines
    assert len(lines) == 2 + len(AgentState)


@pytest.mark.parametrize("picture", [f"```mermaid\n{table.diagram()}```" for table in (USER_STATES, AGENT_STATES)] + [conversation_table()])
def test_the_docs_show_them_as_they_are(picture: str) -> None:
    assert picture in DOCS.read_text(), f"put this into {DOCS.name}:\n{picture}"
