"""What one request of a provider took, and what it used: LiveKit's metrics. Times and durations in seconds."""

from typing import ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, Field, model_validator
from typing_extensions import TypedDict

__all__ = [
    "AgentMetrics",
    "AvatarMetrics",
    "DecisionMetrics",
    "EOTInferenceMetrics",
    "EOUMetrics",
    "InterruptionMetrics",
    "LLMMetrics",
    "Metadata",
    "MetricsMetadata",
    "RealtimeModelMetrics",
    "STTMetrics",
    "TTSMetrics",
    "VADMetrics",
]


class MetricsMetadata(TypedDict, total=False):
    """Whose measures they are."""

    model_name: str
    model_provider: str


class Metadata(BaseModel):
    """Whose metrics they are."""

    model_name: str | None = None
    model_provider: str | None = None


class _Metrics(BaseModel):
    timestamp: float
    metadata: Metadata | None = None

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.model_dump(exclude_defaults=True).items())
        return f"{type(self).__name__}({fields})"


class LLMMetrics(_Metrics):
    """A language model's answer. ``ttft`` is the time to its first token, -1 if there was none."""

    type: Literal["llm_metrics"] = "llm_metrics"
    label: str
    request_id: str
    duration: float
    ttft: float
    cancelled: bool
    completion_tokens: int
    prompt_tokens: int
    prompt_cached_tokens: int
    cache_creation_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int
    tokens_per_second: float
    speech_id: str | None = None


class DecisionMetrics(_Metrics):
    """A decision by a model."""

    type: Literal["decision_metrics"] = "decision_metrics"
    label: str
    request_id: str
    duration: float
    input_tokens: int | None = None
    output_tokens: int | None = None


class STTMetrics(_Metrics):
    """Speech that was recognised; ``duration`` is 0 of a stream. Tokens are summed up where their total is not given."""

    type: Literal["stt_metrics"] = "stt_metrics"
    label: str
    request_id: str
    duration: float
    audio_duration: float
    streamed: bool
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_audio_tokens: int = 0
    acquire_time: float = 0.0
    connection_reused: bool = False

    @model_validator(mode="after")
    def _sum_up(self) -> Self:
        if "total_tokens" not in self.model_fields_set:
            self.total_tokens = self.input_tokens + self.output_tokens
        return self


class TTSMetrics(_Metrics):
    """Speech that was synthesised. ``ttfb`` is the time to its first audio, -1 if there was none."""

    type: Literal["tts_metrics"] = "tts_metrics"
    label: str
    request_id: str
    ttfb: float
    duration: float
    audio_duration: float
    cancelled: bool
    characters_count: int
    input_tokens: int = 0
    output_tokens: int = 0
    streamed: bool
    acquire_time: float = 0.0
    connection_reused: bool = False
    segment_id: str | None = None
    speech_id: str | None = None


class VADMetrics(_Metrics):
    """Voice activity detection since the last of these."""

    type: Literal["vad_metrics"] = "vad_metrics"
    label: str
    idle_time: float
    inference_duration_total: float
    inference_count: int


class EOUMetrics(_Metrics):
    """The end of a user's turn: how long after his speech it was decided, and what of that was waiting for what."""

    type: Literal["eou_metrics"] = "eou_metrics"
    end_of_utterance_delay: float
    transcription_delay: float
    on_user_turn_completed_delay: float
    speech_id: str | None = None


class EOTInferenceMetrics(_Metrics):
    """One prediction of the end of a turn."""

    type: Literal["eot_inference_metrics"] = "eot_inference_metrics"
    total_duration: float
    detection_delay: float
    prediction_duration: float
    num_requests: int = 1


class _CachedTokens(BaseModel):
    audio_tokens: int = 0
    text_tokens: int = 0
    image_tokens: int = 0


class _InputTokens(_CachedTokens):
    cached_tokens: int = 0
    cached_tokens_details: _CachedTokens | None = None


class RealtimeModelMetrics(_Metrics):
    """An answer of a model that hears and speaks itself."""

    CachedTokenDetails: ClassVar[type[_CachedTokens]] = _CachedTokens
    InputTokenDetails: ClassVar[type[_InputTokens]] = _InputTokens
    OutputTokenDetails: ClassVar[type[_CachedTokens]] = _CachedTokens

    type: Literal["realtime_model_metrics"] = "realtime_model_metrics"
    label: str = ""
    request_id: str
    duration: float = 0.0
    session_duration: float = 0.0
    ttft: float = -1
    cancelled: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    tokens_per_second: float = 0.0
    input_token_details: _InputTokens = Field(default_factory=_InputTokens)
    output_token_details: _CachedTokens = Field(default_factory=_CachedTokens)
    acquire_time: float = 0.0
    connection_reused: bool = False


class InterruptionMetrics(_Metrics):
    """Judging whether the agent is interrupted."""

    type: Literal["interruption_metrics"] = "interruption_metrics"
    total_duration: float
    prediction_duration: float
    detection_delay: float
    num_interruptions: int
    num_backchannels: int
    num_requests: int


class AvatarMetrics(_Metrics):
    """How far an avatar is behind."""

    type: Literal["avatar_metrics"] = "avatar_metrics"
    playback_latency: float = 0
    session_started_time: float | None = None
    avatar_joined_time: float | None = None


AgentMetrics: TypeAlias = (
    STTMetrics
    | LLMMetrics
    | DecisionMetrics
    | TTSMetrics
    | VADMetrics
    | EOUMetrics
    | EOTInferenceMetrics
    | RealtimeModelMetrics
    | InterruptionMetrics
    | AvatarMetrics
)
