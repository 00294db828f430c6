"""What a program's own providers measure of themselves: told as events of its session, and summed up by model.

An answer is spoken sentence by sentence, each a request of its own to the voice, so that a death costs a sentence at most. Of a voice that
streams one measure is told for all of an answer, as LiveKit's sessions do, which give it an answer as one stream. An answer is what the
model says at a time: of a reply with tools there are several, each an item of the history.
"""

from typing import Any, Final

from livekitex_agent.metrics import AgentSessionUsage, ModelUsageCollector, TTSMetrics
from livekitex_agent.program.provider_events import ProviderEvents
from livekitex_agent.voice.agent_session import AgentSession
from livekitex_agent.voice.events import MetricsCollectedEvent, SessionUsageUpdatedEvent
from protocols import CallEnded, ConversationItemAdded, Role, SessionEvent, SpeechDone

_SUMMED: Final = ("characters_count", "input_tokens", "output_tokens", "audio_duration", "duration")


class MetricsTold:
    """Used on the program's loop, where the providers' code runs."""

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = session
        self._collector = ModelUsageCollector()
        self.heard = ProviderEvents("metrics_collected", self._collected)
        """Whose metrics are told."""
        self._spoken: list[Any] = []

    def tell(self, event: SessionEvent) -> None:
        """Something happened in the call: an answer that was spoken is over."""
        match event:
            case ConversationItemAdded(role=Role.ASSISTANT, text=text):
                self._tell_spoken(_blanks_behind(text))
            case SpeechDone() | CallEnded():  # also of what no history has
                self._tell_spoken()
            case _:
                pass

    def usage(self) -> AgentSessionUsage:
        """What the providers were used for in this life of the call."""
        return AgentSessionUsage(model_usage=self._collector.flatten())

    def _collected(self, _provider: Any, metrics: Any) -> None:  # noqa: ANN401 - of any family
        if metrics.type != "tts_metrics" or not metrics.streamed:
            self._tell(metrics)
            return
        if self._spoken and self._spoken[0].label != metrics.label:
            self._tell_spoken()
        self._spoken.append(metrics)

    def _tell_spoken(self, blanks_behind: int = 0) -> None:
        spoken, self._spoken = self._spoken, []
        if spoken:
            self._tell(of_one_answer(spoken, blanks_behind))

    def _tell(self, metrics: Any) -> None:  # noqa: ANN401 - of any family
        self._session.emit("metrics_collected", MetricsCollectedEvent(metrics=metrics))
        self._collector.collect(metrics)
        self._session.emit("session_usage_updated", SessionUsageUpdatedEvent(usage=self.usage()))


def of_one_answer(requests: list[TTSMetrics], blanks_behind: int = 0) -> TTSMetrics:
    """What the voice's ``requests`` for the sentences of an answer took together; the time to the first audio is the first one's.

    The sentences are a blank apart, and so many blanks stand behind the last one: each counts as a character.
    """
    sums = {name: sum(getattr(request, name) for request in requests) for name in _SUMMED}
    sums["characters_count"] += len(requests) - 1 + blanks_behind
    return requests[0].model_copy(update={**sums, "cancelled": any(request.cancelled for request in requests)})


def _blanks_behind(text: str) -> int:
    return len(text) - len(text.rstrip())
