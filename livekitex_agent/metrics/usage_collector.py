"""LiveKit's older way to sum metrics up, over all models: `ModelUsageCollector` tells them apart."""

import copy
from dataclasses import dataclass

from livekitex_agent.metrics.base import AgentMetrics, LLMMetrics, RealtimeModelMetrics, STTMetrics, TTSMetrics

__all__ = ["UsageCollector", "UsageSummary"]


@dataclass
class UsageSummary:
    """What a call has used so far."""

    llm_prompt_tokens: int = 0
    llm_prompt_cached_tokens: int = 0
    llm_input_audio_tokens: int = 0
    llm_input_cached_audio_tokens: int = 0
    llm_input_text_tokens: int = 0
    llm_input_cached_text_tokens: int = 0
    llm_input_image_tokens: int = 0
    llm_input_cached_image_tokens: int = 0
    llm_completion_tokens: int = 0
    llm_output_audio_tokens: int = 0
    llm_output_image_tokens: int = 0
    llm_output_text_tokens: int = 0
    tts_characters_count: int = 0
    tts_audio_duration: float = 0.0
    stt_audio_duration: float = 0.0
    stt_input_tokens: int = 0
    stt_output_tokens: int = 0
    stt_input_audio_tokens: int = 0

    @property
    def llm_input_tokens(self) -> int:
        """As ``llm_prompt_tokens``."""
        return self.llm_prompt_tokens

    @property
    def llm_output_tokens(self) -> int:
        """As ``llm_completion_tokens``."""
        return self.llm_completion_tokens


class UsageCollector:
    """Sums up metrics; calling it collects."""

    def __init__(self) -> None:
        self._summary = UsageSummary()

    def __call__(self, metrics: AgentMetrics) -> None:  # noqa: D102 - as collect
        self.collect(metrics)

    def collect(self, metrics: AgentMetrics) -> None:
        """Count ``metrics``; those that use nothing are passed over."""
        summary = self._summary
        match metrics:
            case LLMMetrics():
                summary.llm_prompt_tokens += metrics.prompt_tokens
                summary.llm_prompt_cached_tokens += metrics.prompt_cached_tokens
                summary.llm_completion_tokens += metrics.completion_tokens
            case RealtimeModelMetrics():
                read, said = metrics.input_token_details, metrics.output_token_details
                summary.llm_prompt_tokens += metrics.input_tokens
                summary.llm_prompt_cached_tokens += read.cached_tokens
                summary.llm_completion_tokens += metrics.output_tokens
                for kind in ("text", "image", "audio"):
                    self._add(f"llm_input_{kind}_tokens", getattr(read, f"{kind}_tokens"))
                    self._add(f"llm_input_cached_{kind}_tokens", getattr(read.cached_tokens_details, f"{kind}_tokens", 0))
                    self._add(f"llm_output_{kind}_tokens", getattr(said, f"{kind}_tokens"))
            case TTSMetrics():
                summary.tts_characters_count += metrics.characters_count
                summary.tts_audio_duration += metrics.audio_duration
            case STTMetrics():
                summary.stt_audio_duration += metrics.audio_duration
                summary.stt_input_tokens += metrics.input_tokens
                summary.stt_output_tokens += metrics.output_tokens
                summary.stt_input_audio_tokens += metrics.input_audio_tokens
            case _:
                pass

    def get_summary(self) -> UsageSummary:
        """What was used so far (a copy)."""
        return copy.copy(self._summary)

    def _add(self, name: str, tokens: int) -> None:
        setattr(self._summary, name, getattr(self._summary, name) + tokens)
