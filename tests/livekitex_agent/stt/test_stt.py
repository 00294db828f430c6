"""A recogniser written for LiveKit's base classes works, at once and in streams, and tries again."""

import asyncio
from typing import Any

import pytest

from livekitex_agent import stt
from livekitex_agent._exceptions import APIConnectionError, APIError
from livekitex_agent.metrics import STTMetrics
from livekitex_agent.types import APIConnectOptions
from livekitex_agent.utils.audio import silence_frame
from livekitex_agent.utils.audio_frame import new_frame
from support.livekit_providers import providers_on, tone

OURS = providers_on("livekitex_agent")
TWICE = APIConnectOptions(max_retry=1, retry_interval=0.0)


async def told(stream: Any) -> list[Any]:
    async with asyncio.timeout(20), stream:
        return [event async for event in stream]


def kinds(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


@pytest.mark.asyncio
async def test_an_utterance_is_recognised_and_measured() -> None:
    figures: list[STTMetrics] = []
    async with OURS.STT("two pizzas") as recogniser:
        recogniser.on("metrics_collected", figures.append)
        event = await recogniser.recognize([new_frame(tone(16_000, 500), 16_000)])
    assert event.alternatives[0].text == "two pizzas"
    assert event.alternatives[0].language == "en"
    assert figures[0].audio_duration == 0.5
    with pytest.raises(NotImplementedError, match="StreamAdapter"):
        recogniser.stream()
    assert (recogniser.model, recogniser.provider) == ("unknown", "unknown")


@pytest.mark.asyncio
async def test_a_failure_is_told_and_tried_again() -> None:
    errors: list[stt.STTError] = []
    recogniser = OURS.STT("x", failure=APIError("busy"))
    recogniser.on("error", errors.append)
    with pytest.raises(APIConnectionError, match="failed to recognize speech after 2 attempts"):
        await recogniser.recognize(silence_frame(0.1, 16_000), conn_options=TWICE)
    assert [error.recoverable for error in errors] == [True, False]


@pytest.mark.asyncio
async def test_a_stream_tells_its_events_at_the_rate_that_it_takes() -> None:
    figures: list[STTMetrics] = []
    recogniser = OURS.StreamingSTT("two pizzas")
    recogniser.on("metrics_collected", figures.append)
    stream = recogniser.stream()
    stream.push_frame(new_frame(tone(48_000, 500), 48_000))
    with pytest.raises(ValueError, match="consistent"):
        stream.push_frame(silence_frame(0.1, 8_000))
    stream.flush()
    stream.end_input()
    with pytest.raises(RuntimeError, match="input ended"):
        stream.flush()
    events = await told(stream)
    assert kinds(events)[:5] == ["start_of_speech", "interim_transcript", "final_transcript", "end_of_speech", "recognition_usage"]
    assert figures[0].audio_duration == pytest.approx(0.5)
    with pytest.raises(RuntimeError, match="input ended"):
        stream.push_frame(silence_frame(0.1, 48_000))


@pytest.mark.asyncio
async def test_a_stream_that_failed_raises_and_one_that_had_worked_begins_anew() -> None:
    attempts: list[int] = []

    class Flaky(stt.RecognizeStream):
        async def _run(self) -> None:
            attempts.append(1)
            if len(attempts) == 1:
                raise APIConnectionError
            async for _ in self._input_ch:
                self._event_ch.send_nowait(stt.SpeechEvent(stt.SpeechEventType.FINAL_TRANSCRIPT))
                while not self._healthy:  # noqa: ASYNC110 - a flag of the class under test
                    await asyncio.sleep(0)
                raise APIConnectionError

    stream = Flaky(stt=OURS.STT("x"), conn_options=TWICE)
    for _ in range(3):
        stream.push_frame(silence_frame(0.1, 16_000))
    stream.end_input()
    assert len(await told(stream)) == 4
    assert len(attempts) == 6

    failing = OURS.StreamingSTT("x", failure=APIError("no", retryable=False)).stream(conn_options=TWICE)
    failing.end_input()
    with pytest.raises(APIError, match="no"):
        await told(failing)


@pytest.mark.asyncio
async def test_a_closed_stream_ends() -> None:
    stream = OURS.StreamingSTT("x").stream()
    reading = asyncio.create_task(told(stream))
    await asyncio.sleep(0)
    await stream.aclose()
    assert await reading == []
    stream.start_time_offset, stream.start_time, stream.context = 1.0, 2.0, None
    assert (stream.start_time_offset, stream.start_time, stream.context) == (1.0, 2.0, None)
    for name in ("start_time_offset", "start_time"):
        with pytest.raises(ValueError, match="non-negative"):
            setattr(stream, name, -1.0)


@pytest.mark.asyncio
async def test_a_recogniser_of_utterances_streams_with_a_detector() -> None:
    recogniser = OURS.STT("two pizzas")
    async with stt.StreamAdapter(stt=recogniser, vad=OURS.VAD()) as adapter:
        assert adapter.wrapped_stt is recogniser
        figures: list[STTMetrics] = []
        adapter.on("metrics_collected", figures.append)
        adapter.prewarm()
        stream = adapter.stream()
        for piece in frames(tone(16_000, 400) + bytes(16_000)):
            stream.push_frame(piece)
        stream.flush()
        stream.end_input()
        events = await told(stream)
        assert kinds(events) == ["start_of_speech", "end_of_speech", "final_transcript"]
        assert events[-1].alternatives[0].text == "two pizzas"
        assert len(figures) == 1
        heard = await adapter.recognize(new_frame(tone(16_000, 100), 16_000))
        assert heard.alternatives[0].text == "two pizzas"
        recogniser.failure = APIError("no", retryable=False)
        failing = adapter.stream()
        for piece in frames(tone(16_000, 400) + bytes(16_000)):
            failing.push_frame(piece)
        failing.end_input()
        with pytest.raises(APIError, match="no"):
            await told(failing)


def frames(pcm: bytes) -> Any:
    return [new_frame(pcm[at : at + 640], 16_000) for at in range(0, len(pcm), 640)]


def test_languages_are_read_from_any_form() -> None:
    data = stt.SpeechData(language="english", text="hi", source_languages=["deu"])  # type: ignore[list-item]
    assert (data.language, data.source_languages) == ("en", ["de"])


@pytest.mark.parametrize("name", ["FallbackAdapter", "MultiSpeakerAdapter"])
def test_what_is_not_here_says_what_to_use(name: str) -> None:
    with pytest.raises(ImportError, match=f"there is no {name}"):
        getattr(stt, name)
