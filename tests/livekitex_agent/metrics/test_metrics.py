"""What was used is summed up by model, and over all."""

import logging
from typing import Any

import pytest

from livekitex_agent import metrics

WHO = metrics.Metadata(model_name="m", model_provider="p")
LLM = metrics.LLMMetrics(
    label="l",
    request_id="r",
    timestamp=1.0,
    duration=1.0,
    ttft=0.123,
    cancelled=False,
    completion_tokens=2,
    prompt_tokens=3,
    prompt_cached_tokens=1,
    total_tokens=5,
    tokens_per_second=2.0,
    metadata=WHO,
)
TTS = metrics.TTSMetrics(
    label="t", request_id="r", timestamp=1.0, ttfb=0.1, duration=1.0, audio_duration=2.0, cancelled=False, characters_count=9, streamed=True
)
STT = metrics.STTMetrics(
    label="s", request_id="r", timestamp=1.0, duration=0.0, audio_duration=4.0, streamed=True, input_tokens=2, output_tokens=1
)
REALTIME = metrics.RealtimeModelMetrics(
    request_id="r",
    timestamp=1.0,
    input_tokens=7,
    input_token_details=metrics.RealtimeModelMetrics.InputTokenDetails(
        audio_tokens=4, cached_tokens=2, cached_tokens_details=metrics.RealtimeModelMetrics.CachedTokenDetails(audio_tokens=2)
    ),
)
VAD = metrics.VADMetrics(label="v", timestamp=1.0, idle_time=1.0, inference_duration_total=0.1, inference_count=10)
ALL: list[Any] = [LLM, STT, TTS, VAD, LLM, REALTIME]


def test_each_model_has_its_usage() -> None:
    collector = metrics.ModelUsageCollector()
    for each in ALL:
        collector(each)
    llm, realtime, tts, stt = collector.flatten()
    assert isinstance(llm, metrics.LLMModelUsage)
    assert (llm.provider, llm.model, llm.input_tokens, llm.output_tokens, llm.input_cached_tokens) == ("p", "m", 6, 4, 2)
    assert isinstance(realtime, metrics.LLMModelUsage)
    assert (realtime.input_audio_tokens, realtime.input_cached_audio_tokens) == (4, 2)
    assert isinstance(tts, metrics.TTSModelUsage)
    assert isinstance(stt, metrics.STTModelUsage)
    assert (tts.characters_count, stt.audio_duration, STT.total_tokens) == (9, 4.0, 3)
    assert "characters_count=9" in repr(tts)
    collector.collect(
        metrics.InterruptionMetrics(
            timestamp=1.0,
            total_duration=0.1,
            prediction_duration=0.1,
            detection_delay=0.1,
            num_interruptions=1,
            num_backchannels=0,
            num_requests=2,
        )
    )
    collector.collect(metrics.EOTInferenceMetrics(timestamp=1.0, total_duration=0.1, detection_delay=0.1, prediction_duration=0.1))
    assert [usage.total_requests for usage in collector.flatten()[-2:]] == [2, 1]  # type: ignore[union-attr]


def test_all_models_together_have_a_summary() -> None:
    collector = metrics.UsageCollector()
    for each in ALL:
        collector(each)
    summary = collector.get_summary()
    assert (summary.llm_input_tokens, summary.llm_output_tokens, summary.llm_input_audio_tokens) == (13, 4, 4)
    assert (summary.tts_audio_duration, summary.stt_input_tokens) == (2.0, 2)


def test_figures_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for each in (LLM, VAD, TTS):
            metrics.log_metrics(each)
    assert [record.message for record in caplog.records] == ["LLM metrics", "TTS metrics"]
    assert caplog.records[0].ttft == 0.12  # type: ignore[attr-defined]
    assert caplog.records[0].model_name == "m"  # type: ignore[attr-defined]
    assert "prompt_tokens=3" in repr(LLM)
