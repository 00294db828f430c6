"""LiveKit's metrics: what each request took and used, and what a call used of each model."""

from livekitex_agent.metrics.base import (
    AgentMetrics,
    AvatarMetrics,
    DecisionMetrics,
    EOTInferenceMetrics,
    EOUMetrics,
    InterruptionMetrics,
    LLMMetrics,
    Metadata,
    RealtimeModelMetrics,
    STTMetrics,
    TTSMetrics,
    VADMetrics,
)
from livekitex_agent.metrics.logs import log_metrics
from livekitex_agent.metrics.usage import (
    AgentSessionUsage,
    EOTModelUsage,
    InterruptionModelUsage,
    LLMModelUsage,
    ModelUsage,
    ModelUsageCollector,
    STTModelUsage,
    TTSModelUsage,
)
from livekitex_agent.metrics.usage_collector import UsageCollector, UsageSummary

__all__ = [
    "AgentMetrics",
    "AgentSessionUsage",
    "AvatarMetrics",
    "DecisionMetrics",
    "EOTInferenceMetrics",
    "EOTModelUsage",
    "EOUMetrics",
    "InterruptionMetrics",
    "InterruptionModelUsage",
    "LLMMetrics",
    "LLMModelUsage",
    "Metadata",
    "ModelUsage",
    "ModelUsageCollector",
    "RealtimeModelMetrics",
    "STTMetrics",
    "STTModelUsage",
    "TTSMetrics",
    "TTSModelUsage",
    "UsageCollector",
    "UsageSummary",
    "VADMetrics",
    "log_metrics",
]
