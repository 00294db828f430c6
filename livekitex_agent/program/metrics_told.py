"""What a program's own providers measure of themselves: told as events of its session, and summed up by model."""

from typing import Any

from livekitex_agent.metrics import AgentSessionUsage, ModelUsageCollector
from livekitex_agent.voice.agent_session import AgentSession
from livekitex_agent.voice.events import MetricsCollectedEvent, SessionUsageUpdatedEvent


class MetricsTold:
    """Used on the program's loop, where the providers' code runs."""

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = session
        self._collector = ModelUsageCollector()
        self._heard: list[Any] = []

    def listen(self, provider: Any) -> None:  # noqa: ANN401 - of any family; one that tells nothing is none to listen to
        """Tell of the metrics of ``provider`` from now on; again it does nothing."""
        if hasattr(provider, "on") and hasattr(provider, "off") and not any(heard is provider for heard in self._heard):
            self._heard.append(provider)
            provider.on("metrics_collected", self._collected)

    def usage(self) -> AgentSessionUsage:
        """What the providers were used for in this life of the call."""
        return AgentSessionUsage(model_usage=self._collector.flatten())

    def stop(self) -> None:
        """Tell no more: the providers are the program's, and may outlive the session."""
        for provider in self._heard:
            provider.off("metrics_collected", self._collected)
        self._heard.clear()

    def _collected(self, metrics: Any) -> None:  # noqa: ANN401 - of any family
        self._session.emit("metrics_collected", MetricsCollectedEvent(metrics=metrics))
        self._collector.collect(metrics)
        self._session.emit("session_usage_updated", SessionUsageUpdatedEvent(usage=self.usage()))
