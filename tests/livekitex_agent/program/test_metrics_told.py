"""What a program's providers measure is told by its session."""

from livekitex_agent.metrics import LLMMetrics
from livekitex_agent.program.metrics_told import MetricsTold
from livekitex_agent.utils.event_emitter import EventEmitter
from livekitex_agent.voice.agent_session import AgentSession

METRICS = LLMMetrics(
    label="model",
    request_id="1",
    timestamp=0.0,
    duration=1.0,
    ttft=0.1,
    cancelled=False,
    completion_tokens=4,
    prompt_tokens=10,
    prompt_cached_tokens=0,
    total_tokens=14,
    tokens_per_second=4.0,
)


def test_metrics_are_told_once_and_summed_up_until_the_session_has_ended() -> None:
    session: AgentSession[None] = AgentSession()
    told, model, metrics = [], EventEmitter[str](), MetricsTold(session)
    session.on("metrics_collected", lambda event: told.append(event.metrics))
    session.on("session_usage_updated", lambda event: told.append(event.usage.model_usage[0].output_tokens))
    metrics.listen(model)
    metrics.listen(model)
    metrics.listen(None)
    model.emit("metrics_collected", METRICS)
    assert told == [METRICS, 4]
    metrics.stop()
    model.emit("metrics_collected", METRICS)
    assert told == [METRICS, 4]
    assert metrics.usage().model_usage[0].input_tokens == 10
