"""What a program's providers measure is told by its session."""

import pytest

from livekitex_agent.metrics import LLMMetrics, TTSMetrics
from livekitex_agent.program.metrics_told import MetricsTold
from livekitex_agent.utils.event_emitter import EventEmitter
from livekitex_agent.voice.agent_session import AgentSession
from protocols import CallEnded, ConversationItemAdded, SessionEvent, SpeechDone, SpeechOutcome, UserMessage

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
    metrics.heard.listen(model)
    metrics.heard.listen(model)
    metrics.heard.listen(None)
    model.emit("metrics_collected", METRICS)
    assert told == [METRICS, 4]
    metrics.heard.stop()
    model.emit("metrics_collected", METRICS)
    assert told == [METRICS, 4]
    assert metrics.usage().model_usage[0].input_tokens == 10


def spoken(request_id: str, characters: int, *, label: str = "voice", streamed: bool = True, cancelled: bool = False) -> TTSMetrics:
    return TTSMetrics(
        label=label,
        request_id=request_id,
        timestamp=0.0,
        ttfb=0.1,
        duration=0.5,
        audio_duration=1.0,
        cancelled=cancelled,
        characters_count=characters,
        streamed=streamed,
    )


@pytest.mark.parametrize(
    "over",
    [
        ConversationItemAdded(kind="message", role="assistant", text="Hello. How are you?", item_id="i"),
        SpeechDone(speech_id="s", source="reply", outcome=SpeechOutcome.COMPLETED),
        CallEnded(reason="normal"),
    ],
)
def test_the_sentences_of_an_answer_are_told_together_when_it_is_over(over: SessionEvent) -> None:
    session: AgentSession[None] = AgentSession()
    told, voice, metrics = [], EventEmitter[str](), MetricsTold(session)
    session.on("metrics_collected", lambda event: told.append(event.metrics))
    metrics.heard.listen(voice)
    voice.emit("metrics_collected", spoken("1", 6))
    voice.emit("metrics_collected", spoken("2", 12, cancelled=True))
    metrics.tell(UserMessage(turn_id="t", text="what", source="text"))
    assert told == []
    metrics.tell(over)
    metrics.tell(over)
    (one,) = told
    assert (one.request_id, one.characters_count, one.ttfb, one.duration, one.audio_duration, one.cancelled) == (
        "1",
        19,
        0.1,
        1.0,
        2.0,
        True,
    )
    assert metrics.usage().model_usage[0].characters_count == 19


def test_a_voice_that_does_not_stream_tells_each_request_and_another_voice_is_another_measure() -> None:
    session: AgentSession[None] = AgentSession()
    told, voice, metrics = [], EventEmitter[str](), MetricsTold(session)
    session.on("metrics_collected", lambda event: told.append(event.metrics.request_id))
    metrics.heard.listen(voice)
    voice.emit("metrics_collected", spoken("1", 6, streamed=False))
    assert told == ["1"]
    voice.emit("metrics_collected", spoken("2", 6))
    voice.emit("metrics_collected", spoken("3", 6, label="another"))
    assert told == ["1", "2"]


def test_of_a_reply_with_tools_each_answer_is_told_with_the_blank_that_it_ends_with() -> None:
    session: AgentSession[None] = AgentSession()
    told, voice, metrics = [], EventEmitter[str](), MetricsTold(session)
    session.on("metrics_collected", lambda event: told.append(event.metrics.characters_count))
    metrics.heard.listen(voice)
    voice.emit("metrics_collected", spoken("1", 11))
    metrics.tell(ConversationItemAdded(kind="message", role="user", text="well? ", item_id="1"))
    metrics.tell(ConversationItemAdded(kind="function_call", role="", text="{} ", item_id="2"))
    assert told == []
    metrics.tell(ConversationItemAdded(kind="message", role="assistant", text="Let me see. ", item_id="3"))
    voice.emit("metrics_collected", spoken("2", 5))
    metrics.tell(ConversationItemAdded(kind="message", role="assistant", text="Done.", item_id="4"))
    metrics.tell(SpeechDone(speech_id="s", source="reply", outcome=SpeechOutcome.COMPLETED))
    assert told == [12, 5]
