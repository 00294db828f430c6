"""The events of a session, as callbacks (`AgentSession.on`) get them: copies that carry the state of when they happened.

How it works. Most are made of the call's own events, in the order of these (`program.session_events`): the call goes on while a callback
runs, so an event says what was true when it happened, and its ``created_at`` when that was. What a program's providers measure, and what of
them fails, is told by themselves (`program.metrics_told`, `program.errors_told`). Changing an event changes nothing in the call.

The classes have LiveKit's names and fields; `RestartedEvent` is ours alone. Each has its own ``type``, the name that it is listened
to by (`EventTypes`), and `AgentEvent` is their union. They are models of pydantic, so that a session's report can be plain data: handles
are left out of that, and failures told by their facts or their text. A session keeps its last ones for the report, as many as
`agent_session.RECORDED_EVENTS` says.
"""

from enum import Enum, unique
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_serializer, model_validator

from livekitex_agent.absent_names import names_of
from protocols import SystemClock

_clock: Final = SystemClock()

EventTypes = Literal[
    "user_state_changed",
    "agent_state_changed",
    "user_input_transcribed",
    "user_transcription_timeout",
    "conversation_item_added",
    "agent_false_interruption",
    "overlapping_speech",
    "function_tools_executed",
    "metrics_collected",
    "session_usage_updated",
    "speech_created",
    "tool_execution_updated",
    "error",
    "close",
    "debug_message",
    "restarted",
]
"""LiveKit's, and ``restarted``: the conversation goes on in another process."""

UserState = Literal["speaking", "listening", "away"]
AgentState = Literal["initializing", "idle", "listening", "thinking", "speaking"]


class Event(BaseModel):
    """What all have: their ``type``, and when they happened (seconds since the epoch)."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    created_at: float = Field(default_factory=_clock.wall)


class UserStateChangedEvent(Event):
    """The caller began or stopped to speak, or is away."""

    type: Literal["user_state_changed"] = "user_state_changed"
    old_state: UserState
    new_state: UserState


class AgentStateChangedEvent(Event):
    """The agent began or stopped to listen, think, or speak."""

    type: Literal["agent_state_changed"] = "agent_state_changed"
    old_state: AgentState
    new_state: AgentState


class UserInputTranscribedEvent(Event):
    """What was understood of the caller; it may change until it is final."""

    type: Literal["user_input_transcribed"] = "user_input_transcribed"
    transcript: str
    is_final: bool
    item_id: str | None = None
    speaker_id: str | None = None
    language: str | None = None


class UserTranscriptionTimeoutEvent(Event):
    """The caller spoke for ``speech_duration`` seconds, and nothing was understood."""

    type: Literal["user_transcription_timeout"] = "user_transcription_timeout"
    speech_duration: float
    vad_speech_started_at: float = 0.0


class UserTurnExceededEvent(Event):
    """The caller's turn has reached its limit, after ``duration`` seconds."""

    type: Literal["user_turn_exceeded"] = "user_turn_exceeded"
    transcript: str
    accumulated_transcript: str
    accumulated_word_count: int
    duration: float


class AgentFalseInterruptionEvent(Event):
    """What interrupted the agent was nothing; it goes on, if ``resumed``."""

    type: Literal["agent_false_interruption"] = "agent_false_interruption"
    resumed: bool


class OverlappingSpeechEvent(Event):
    """The caller spoke over the agent, and it is decided what he meant."""

    type: Literal["overlapping_speech"] = "overlapping_speech"
    is_interruption: bool
    transcript: str = ""
    detection_delay: float = 0.0


class MetricsCollectedEvent(Event):
    """One measurement of a part."""

    type: Literal["metrics_collected"] = "metrics_collected"
    metrics: Any


class SessionUsageUpdatedEvent(Event):
    """What the session's models were used for so far."""

    type: Literal["session_usage_updated"] = "session_usage_updated"
    usage: Any


class ConversationItemAddedEvent(Event):
    """The history has a message or a hand-off more."""

    type: Literal["conversation_item_added"] = "conversation_item_added"
    item: Any


class FunctionToolsExecutedEvent(Event):
    """The tools that the model asked for in one answer have ended; the two lists are parallel.

    Raises:
        ValueError: they are not.
    """

    type: Literal["function_tools_executed"] = "function_tools_executed"
    function_calls: list[Any]
    function_call_outputs: list[Any]
    _handoff_required: bool = PrivateAttr(default=False)

    @model_validator(mode="after")
    def _require_parallel(self) -> Self:
        if len(self.function_calls) != len(self.function_call_outputs):
            raise ValueError("The number of function_calls and function_call_outputs must match.")
        return self

    def zipped(self) -> list[tuple[Any, Any]]:
        """Each call with its output."""
        return list(zip(self.function_calls, self.function_call_outputs, strict=True))

    @property
    def has_tool_reply(self) -> bool:
        """Whether the model is told an output, and answers."""
        return any(getattr(output, "reply_required", True) for output in self.function_call_outputs)

    @property
    def has_agent_handoff(self) -> bool:
        """Whether one of them hands the call to another agent."""
        return self._handoff_required


class ToolCallStarted(BaseModel):
    """A call of a tool is about to run."""

    type: Literal["tool_call_started"] = "tool_call_started"
    function_call: Any


class ToolCallUpdated(BaseModel):
    """A tool tells how far it is; ``silent`` if the caller hears nothing of it. ``id`` is that of the entry, ``call_id`` the call's."""

    type: Literal["tool_call_updated"] = "tool_call_updated"
    id: str
    call_id: str
    message: str
    silent: bool = False


class ToolCallEnded(BaseModel):
    """A call is over; ``message`` is its result or its failure, None if there is nothing to tell."""

    type: Literal["tool_call_ended"] = "tool_call_ended"
    id: str
    call_id: str
    message: str | None = None
    status: Literal["done", "error", "cancelled"]


class ToolReplyUpdated(BaseModel):
    """What becomes of the reply that tells the updates of these ids."""

    type: Literal["tool_reply_updated"] = "tool_reply_updated"
    update_ids: list[str]
    status: Literal["scheduled", "completed", "interrupted", "skipped"]
    speech_id: str


ToolUpdate = ToolCallStarted | ToolCallUpdated | ToolCallEnded | ToolReplyUpdated


class ToolExecutionUpdatedEvent(Event):
    """A call of a tool has begun, gone on or ended."""

    type: Literal["tool_execution_updated"] = "tool_execution_updated"
    update: ToolUpdate = Field(..., discriminator="type")


class SpeechCreatedEvent(Event):
    """The agent is to say something; ``user_initiated`` always, as LiveKit has it but for a realtime model that begins by itself."""

    type: Literal["speech_created"] = "speech_created"
    user_initiated: bool
    source: Literal["say", "generate_reply"]
    speech_handle: Any = Field(..., exclude=True)


class ErrorEvent(Event):
    """A part has failed; ``source`` is the part, where it is known. As plain data each is told by its facts, or by its text."""

    type: Literal["error"] = "error"
    error: Any
    source: Any = None

    @field_serializer("error")
    def _error_as_data(self, error: Any) -> Any:  # noqa: ANN401 - the failure of a provider, or a text
        return error.model_dump() if isinstance(error, BaseModel) else repr(error)

    @field_serializer("source")
    def _source_as_data(self, source: Any) -> Any:  # noqa: ANN401 - a provider of any family
        if hasattr(source, "model") and hasattr(source, "provider"):
            return {"model": source.model, "provider": source.provider}
        return repr(source)


@unique
class CloseReason(str, Enum):  # noqa: UP042 - as LiveKit's: its text is not its value
    """Why a session was closed."""

    ERROR = "error"
    JOB_SHUTDOWN = "job_shutdown"
    PARTICIPANT_DISCONNECTED = "participant_disconnected"
    USER_INITIATED = "user_initiated"
    TASK_COMPLETED = "task_completed"


class CloseEvent(Event):
    """The session is closed."""

    type: Literal["close"] = "close"
    error: Any = None
    reason: CloseReason


class RestartedEvent(Event):
    """The process of the call has died of ``reason`` and was replaced; this is its ``incarnation``. Not in LiveKit's."""

    type: Literal["restarted"] = "restarted"
    reason: str
    incarnation: int


AgentEvent = (
    UserInputTranscribedEvent
    | UserTranscriptionTimeoutEvent
    | UserStateChangedEvent
    | AgentStateChangedEvent
    | AgentFalseInterruptionEvent
    | MetricsCollectedEvent
    | SessionUsageUpdatedEvent
    | ConversationItemAddedEvent
    | FunctionToolsExecutedEvent
    | SpeechCreatedEvent
    | ToolExecutionUpdatedEvent
    | ErrorEvent
    | CloseEvent
    | OverlappingSpeechEvent
    | RestartedEvent
)

__getattr__ = names_of(__name__, {"RunContext": "livekitex_agent.voice.run_context"})
