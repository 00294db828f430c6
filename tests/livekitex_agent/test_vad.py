"""A detector written for LiveKit's base classes works."""

import asyncio

import pytest

from livekitex_agent.metrics import VADMetrics
from livekitex_agent.utils.audio_frame import new_frame
from support.livekit_providers import providers_on, tone

OURS = providers_on("livekitex_agent")


@pytest.mark.asyncio
async def test_speech_begins_and_ends_and_is_measured() -> None:
    figures: list[VADMetrics] = []
    detector = OURS.VAD()
    detector.on("metrics_collected", figures.append)
    stream = detector.stream()
    pcm = bytes(32_000) + tone(16_000, 400) + bytes(32_000)
    for at in range(0, len(pcm), 640):
        stream.push_frame(new_frame(pcm[at : at + 640], 16_000))
    stream.end_input()
    async with asyncio.timeout(20), stream:
        events = [event async for event in stream]
    assert [event.type.value for event in events if event.type != "inference_done"] == ["start_of_speech", "end_of_speech"]
    assert sum(event.type == "inference_done" for event in events) == len(pcm) / 640
    assert [metrics.inference_count for metrics in figures] == [50, 50]
    assert (detector.model, detector.provider, detector.capabilities.update_interval) == ("unknown", "unknown", 0.02)
    with pytest.raises(RuntimeError, match="input ended"):
        stream.push_frame(new_frame(bytes(640), 16_000))


@pytest.mark.asyncio
async def test_closing_ends_a_stream() -> None:
    stream = OURS.VAD().stream()
    stream.flush()
    await stream.aclose()
    assert [event async for event in stream] == []
