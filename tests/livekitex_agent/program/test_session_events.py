"""A session's events of LiveKit's, from those of the call: every state has a name there, and one that has none of its own is no change."""

import pytest

from livekitex_agent.program.session_events import AGENT_STATES, USER_STATES, session_events
from livekitex_agent.voice.events import UserStateChangedEvent
from protocols import AgentState, EventPushed, UserState, UserStateChanged


def pushed(old: str, new: str) -> EventPushed:
    return EventPushed(call_id="c", number=1, incarnation=1, wall_s=5.0, turn_id="", speech_id="", event=UserStateChanged(old=old, new=new))


def test_every_state_has_a_name() -> None:
    assert set(UserState) <= USER_STATES.keys()
    assert set(AgentState) <= AGENT_STATES.keys()


@pytest.mark.parametrize(
    ("old", "new", "states"), [("listening", "speaking", 1), ("speaking", "transcribing", 1), ("transcribing", "listening", 0)]
)
def test_a_caller_who_has_stopped_listens(old: str, new: str, states: int) -> None:
    events = list(session_events(pushed(old, new), lambda _: None))
    assert len(events) == states
    for event in events:
        assert isinstance(event, UserStateChangedEvent)
        assert (event.old_state, event.new_state) == (USER_STATES[old], USER_STATES[new])
