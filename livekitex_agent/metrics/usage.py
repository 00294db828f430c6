"""What a call used, of each model: `ModelUsageCollector` sums metrics up."""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypeVar

from pydantic import BaseModel

from livekitex_agent.metrics.base import (
    AgentMetrics,
    EOTInferenceMetrics,
    InterruptionMetrics,
    LLMMetrics,
    RealtimeModelMetrics,
    STTMetrics,
    TTSMetrics,
)

__all__ = [
    "AgentSessionUsage",
    "EOTModelUsage",
    "InterruptionModelUsage",
    "LLMModelUsage",
    "ModelUsage",
    "ModelUsageCollector",
    "STTModelUsage",
    "TTSModelUsage",
]


class _Usage(BaseModel):
    provider: str
    model: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.model_dump().items() if value)})"


class LLMModelUsage(_Usage):
    """Of a language model; what is cached, audio, text, images and thoughts is part of the whole."""

    type: Literal["llm_usage"] = "llm_usage"
    input_tokens: int = 0
    input_cached_tokens: int = 0
    input_cache_creation_tokens: int = 0
    input_audio_tokens: int = 0
    input_cached_audio_tokens: int = 0
    input_text_tokens: int = 0
    input_cached_text_tokens: int = 0
    input_image_tokens: int = 0
    input_cached_image_tokens: int = 0
    output_tokens: int = 0
    output_audio_tokens: int = 0
    output_text_tokens: int = 0
    output_reasoning_tokens: int = 0
    session_duration: float = 0.0


class TTSModelUsage(_Usage):
    """Of a voice."""

    type: Literal["tts_usage"] = "tts_usage"
    input_tokens: int = 0
    output_tokens: int = 0
    characters_count: int = 0
    audio_duration: float = 0.0


class STTModelUsage(_Usage):
    """Of a recogniser."""

    type: Literal["stt_usage"] = "stt_usage"
    input_tokens: int = 0
    input_audio_tokens: int = 0
    output_tokens: int = 0
    audio_duration: float = 0.0


class InterruptionModelUsage(_Usage):
    """Of a model that judges interruptions."""

    type: Literal["interruption_usage"] = "interruption_usage"
    total_requests: int = 0


class EOTModelUsage(_Usage):
    """Of a model that finds ends of turns."""

    type: Literal["eot_usage"] = "eot_usage"
    total_requests: int = 0


ModelUsage: TypeAlias = LLMModelUsage | TTSModelUsage | STTModelUsage | InterruptionModelUsage | EOTModelUsage
_AnyUsage = TypeVar("_AnyUsage", bound=_Usage)


@dataclass
class AgentSessionUsage:
    """What a call has used so far, of each model."""

    model_usage: list[ModelUsage]


class ModelUsageCollector:
    """Sums up metrics by model; calling it collects."""

    def __init__(self) -> None:
        self._usage: dict[tuple[type[_Usage], str, str], Any] = {}

    def __call__(self, metrics: AgentMetrics) -> None:  # noqa: D102 - as collect
        self.collect(metrics)

    def collect(self, metrics: AgentMetrics) -> None:
        """Count ``metrics``; those that use nothing are passed over."""
        match metrics:
            case LLMMetrics():
                llm = self._of(LLMModelUsage, metrics)
                llm.input_tokens += metrics.prompt_tokens
                llm.input_cached_tokens += metrics.prompt_cached_tokens
                llm.input_cache_creation_tokens += metrics.cache_creation_tokens
                llm.output_tokens += metrics.completion_tokens
                llm.output_reasoning_tokens += metrics.reasoning_tokens
            case RealtimeModelMetrics():
                self._collect_realtime(metrics)
            case TTSMetrics():
                tts = self._of(TTSModelUsage, metrics)
                tts.input_tokens += metrics.input_tokens
                tts.output_tokens += metrics.output_tokens
                tts.characters_count += metrics.characters_count
                tts.audio_duration += metrics.audio_duration
            case STTMetrics():
                stt = self._of(STTModelUsage, metrics)
                stt.input_tokens += metrics.input_tokens
                stt.input_audio_tokens += metrics.input_audio_tokens
                stt.output_tokens += metrics.output_tokens
                stt.audio_duration += metrics.audio_duration
            case InterruptionMetrics():
                self._of(InterruptionModelUsage, metrics).total_requests += metrics.num_requests
            case EOTInferenceMetrics():
                self._of(EOTModelUsage, metrics).total_requests += metrics.num_requests
            case _:
                pass

    def flatten(self) -> list[ModelUsage]:
        """What was used so far, of each model (copies): language models, voices, recognisers, the rest."""
        ordered = sorted(self._usage.items(), key=lambda entry: _KINDS.index(entry[0][0]))
        return [usage.model_copy(deep=True) for _, usage in ordered]

    def _collect_realtime(self, metrics: RealtimeModelMetrics) -> None:
        usage, read, said = self._of(LLMModelUsage, metrics), metrics.input_token_details, metrics.output_token_details
        usage.input_tokens += metrics.input_tokens
        usage.input_cached_tokens += read.cached_tokens
        usage.output_tokens += metrics.output_tokens
        usage.session_duration += metrics.session_duration
        for kind in ("text", "image", "audio"):
            tokens, cached = getattr(read, f"{kind}_tokens"), getattr(read.cached_tokens_details, f"{kind}_tokens", 0)
            setattr(usage, f"input_{kind}_tokens", getattr(usage, f"input_{kind}_tokens") + tokens)
            setattr(usage, f"input_cached_{kind}_tokens", getattr(usage, f"input_cached_{kind}_tokens") + cached)
        usage.output_text_tokens += said.text_tokens
        usage.output_audio_tokens += said.audio_tokens

    def _of(self, kind: type[_AnyUsage], metrics: AgentMetrics) -> _AnyUsage:
        provider = (metrics.metadata and metrics.metadata.model_provider) or ""
        model = (metrics.metadata and metrics.metadata.model_name) or ""
        usage: _AnyUsage = self._usage.setdefault((kind, provider, model), kind(provider=provider, model=model))
        return usage


_KINDS: Final = (LLMModelUsage, TTSModelUsage, STTModelUsage, InterruptionModelUsage, EOTModelUsage)
