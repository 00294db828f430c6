"""The events of a session: their names, what each carries, and what they are as plain data."""

import json
from typing import Any, Literal, get_args

import pytest
from pydantic import ValidationError

from livekitex_agent.llm import FunctionCall, FunctionCallOutput, LLMError
from livekitex_agent.voice import events
from livekitex_agent.voice.events import (
    AgentEvent,
    AgentStateChangedEvent,
    CloseEvent,
    CloseReason,
    ErrorEvent,
    Event,
    EventTypes,
    FunctionToolsExecutedEvent,
    SpeechCreatedEvent,
    ToolCallEnded,
    ToolCallStarted,
    ToolCallUpdated,
    ToolExecutionUpdatedEvent,
    ToolReplyUpdated,
)
from protocols import SystemClock

KINDS: tuple[type[Event], ...] = get_args(AgentEvent)
CALL = FunctionCall(call_id="1", name="look", arguments="{}")


def output(call: FunctionCall, *, reply: bool = True) -> FunctionCallOutput:
    made = FunctionCallOutput(call_id=call.call_id, name=call.name, output="seen", is_error=False)
    return made.model_copy(update={"reply_required": reply})


@pytest.mark.parametrize("kind", KINDS)
def test_each_event_may_be_listened_to_by_the_name_that_it_carries(kind: type[Event]) -> None:
    (name,) = get_args(kind.model_fields["type"].annotation)
    assert name in get_args(EventTypes)
    assert kind.model_fields["type"].default == name


def test_no_two_events_have_one_name() -> None:
    names = [kind.model_fields["type"].default for kind in KINDS]
    assert len(set(names)) == len(names)
    assert set(get_args(EventTypes)) - set(names) == {"debug_message"}, "which nothing of ours tells"


def test_an_event_is_of_when_it_is_made_unless_it_says_when_it_happened() -> None:
    before = SystemClock().wall()
    event = AgentStateChangedEvent(old_state="idle", new_state="speaking")
    assert before <= event.created_at <= SystemClock().wall()
    assert AgentStateChangedEvent(old_state="idle", new_state="speaking", created_at=5.0).created_at == 5.0


def test_a_state_that_there_is_not_is_no_event() -> None:
    with pytest.raises(ValidationError):
        AgentStateChangedEvent(old_state="idle", new_state="asleep")  # type: ignore[arg-type]


def test_calls_of_tools_are_told_with_their_outputs() -> None:
    other = CALL.model_copy(update={"call_id": "2"})
    event = FunctionToolsExecutedEvent(function_calls=[CALL, other], function_call_outputs=[output(CALL), output(other)])
    assert [(call.call_id, its.call_id) for call, its in event.zipped()] == [("1", "1"), ("2", "2")]
    assert not event.has_agent_handoff


def test_calls_and_outputs_are_as_many() -> None:
    with pytest.raises(ValidationError, match="must match"):
        FunctionToolsExecutedEvent(function_calls=[CALL], function_call_outputs=[])


@pytest.mark.parametrize(("replies", "answered"), [([], False), ([False], False), ([True], True), ([False, True], True)])
def test_the_model_answers_if_one_output_wants_it(replies: list[bool], answered: bool) -> None:
    event = FunctionToolsExecutedEvent(
        function_calls=[CALL] * len(replies), function_call_outputs=[output(CALL, reply=reply) for reply in replies]
    )
    assert event.has_tool_reply is answered


@pytest.mark.parametrize(
    "update",
    [
        ToolCallStarted(function_call=CALL),
        ToolCallUpdated(id="u", call_id="1", message="half"),
        ToolCallEnded(id="1", call_id="1", status="done"),
        ToolReplyUpdated(update_ids=["u"], status="scheduled", speech_id="s"),
    ],
)
def test_how_far_a_tool_is_comes_back_from_plain_data_as_what_it_was(update: Any) -> None:
    event = ToolExecutionUpdatedEvent(update=update)
    assert type(ToolExecutionUpdatedEvent.model_validate(event.model_dump()).update) is type(update)
    assert json.loads(event.model_dump_json())["update"]["type"] == update.type


def test_the_handle_of_a_speech_is_in_its_event_and_not_in_its_data() -> None:
    handle = object()
    event = SpeechCreatedEvent(user_initiated=True, source="say", speech_handle=handle)
    assert event.speech_handle is handle
    assert "speech_handle" not in event.model_dump()


class Model:
    """A provider that says what it is."""

    model, provider = "m-1", "ada"


@pytest.mark.parametrize(
    ("source", "told"), [(Model(), {"model": "m-1", "provider": "ada"}), ("agent", "'agent'"), (None, "None"), (Literal, repr(Literal))]
)
def test_what_has_failed_is_told_by_its_facts_or_its_text(source: Any, told: Any) -> None:
    failure = LLMError(timestamp=1, label="m", error=OSError("gone"), recoverable=False)
    data = ErrorEvent(error=failure, source=source).model_dump()
    assert (data["source"], data["error"]) == (told, failure.model_dump())
    assert ErrorEvent(error=OSError("gone")).model_dump()["error"] == "OSError('gone')"
    json.dumps(data)


def test_a_reason_of_closing_is_a_text_that_is_printed_with_its_name() -> None:
    assert CloseReason.JOB_SHUTDOWN == "job_shutdown"
    assert str(CloseReason.JOB_SHUTDOWN) == "CloseReason.JOB_SHUTDOWN"
    assert CloseEvent(reason=CloseReason("error")).error is None


def test_livekits_events_are_here_by_its_names() -> None:
    named = {name for name in vars(events) if name.endswith("Event")} - {"Event", "AgentEvent"}
    assert {kind.__name__ for kind in KINDS} == named - {"UserTurnExceededEvent"}, "which is the argument of a hook"
