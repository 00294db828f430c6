"""A voice written for LiveKit's base classes works, by sentences and by streams, and tries again."""

import asyncio
import io
import wave
from typing import Any

import pytest

from livekitex_agent import tts, utils
from livekitex_agent._exceptions import APIConnectionError, APIError, APIStatusError
from livekitex_agent.metrics import TTSMetrics
from livekitex_agent.types import USERDATA_TIMED_TRANSCRIPT, USERDATA_TTS_STARTED_TIME, APIConnectOptions, TimedString
from support.livekit_providers import providers_on, tone

OURS = providers_on("livekitex_agent")
TWICE = APIConnectOptions(max_retry=1, retry_interval=0.0)


async def told(stream: Any) -> list[tts.SynthesizedAudio]:
    async with asyncio.timeout(20), stream:
        return [audio async for audio in stream]


def seconds(audio: list[tts.SynthesizedAudio]) -> float:
    return sum(piece.frame.duration for piece in audio)


@pytest.mark.asyncio
async def test_a_sentence_is_spoken_and_measured() -> None:
    figures: list[TTSMetrics] = []
    async with OURS.TTS() as voice:
        voice.on("metrics_collected", figures.append)
        audio = await told(voice.synthesize("hello"))
        whole = await voice.synthesize("hello").collect()
    assert seconds(audio) == pytest.approx(0.1, abs=0.011)
    assert [piece.is_final for piece in audio] == [False] * (len(audio) - 1) + [True]
    assert USERDATA_TTS_STARTED_TIME in audio[0].frame.userdata
    assert whole.duration == pytest.approx(0.1, abs=0.011)
    assert (figures[0].characters_count, figures[0].streamed, figures[0].audio_duration) == (5, False, pytest.approx(0.1, abs=0.011))
    with pytest.raises(NotImplementedError, match="StreamAdapter"):
        voice.stream()


@pytest.mark.asyncio
async def test_a_stream_of_text_is_spoken_with_its_words() -> None:
    figures: list[TTSMetrics] = []
    voice = OURS.StreamingTTS()
    voice.on("metrics_collected", figures.append)
    stream = voice.stream()
    for part in ("hello ", "", "world"):
        stream.push_text(part)
    stream.end_input()
    stream.push_text("too late")
    stream.flush()
    audio = await told(stream)
    assert seconds(audio) == pytest.approx(0.2, abs=0.011)
    words = [word for piece in audio for word in piece.frame.userdata[USERDATA_TIMED_TRANSCRIPT]]
    assert words == ["hello ", "world"]
    assert (figures[0].characters_count, figures[0].streamed) == (11, True)
    by_stream = voice._synthesize_with_stream("hello")
    assert seconds(await told(by_stream)) == pytest.approx(0.1, abs=0.011)


@pytest.mark.parametrize("kind", ["TTS", "StreamingTTS"])
@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (APIStatusError("no", status_code=401), "no"),
        (APIError("busy"), "failed to synthesize speech after 2 attempts"),
        (RuntimeError("ours"), "ours"),
    ],
)
@pytest.mark.asyncio
async def test_a_voice_that_failed_raises(kind: str, failure: Exception, raised: str) -> None:
    errors: list[tts.TTSError] = []
    voice = getattr(OURS, kind)(failure=failure)
    voice.on("error", errors.append)
    stream = voice.synthesize("hello", conn_options=TWICE) if kind == "TTS" else voice.stream(conn_options=TWICE)
    if kind != "TTS":
        stream.push_text("hello")
        stream.end_input()
    with pytest.raises(Exception, match=raised):
        await told(stream)
    assert errors[-1].recoverable is False


@pytest.mark.asyncio
async def test_a_stream_that_failed_before_any_audio_says_what_was_pushed_again() -> None:
    voice = OURS.StreamingTTS(failure=APIConnectionError())
    voice.on("error", lambda _: setattr(voice, "failure", None))
    stream = voice.stream(conn_options=TWICE)
    stream.push_text("hello")
    stream.end_input()
    assert seconds(await told(stream)) == pytest.approx(0.1, abs=0.011)


@pytest.mark.asyncio
async def test_text_without_audio_is_a_failure() -> None:
    with pytest.raises(APIError, match="no audio frames were pushed for text: \\.\\.\\."):
        await told(OURS.TTS().synthesize("..."))
    assert await told(OURS.TTS().synthesize(" ")) == []


@pytest.mark.asyncio
async def test_closing_ends_a_stream() -> None:
    stream = OURS.StreamingTTS().stream()
    reading = asyncio.create_task(told(stream))
    await asyncio.sleep(0)
    await stream.aclose()
    assert await reading == []


@pytest.mark.asyncio
async def test_a_voice_of_sentences_streams() -> None:
    voice = OURS.TTS()
    async with tts.StreamAdapter(tts=voice) as adapter:
        figures: list[TTSMetrics] = []
        adapter.on("metrics_collected", figures.append)
        adapter.prewarm()
        assert (adapter.sample_rate, adapter.num_channels, adapter.model, adapter.provider) == (24_000, 1, "unknown", "unknown")
        stream = adapter.stream()
        for part in ("This is the first sentence. And here ", "is the second one."):
            stream.push_text(part)
        stream.end_input()
        audio = await told(stream)
        assert len(figures) == 2
        texts = [word for piece in audio for word in piece.frame.userdata[USERDATA_TIMED_TRANSCRIPT]]
        assert "".join(texts).split() == ["This", "is", "the", "first", "sentence.", "And", "here", "is", "the", "second", "one."]
        assert seconds(await told(adapter.synthesize("hello"))) == pytest.approx(0.1, abs=0.011)
        voice.failure = APIError("no", retryable=False)
        failing = adapter.stream()
        failing.push_text("hello there, friends.")
        failing.end_input()
        with pytest.raises(APIError, match="no"):
            await told(failing)


def emitter(**fields: Any) -> tuple[tts.AudioEmitter, utils.aio.Chan[tts.SynthesizedAudio]]:
    channel = utils.aio.Chan[tts.SynthesizedAudio]()
    made = tts.AudioEmitter(label="v", dst_ch=channel)
    made.initialize(**{"request_id": "r", "sample_rate": 1_000, "num_channels": 1, "mime_type": "audio/pcm", **fields})
    return made, channel


def sent(channel: utils.aio.Chan[tts.SynthesizedAudio]) -> list[tuple[int, bool]]:
    pieces = [channel.recv_nowait() for _ in range(channel.qsize())]
    return [(piece.frame.samples_per_channel, piece.is_final) for piece in pieces]


def test_audio_is_sent_as_it_comes_but_for_a_tail() -> None:
    made, channel = emitter(frame_size_ms=50)
    made.push(bytes(30))
    assert sent(channel) == []
    made.push(bytes(171))
    assert sent(channel) == [(40, False), (50, False)]
    made.flush()
    assert sent(channel) == [(10, False)]
    made.end_input()
    assert sent(channel) == [(10, True)]
    made.push(bytes(200))
    assert sent(channel) == []
    assert made.pushed_duration() == pytest.approx(0.11)
    assert made.pushed_duration(5) == 0.0


def test_a_segment_has_its_own_last_frame_and_words() -> None:
    made, channel = emitter(stream=True)
    with pytest.raises(RuntimeError, match="start_segment"):
        made.push(b"\0\0")
    made.start_segment(segment_id="a")
    with pytest.raises(RuntimeError, match="before the previous segment was ended"):
        made.start_segment(segment_id="b")
    made.push_timed_transcript(TimedString("word"))
    made.push(bytes(100))
    made.end_segment()
    made.end_segment()
    made.start_segment(segment_id="b")
    made.end_input()
    assert made.num_segments == 2
    assert sent(channel) == [(40, False), (10, True)]


def test_an_emitter_says_what_is_missing() -> None:
    made = tts.AudioEmitter(label="v", dst_ch=utils.aio.Chan[tts.SynthesizedAudio]())
    with pytest.raises(RuntimeError, match="isn't started"):
        made.push(b"")
    made, _ = emitter()
    with pytest.raises(RuntimeError, match="already started"):
        made.initialize(request_id="", sample_rate=1, num_channels=1, mime_type="")
    with pytest.raises(RuntimeError, match="stream=True"):
        made.start_segment(segment_id="a")


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_a_wav_file_is_decoded(rate_hz: int) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate_hz)
        written.writeframes(tone(rate_hz, 100))
    made, channel = emitter(sample_rate=8_000, mime_type="audio/wav")
    made.push(file.getvalue()[:50])
    made.push(file.getvalue()[50:])
    made.end_input()
    assert sum(samples for samples, _ in sent(channel)) == 800


def test_what_cannot_be_decoded_is_a_failure() -> None:
    made, _ = emitter(mime_type="audio/wav")
    made.push(b"no wav at all, but long enough")
    with pytest.raises(APIError, match=r"no WAV file|cannot be decoded"):
        made.end_input()


@pytest.mark.parametrize("name", ["FallbackAdapter", "MarkupInfo", "SentenceStreamPacer"])
def test_what_is_not_here_says_what_to_use(name: str) -> None:
    with pytest.raises(ImportError, match=f"there is no {name}"):
        getattr(tts, name)
