"""What adapters hand over and bring back: contexts, tools, options, failures, cancellations; and what they refuse."""

import asyncio
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent import stt as livekit_stt
from livekitex_agent._exceptions import APIConnectionError, APIError, APIStatusError, APITimeoutError
from livekitex_agent.program.providers import Family, LLMAdapter, ProviderHost, STTAdapter, TTSAdapter, VADAdapter
from livekitex_agent.program.providers.failures import provider_error
from livekitex_agent.program.providers.speech_stream import PATIENCE_S, SETTLED_S, FlushWait
from livekitex_agent.program.providers.vad import DetectedVoice
from livekitex_agent.types import APIConnectOptions
from livekitex_agent.utils import http_context
from protocols import (
    AudioChunk,
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatOptions,
    ConfigurationError,
    Fault,
    FinalTranscript,
    FinishReason,
    FunctionChoice,
    InterimTranscript,
    InvalidAudioError,
    ProviderError,
    ProviderKind,
    SpeechEnded,
    TextDelta,
    TokenUsage,
    ToolChoice,
    ToolSchema,
    Transcript,
    TranscriptFlushed,
    VoiceActivity,
    VoiceEnded,
    VoiceStarted,
)
from support.livekit_providers import loud, providers_on, tone
from support.running_loop import running_loop

OURS = providers_on("livekitex_agent")
TOOL = ToolSchema(name="look", description="Look.", parameters={"type": "object", "properties": {}})
CONTEXT = ChatContext().add_message("system", "Be brief.").add_message("user", "hi", id="u1")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with running_loop() as running:
        yield running


def of_status(status: int, **fields: Any) -> APIStatusError:
    return APIStatusError("no", status_code=status, **fields)


@pytest.mark.parametrize(
    ("failure", "fault", "retryable", "status"),
    [
        (of_status(401), Fault.CONFIGURATION, False, 401),
        (of_status(400), Fault.CALLER, False, 400),
        (of_status(429), Fault.PROVIDER, True, 429),
        (of_status(503), Fault.PROVIDER, True, 503),
        (of_status(503, retryable=False), Fault.PROVIDER, False, 503),
        (of_status(-1), Fault.PROVIDER, True, None),
        (APIError("x", retryable=False), Fault.PROVIDER, False, None),
        (APIConnectionError(), Fault.NETWORK, True, None),
        (APITimeoutError(retryable=False), Fault.NETWORK, False, None),
        (TimeoutError(), Fault.NETWORK, True, None),
        (ZeroDivisionError("bug"), Fault.PROVIDER, True, None),
    ],
)
def test_a_failure_says_whose_it_is_and_whether_to_ask_again(failure: Exception, fault: Fault, retryable: bool, status: int | None) -> None:
    made = provider_error("voice", failure)
    assert (made.fault, made.retryable, made.status_code) == (fault, retryable, status)
    assert str(made).startswith("voice: ")
    assert made.__cause__ is failure
    assert provider_error("voice", made) is made


@pytest.mark.asyncio
async def test_a_model_is_told_a_context_and_tools_of_its_own_family(loop: asyncio.AbstractEventLoop) -> None:
    model = OURS.LLM(["two ", "words", ("c1", "look", "{}")])
    adapter = ProviderHost(loop).adapt(model)
    options = ChatOptions(tool_choice=FunctionChoice(name="look"), parallel_tool_calls=False, extra={"temperature": 0})
    assert isinstance(adapter, LLMAdapter)
    told = [event async for event in adapter.chat(CONTEXT, [TOOL], options)]
    assert told == [
        TextDelta(text="two "),
        TextDelta(text="words"),
        CallDelta(index=0, call_id="c1", name="look", arguments="{}"),
        ChatFinished(reason=FinishReason.TOOL_CALLS),
        TokenUsage(prompt_tokens=3, cached_prompt_tokens=1, completion_tokens=2),
    ]
    (asked,) = model.asked
    assert [item.id for item in asked["chat_ctx"].items][1] == "u1"
    assert [tool.info.raw_schema for tool in asked["tools"]] == [{"name": "look", "description": "Look.", "parameters": TOOL.parameters}]
    assert asked["conn_options"].max_retry == 0
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "look"}}
    assert (asked["parallel_tool_calls"], asked["extra_kwargs"]) == (False, {"temperature": 0})
    assert isinstance(asked["chat_ctx"], OURS.llm.ChatContext)


@pytest.mark.parametrize(
    ("choice", "tools", "asked"),
    [
        (ToolChoice.AUTO, [TOOL], None),
        (ToolChoice.NONE, [TOOL], "none"),
        (ToolChoice.REQUIRED, [TOOL], "required"),
        (ToolChoice.NONE, [], "none"),
    ],
)
@pytest.mark.asyncio
async def test_a_choice_that_was_made_is_told(choice: ToolChoice, tools: Any, asked: str | None) -> None:
    model = OURS.LLM(["ok"])
    adapter = ProviderHost(asyncio.get_running_loop()).adapt(model)
    [event async for event in adapter.chat(CONTEXT, tools, ChatOptions(tool_choice=choice))]  # type: ignore[union-attr]
    assert model.asked[0].get("tool_choice") == asked
    assert "parallel_tool_calls" not in model.asked[0]


@pytest.mark.asyncio
async def test_a_models_failure_comes_after_what_it_said(loop: asyncio.AbstractEventLoop) -> None:
    adapter: Any = ProviderHost(loop).adapt(OURS.LLM(["half", of_status(429)]))
    answer = adapter.chat(CONTEXT, [], ChatOptions())
    assert await anext(answer) == TextDelta(text="half")
    with pytest.raises(ProviderError, match="status_code=429") as raised:
        await anext(answer)
    assert raised.value.retryable


@pytest.mark.asyncio
async def test_what_was_tried_as_often_as_the_session_says_is_not_tried_again(loop: asyncio.AbstractEventLoop) -> None:
    retries = {ProviderKind.LLM: APIConnectOptions(max_retry=1, retry_interval=0.0)}
    adapter: Any = ProviderHost(loop, retries).adapt(OURS.LLM([of_status(503)], [of_status(503)]))
    with pytest.raises(ProviderError, match="after 2 attempts") as raised:
        [event async for event in adapter.chat(CONTEXT, [], ChatOptions())]
    assert not raised.value.retryable


@pytest.mark.asyncio
async def test_an_answer_that_is_cancelled_here_ends_there(loop: asyncio.AbstractEventLoop) -> None:
    model = OURS.LLM(hang=True)
    adapter: Any = ProviderHost(loop).adapt(model)
    reading = asyncio.create_task(anext(adapter.chat(CONTEXT, [], ChatOptions())))
    while not model.asked:  # noqa: ASYNC110 - it is asked on another loop
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    async def left() -> int:
        for _ in range(50):
            await asyncio.sleep(0)
        return len(asyncio.all_tasks()) - 1

    assert await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(left(), loop)) == 0
    await adapter.aclose()
    await adapter.aclose()
    assert model.closed


@pytest.mark.asyncio
async def test_a_recognisers_stream_that_fails_is_over(loop: asyncio.AbstractEventLoop) -> None:
    adapter: Any = ProviderHost(loop).adapt(OURS.StreamingSTT("x", failure=of_status(401)))
    assert isinstance(adapter, STTAdapter)
    stream = adapter.stream()
    with pytest.raises(InvalidAudioError):
        stream.push(AudioChunk(pcm=bytes(320), rate_hz=8_000))
    stream.push(AudioChunk(pcm=bytes(320), rate_hz=16_000))
    with pytest.raises(ProviderError, match="status_code=401"):
        [event async for event in stream]
    with pytest.raises(ProviderError, match="is over: begin another"):
        stream.push(AudioChunk(pcm=bytes(320), rate_hz=16_000))
    with pytest.raises(ProviderError, match="iterated already"):
        [event async for event in stream]


class FrameByFrameSTT(livekit_stt.STT[Any]):
    """Tells how long each frame is that it is given."""

    def __init__(self) -> None:
        super().__init__(capabilities=livekit_stt.STTCapabilities(streaming=True, interim_results=False))

    async def _recognize_impl(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def stream(self, **_: Any) -> livekit_stt.RecognizeStream:
        return FrameByFrameStream(stt=self, conn_options=APIConnectOptions())


class FrameByFrameStream(livekit_stt.RecognizeStream):
    async def _run(self) -> None:
        async for frame in self._input_ch:
            if not isinstance(frame, self._FlushSentinel):
                data = livekit_stt.SpeechData(language="en", text=str(round(frame.duration * 1000)))
                self._event_ch.send_nowait(livekit_stt.SpeechEvent(livekit_stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data]))


@pytest.mark.asyncio
async def test_what_comes_at_a_time_after_a_death_is_given_in_frames_as_ever(loop: asyncio.AbstractEventLoop) -> None:
    adapter: Any = ProviderHost(loop).adapt(FrameByFrameSTT())
    stream = adapter.stream()
    stream.push(AudioChunk(pcm=bytes(2 * 16 * 220), rate_hz=16_000))
    stream.end_input()
    heard = [event.transcript.text async for event in stream if isinstance(event, FinalTranscript)]
    assert heard == ["50", "50", "50", "50", "20"]


@pytest.mark.asyncio
async def test_audio_that_a_blocked_loop_does_not_take_is_bounded(loop: asyncio.AbstractEventLoop) -> None:
    adapter: Any = ProviderHost(loop).adapt(OURS.StreamingSTT("x"))
    go_on = threading.Event()
    loop.call_soon_threadsafe(go_on.wait, 20)
    stream = adapter.stream()
    second = AudioChunk(pcm=bytes(32_000), rate_hz=16_000)
    for _ in range(30):
        stream.push(second)
    with pytest.raises(ProviderError, match="30 s of audio wait in the stream"):
        stream.push(second)
    go_on.set()
    await stream.aclose()


def test_a_recogniser_says_what_it_can_and_its_user_whether_it_ends_turns() -> None:
    adapter = STTAdapter(OURS.StreamingSTT("x"), Family("livekitex_agent"), None, None, APIConnectOptions())  # type: ignore[arg-type]
    assert (adapter.capabilities.streaming, adapter.capabilities.aligned_words, adapter.capabilities.end_of_turn) == (True, True, False)
    adapter.end_of_turn = True
    assert adapter.capabilities.end_of_turn
    assert adapter.label.endswith("StreamingSTT")


FINAL = FinalTranscript(transcript=Transcript(text="x"))
INTERIM = InterimTranscript(transcript=Transcript(text="x"))


def test_a_flush_is_answered_by_what_is_final_or_by_silence() -> None:
    wait = FlushWait()
    assert wait.flushed()
    wait.pushed()
    assert wait.wait_s is None
    assert not wait.flushed()
    assert not wait.flushed()
    assert wait.wait_s == PATIENCE_S
    assert wait.told(INTERIM) == 0
    assert wait.told(FINAL) == 2
    assert wait.wait_s is None
    assert wait.flushed()
    wait.pushed()
    assert not wait.flushed()
    assert wait.silent() == 1
    assert wait.told(SpeechEnded(at_ms=1)) == 0
    wait.pushed()
    assert wait.told(FINAL) == 0
    wait.pushed()  # the silence behind it
    assert not wait.flushed()
    assert wait.wait_s == SETTLED_S
    assert wait.told(INTERIM) == 0
    assert wait.wait_s == PATIENCE_S
    assert wait.told(FINAL) == 1
    wait.pushed()
    assert not wait.flushed()
    assert wait.wait_s == PATIENCE_S
    wait = FlushWait(flushes=1)
    assert wait.wait_s == SETTLED_S
    assert wait.told(TranscriptFlushed()) == 0


@pytest.mark.asyncio
async def test_a_voices_audio_comes_at_a_rate_that_the_session_takes(loop: asyncio.AbstractEventLoop) -> None:
    adapter: Any = ProviderHost(loop).adapt(OURS.TTS(22_050))
    assert isinstance(adapter, TTSAdapter)
    pcm = b"".join([chunk.pcm async for chunk in adapter.synthesize("hello")])
    assert adapter.rate_hz == 24_000
    assert loud(pcm)
    assert len(pcm) / 48_000 == pytest.approx(0.1, abs=0.02)
    with pytest.raises(ProviderError, match="does not stream"):
        adapter.stream()


@pytest.mark.asyncio
async def test_a_voice_that_fails_in_a_stream_raises_there(loop: asyncio.AbstractEventLoop) -> None:
    adapter: Any = ProviderHost(loop).adapt(OURS.StreamingTTS(failure=of_status(500)))
    stream = adapter.stream()
    stream.push_text("hello")
    with pytest.raises(ProviderError, match="16000 characters wait"):
        stream.push_text("x" * 16_000)
    stream.flush()
    with pytest.raises(ProviderError, match="status_code=500"):
        [event async for event in stream]
    with pytest.raises(ProviderError, match="begin another"):
        stream.push_text("more")
    unread = adapter.stream()
    unread.push_text("hello")
    await unread.aclose()
    assert [event async for event in unread] == []


def event(kind: str, at_s: float, **fields: Any) -> Any:
    known = {
        "speech_duration": 0.0,
        "silence_duration": 0.0,
        "probability": 0.0,
        "raw_accumulated_silence": 0.0,
        "raw_accumulated_speech": 0.0,
    }
    return SimpleNamespace(type=OURS.vad.VADEventType(kind), timestamp=at_s, **{**known, **fields})


def test_a_detectors_events_are_told_in_turn_with_their_times() -> None:
    voice = DetectedVoice(1_000)
    told = [
        *voice.read(event("inference_done", 0.1, probability=0.9, raw_accumulated_speech=0.1)),
        *voice.read(event("start_of_speech", 0.1, speech_duration=0.1)),
        *voice.read(event("start_of_speech", 0.1)),
        *voice.read(event("inference_done", 0.2, probability=1.5, speech_duration=0.2)),
        *voice.read(event("end_of_speech", 0.5, silence_duration=0.3)),
        *voice.read(event("end_of_speech", 0.5)),
    ]
    assert [type(each) for each in told] == [VoiceActivity, VoiceStarted, VoiceActivity, VoiceActivity, VoiceEnded]
    assert told[1] == VoiceStarted(at_ms=1_100, start_ms=1_000)
    assert told[-1] == VoiceEnded(at_ms=1_500, start_ms=1_000, end_ms=1_200)
    assert told[2].probability == 1.0  # type: ignore[union-attr]
    assert voice.finish() == ()
    voice.read(event("start_of_speech", 0.6, speech_duration=9.0))
    assert voice.finish() == (VoiceEnded(at_ms=1_600, start_ms=1_200, end_ms=1_600),)


@pytest.mark.asyncio
async def test_a_detector_is_heard_as_soon_as_its_loop_comes_to_it(loop: asyncio.AbstractEventLoop) -> None:
    adapter: Any = ProviderHost(loop).adapt(OURS.VAD())
    assert isinstance(adapter, VADAdapter)
    assert adapter.capabilities.frame_ms == 20
    stream = adapter.stream(start_ms=2_000)
    told: list[Any] = []

    async def hear(pcm: bytes) -> None:
        for at in range(0, len(pcm), 640):
            told.extend(stream.push(AudioChunk(pcm=pcm[at : at + 640], rate_hz=16_000)))

    with pytest.raises(InvalidAudioError):
        stream.push(AudioChunk(pcm=bytes(320), rate_hz=8_000))
    await hear(bytes(16_000) + tone(16_000, 400) + bytes(16_000))
    async with asyncio.timeout(20):
        while not any(isinstance(each, VoiceEnded) for each in told):
            await asyncio.sleep(0)
            told.extend(stream.push(AudioChunk(pcm=bytes(2), rate_hz=16_000)))
    started = next(each for each in told if isinstance(each, VoiceStarted))
    ended = next(each for each in told if isinstance(each, VoiceEnded))
    assert (started.start_ms, ended.start_ms, ended.end_ms) == (2_500, 2_500, 2_900)
    stream.reset(start_ms=0)
    assert stream.flush() == ()


@pytest.mark.asyncio
async def test_a_detector_that_is_too_slow_or_broken_fails(loop: asyncio.AbstractEventLoop) -> None:
    go_on = threading.Event()
    loop.call_soon_threadsafe(go_on.wait, 20)
    stream: Any = ProviderHost(loop).adapt(OURS.VAD()).stream()  # type: ignore[union-attr,call-arg]
    second = AudioChunk(pcm=bytes(32_000), rate_hz=16_000)
    for _ in range(5):
        stream.push(second)
    with pytest.raises(ProviderError, match="5 s of audio wait to be judged"):
        stream.push(second)
    go_on.set()

    class Broken(OURS.VAD):  # type: ignore[name-defined,misc]
        def stream(self) -> Any:
            raise RuntimeError("no model")

    here: Any = ProviderHost(asyncio.get_running_loop()).adapt(Broken())
    with pytest.raises(ProviderError, match="no model"):
        here.stream().push(AudioChunk(pcm=bytes(320), rate_hz=16_000))


@pytest.mark.asyncio
async def test_each_object_has_one_adapter_and_what_is_none_is_refused() -> None:
    host = ProviderHost(asyncio.get_running_loop())
    voice = OURS.TTS()
    assert host.adapt(voice) is host.adapt(voice, kind=ProviderKind.TTS)
    with pytest.raises(ConfigurationError, match="is a provider of tts: give one of stt"):
        ProviderHost(asyncio.get_running_loop()).adapt(voice, kind=ProviderKind.STT)
    with pytest.raises(ConfigurationError, match="is no provider: give a name"):
        host.adapt(object())


@pytest.mark.asyncio
async def test_a_providers_code_has_one_http_session_which_its_host_closes(loop: asyncio.AbstractEventLoop) -> None:
    sessions: list[Any] = []

    class Asking(OURS.TTS):  # type: ignore[name-defined,misc]
        def synthesize(self, text: str, *, conn_options: Any = None) -> Any:
            sessions.append(http_context.http_session())
            return super().synthesize(text, conn_options=conn_options)

        def prewarm(self) -> None:
            sessions.append(http_context.http_session())
            raise RuntimeError("later")

    host = ProviderHost(loop)
    adapter: Any = host.adapt(Asking())
    adapter.prewarm()
    adapter.prewarm()
    [chunk async for chunk in adapter.synthesize("hello")]
    assert sessions[0] is sessions[1]
    assert len(sessions) == 2
    await host.aclose()
    assert sessions[0].closed
    with pytest.raises(RuntimeError, match="outside of a job"):
        http_context.http_session()
