"""Metrics in the log."""

import logging
from typing import Final

from livekitex_agent.metrics.base import (
    AgentMetrics,
    AvatarMetrics,
    EOUMetrics,
    InterruptionMetrics,
    LLMMetrics,
    RealtimeModelMetrics,
    STTMetrics,
    TTSMetrics,
)
from livekitex_agent.utils.log import logger as default_logger

__all__ = ["log_metrics"]

_TOLD: Final[dict[type, tuple[str, tuple[str, ...]]]] = {
    LLMMetrics: (
        "LLM metrics",
        (
            *("ttft", "prompt_tokens", "prompt_cached_tokens", "cache_creation_tokens", "completion_tokens", "reasoning_tokens"),
            "tokens_per_second",
        ),
    ),
    RealtimeModelMetrics: ("RealtimeModel metrics", ("ttft", "input_tokens", "output_tokens", "total_tokens", "tokens_per_second")),
    TTSMetrics: ("TTS metrics", ("ttfb", "audio_duration")),
    EOUMetrics: ("EOU metrics", ("end_of_utterance_delay", "transcription_delay")),
    STTMetrics: ("STT metrics", ("audio_duration", "input_tokens", "output_tokens", "total_tokens", "input_audio_tokens")),
    InterruptionMetrics: (
        "Interruption metrics",
        ("total_duration", "prediction_duration", "detection_delay", "num_interruptions", "num_backchannels", "num_requests"),
    ),
    AvatarMetrics: ("Avatar metrics", ("playback_latency",)),
}


def log_metrics(metrics: AgentMetrics, *, logger: logging.Logger | None = None) -> None:
    """Log the figures that are looked at, with the model that they are of; of other metrics nothing."""
    if type(metrics) not in _TOLD:
        return
    title, names = _TOLD[type(metrics)]
    told: dict[str, object] = {}
    if metrics.metadata:
        told["model_name"] = metrics.metadata.model_name or "unknown"
        told["model_provider"] = metrics.metadata.model_provider or "unknown"
    for name in names:
        value = getattr(metrics, name)
        told[name] = round(value, 2) if isinstance(value, float) else value
    (logger or default_logger).info(title, extra=told)
