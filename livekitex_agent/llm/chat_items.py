"""What stands in a chat context, in LiveKit's classes: items that programs may change.

Each is a pydantic model with ``type``, ``id`` and ``created_at`` (seconds since the epoch). What the session keeps of them is
`livekitex_agent.llm.conversion`'s.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from typing_extensions import TypedDict

from livekitex_agent.metrics.base import MetricsMetadata
from livekitex_agent.utils.misc import shortuuid, wall_time

__all__ = [
    "AgentConfigUpdate",
    "AgentHandoff",
    "AudioContent",
    "CacheBreakpoint",
    "ChatContent",
    "ChatItem",
    "ChatMessage",
    "ChatRole",
    "FunctionCall",
    "FunctionCallOutput",
    "ImageContent",
    "MetricsMetadata",
    "MetricsReport",
]

ChatRole: TypeAlias = Literal["developer", "system", "user", "assistant"]


def _new_item_id() -> str:
    return shortuuid("item_")


def _no_metrics() -> "MetricsReport":
    return {}


def _new_image_id() -> str:
    return shortuuid("img_")


class ImageContent(BaseModel):
    """An image: a URL, a data URL, or a video frame of the rtc SDK. ``inference_detail`` is a wish that OpenAI heeds."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    id: str = Field(default_factory=_new_image_id)
    type: Literal["image_content"] = "image_content"
    image: str | Any
    inference_width: int | None = None
    inference_height: int | None = None
    inference_detail: Literal["auto", "high", "low"] = "auto"
    mime_type: str | None = None
    _cache: dict[Any, Any] = PrivateAttr(default_factory=dict)


class AudioContent(BaseModel):
    """Audio that was heard, in frames, and its transcript.

    ``reference`` and ``duration_s`` stand for the frames of audio that is kept elsewhere: frames do not outlive the process.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    type: Literal["audio_content"] = "audio_content"
    frame: list[Any]
    transcript: str | None = None
    reference: str = ""
    duration_s: float = 0.0


class CacheBreakpoint(BaseModel):
    """The end of a prompt's part that is the same in further requests; providers without such a thing pass it over."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["cache_breakpoint"] = "cache_breakpoint"


class MetricsReport(TypedDict, total=False):
    """How long what took, in seconds, and when somebody spoke; of a message each side has its own."""

    started_speaking_at: float
    stopped_speaking_at: float
    transcription_delay: float
    end_of_turn_delay: float
    on_user_turn_completed_delay: float
    llm_node_ttft: float
    llm_node_tps: float
    llm_node_ttfs: float
    tts_node_ttfb: float
    playback_latency: float
    e2e_latency: float
    provider_request_ids: list[str]
    llm_metadata: MetricsMetadata
    tts_metadata: MetricsMetadata
    stt_metadata: MetricsMetadata


ChatContent: TypeAlias = ImageContent | AudioContent | CacheBreakpoint | str


class ChatMessage(BaseModel):
    """What somebody said, or what the model is instructed; of an interrupted one the content is what was heard."""

    id: str = Field(default_factory=_new_item_id)
    type: Literal["message"] = "message"
    role: ChatRole
    content: list[ChatContent]
    interrupted: bool = False
    transcript_confidence: float | None = None
    extra: dict[str, Any] = Field(default_factory=dict)
    metrics: MetricsReport = Field(default_factory=_no_metrics)
    created_at: float = Field(default_factory=wall_time)
    hash: bytes | None = Field(default=None, deprecated="hash is deprecated")

    @property
    def text_content(self) -> str | None:
        """Its texts, a line each; None if it has none."""
        return self.raw_text_content

    @property
    def raw_text_content(self) -> str | None:
        """As `text_content`: no markup is taken out here."""
        texts = [part for part in self.content if isinstance(part, str)]
        return "\n".join(texts) if texts else None


class FunctionCall(BaseModel):
    """A model's wish to call a tool; calls of one ``group_id`` were made at once."""

    id: str = Field(default_factory=_new_item_id)
    type: Literal["function_call"] = "function_call"
    call_id: str
    arguments: str
    name: str
    created_at: float = Field(default_factory=wall_time)
    extra: dict[str, Any] = Field(default_factory=dict)
    group_id: str | None = None


class FunctionCallOutput(BaseModel):
    """What came of a call; ``reply_required`` says whether the model shall answer it."""

    id: str = Field(default_factory=_new_item_id)
    type: Literal["function_call_output"] = "function_call_output"
    name: str = ""
    call_id: str
    output: str
    is_error: bool
    created_at: float = Field(default_factory=wall_time)
    reply_required: bool = True


class AgentHandoff(BaseModel):
    """From here on another agent speaks."""

    id: str = Field(default_factory=_new_item_id)
    type: Literal["agent_handoff"] = "agent_handoff"
    old_agent_id: str | None = None
    new_agent_id: str
    created_at: float = Field(default_factory=wall_time)


class AgentConfigUpdate(BaseModel):
    """From here on the agent has other instructions or tools."""

    id: str = Field(default_factory=_new_item_id)
    type: Literal["agent_config_update"] = "agent_config_update"
    instructions: str | None = None
    tools_added: list[str] | None = None
    tools_removed: list[str] | None = None
    created_at: float = Field(default_factory=wall_time)
    _tools: list[Any] = PrivateAttr(default_factory=list)


ChatItem: TypeAlias = Annotated[
    ChatMessage | FunctionCall | FunctionCallOutput | AgentHandoff | AgentConfigUpdate, Field(discriminator="type")
]
