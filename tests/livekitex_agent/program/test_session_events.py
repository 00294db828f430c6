"""A session's events of LiveKit's, from those of the call: every state has a name there, and one that has none of its own is no change."""

from livekitex_agent.program.agent_states import AGENT_STATES
from livekitex_agent.program.session_events import session_events
from livekitex_agent.program.tool_outcomes import ToolOutcome, ToolOutcomes
from livekitex_agent.program.user_transcripts import UserTranscripts
from livekitex_agent.voice.events import FunctionToolsExecutedEvent, ToolExecutionUpdatedEvent
from protocols import (
    AgentState,
    EventPushed,
    ExecutedCall,
    FunctionToolsExecuted,
    SessionEvent,
    ToolCalled,
    ToolReturned,
)


def pushed(event: SessionEvent) -> EventPushed:
    return EventPushed(call_id="c", number=1, incarnation=1, wall_s=5.0, turn_id="", speech_id="", event=event)


def test_every_state_has_a_name() -> None:
    assert set(AgentState) <= AGENT_STATES.keys()


def test_a_call_of_a_tool_is_told_as_it_begins_and_as_it_ends() -> None:
    outcomes = ToolOutcomes()
    (begins,) = session_events(pushed(ToolCalled(call_id="1", name="look", arguments="{}")), lambda _: None, outcomes, UserTranscripts())
    outcomes.note("1", ToolOutcome(message="a secret", failed=True, reply=True, hand_off=False))
    returned = pushed(ToolReturned(call_id="1", name="look", result="failed", ok=True))
    (ends,) = session_events(returned, lambda _: None, outcomes, UserTranscripts())
    started, ended = (event.update for event in (begins, ends) if isinstance(event, ToolExecutionUpdatedEvent))
    assert (started.type, started.function_call.name) == ("tool_call_started", "look")
    assert (ended.type, ended.id, ended.message, ended.status) == ("tool_call_ended", "1", "a secret", "error")


def test_what_tools_came_to_says_whether_it_is_answered_and_who_has_the_call() -> None:
    outcomes = ToolOutcomes()
    outcomes.note("1", ToolOutcome(message=None, failed=False, reply=False, hand_off=True))
    executed = FunctionToolsExecuted(calls=(ExecutedCall(call_id="1", name="go", arguments="{}", result=""),))
    (event,) = session_events(pushed(executed), lambda _: None, outcomes, UserTranscripts())
    assert isinstance(event, FunctionToolsExecutedEvent)
    assert event.has_agent_handoff
    assert not event.has_tool_reply


def test_a_call_that_was_not_run_is_told_of_with_the_others_alone() -> None:
    outcomes = ToolOutcomes()
    text = "Unknown function: look - available tools: go"
    returned = ToolReturned(call_id="1", name="look", result=text, ok=False)
    assert list(session_events(pushed(returned), lambda _: None, outcomes, UserTranscripts())) == []
    executed = FunctionToolsExecuted(calls=(ExecutedCall(call_id="1", name="look", arguments="{}", result=text),))
    (event,) = session_events(pushed(executed), lambda _: None, outcomes, UserTranscripts())
    assert isinstance(event, FunctionToolsExecutedEvent)
    (output,) = event.function_call_outputs
    assert output is not None
    assert (output.is_error, output.output) == (True, text)
