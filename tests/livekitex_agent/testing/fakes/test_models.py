"""The scripted models keep their time lines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import numpy as np
import pytest

from livekitex_agent.testing.fakes import (
    read_aloud,
    scripted_llm,
    scripted_stt,
    scripted_tts,
    scripted_turn_detector,
    scripted_vad,
    spoken,
)
from protocols import (
    SESSION_RATE_HZ,
    AudioChunk,
    ChatContext,
    ChatFinished,
    ChatOptions,
    ConfigurationError,
    FinalTranscript,
    FunctionCall,
    FunctionCallOutput,
    InterimTranscript,
    InvalidAudioError,
    OpenTurn,
    PreflightTranscript,
    ProviderError,
    Role,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    VoiceEnded,
    VoiceStarted,
)
from support import virtual_time

T = TypeVar("T")


def timed(work: Callable[[], Awaitable[T]]) -> tuple[float, T]:
    async def measure() -> tuple[float, T]:
        began = virtual_time.clock().monotonic()
        value = await work()
        return virtual_time.clock().monotonic() - began, value

    return virtual_time.run(measure())


async def collect(stream: AsyncIterator[T]) -> list[tuple[float, T]]:
    began = virtual_time.clock().monotonic()
    return [(virtual_time.clock().monotonic() - began, each) async for each in stream]


def asked(text: str) -> ChatContext:
    return ChatContext().add_message(Role.SYSTEM, "Be brief.").add_message(Role.USER, text)


def after_tool(name: str, result: str) -> ChatContext:
    call = FunctionCall(call_id="c1", name=name, arguments="{}")
    output = FunctionCallOutput(call_id="c1", output=result)
    return asked("go").append(call, output)


# LLM.


def chat(context: ChatContext, **options: Any) -> list[tuple[float, Any]]:
    model = scripted_llm(options)
    told = virtual_time.run(collect(model.chat(context, (), ChatOptions())))
    assert isinstance(told[-1][1], ChatFinished)
    return told[:-1]


def test_without_a_script_a_model_repeats() -> None:
    ((_, delta),) = chat(asked("hello"))
    assert delta.text == "You said hello."


def test_a_model_has_a_time_to_its_first_token_and_a_pace() -> None:
    told = chat(asked("x"), replies=[{"say": "a" * 40, "first_token_ms": 300, "chars_per_s": 80}])
    assert told[0][0] == pytest.approx(0.3, abs=1e-3)
    assert told[-1][0] == pytest.approx(0.3 + 4 * 0.1, abs=1e-3)
    assert "".join(delta.text for _, delta in told) == "a" * 40
    at_once = chat(asked("x"), replies=[{"say": "a" * 400}])
    assert [at for at, _ in at_once] == pytest.approx([0.0], abs=1e-3)


def test_a_model_calls_tools_and_answers_their_results() -> None:
    replies = [{"to": "go", "say": "One moment.", "calls": ["look"]}, {"after": "look", "say": "It is {result}."}]
    told = [delta for _, delta in chat(asked("go"), replies=replies)]
    assert told[0].text == "One moment."
    assert told[1].name == "look"
    ((_, delta),) = chat(after_tool("look", "nine"), replies=replies)
    assert delta.text == "It is nine."


def test_a_model_fails_at_its_point() -> None:
    async def work() -> list[Any]:
        model = scripted_llm({"replies": [{"say": "Half a", "fails": "gone", "retryable": True}]})
        told = aiter(model.chat(asked("x"), (), ChatOptions()))
        first = await anext(told)
        with pytest.raises(ProviderError, match="gone") as failed:
            await anext(told)
        assert failed.value.retryable
        return [first]

    (delta,) = virtual_time.run(work())
    assert delta.text == "Half a"


def test_a_model_that_has_no_reply_says_what_it_has() -> None:
    with pytest.raises(ProviderError, match=r"no reply to 'bye': it has .*hello"):
        chat(asked("bye"), replies=[{"to": "hello", "say": "Hi."}])
    with pytest.raises(ProviderError, match="no reply to the result of look"):
        chat(after_tool("look", "x"), replies=[{"say": "Hi."}])


def test_a_silent_model_never_ends() -> None:
    async def work() -> None:
        async with asyncio.timeout(3_600):
            await collect(scripted_llm({"replies": [{"say": "Hm", "silent": True}]}).chat(asked("x"), (), ChatOptions()))

    with pytest.raises(TimeoutError):
        virtual_time.run(work())


# STT.


def test_a_recogniser_reads_or_says_what_it_is_told_to() -> None:
    for options, expected in [({}, ["abc", "de"]), ({"transcripts": ["one"]}, ["one", ""]), ({"transcripts": []}, ["", ""])]:
        stt = scripted_stt(options)
        assert [virtual_time.run(stt.recognize(spoken(text))).text for text in ("abc", "de")] == expected


LENGTHS = [{"ms": 200, "text": "yes"}, {"ms": 600.5, "text": "two red apples"}]


def test_a_recogniser_may_tell_utterances_by_their_length() -> None:
    stt = scripted_stt({"by_length": LENGTHS})
    for letters, expected in [(1, "yes"), (25, "yes"), (55, "two red apples"), (300, "two red apples"), (0, "yes")]:
        pcm = bytes(3_200) + spoken("x" * letters) + bytes(9_600)
        assert virtual_time.run(stt.recognize(pcm)).text == expected


def hear_stream(pcm: bytes, *, frame_ms: int = 20, flush_at_ms: int | None = None, **options: Any) -> list[str]:
    async def work() -> list[SpeechEvent]:
        stream = scripted_stt({"streaming": True, **options}).stream(language="en")
        size = frame_ms * SESSION_RATE_HZ // 1000 * 2
        for at in range(0, len(pcm), size):
            if flush_at_ms is not None and at == flush_at_ms * SESSION_RATE_HZ // 1000 * 2:
                stream.flush()
            stream.push(AudioChunk(pcm=pcm[at : at + size], rate_hz=SESSION_RATE_HZ))
        stream.end_input()
        return [event async for event in stream]

    told = []
    for event in virtual_time.run(work()):
        match event:
            case InterimTranscript(transcript=transcript) | PreflightTranscript(transcript=transcript):
                told.append(transcript.text + "…")
            case FinalTranscript(transcript=transcript):
                assert transcript.language == "en"
                told.append(transcript.text)
            case SpeechStarted(at_ms=at_ms):
                told.append(f"from {at_ms}")
            case SpeechEnded(at_ms=at_ms):
                told.append(f"to {at_ms}")
            case _:
                told.append(type(event).__name__)
    return told


def test_a_recogniser_tells_words_as_they_come() -> None:
    pcm = bytes(6_400) + spoken("two red apples") + bytes(1_920)
    assert hear_stream(pcm) == ["from 200", "two…", "two red…", "two red apples", "to 400"]
    assert hear_stream(bytes(6_400)) == []
    assert hear_stream(pcm, transcripts=["three"], delay_ms=500)[-2:] == ["three", "to 400"]


def test_a_recogniser_that_is_flushed_begins_anew() -> None:
    pcm = spoken("one two") + bytes(1_600 * 2 - len(spoken("one two")) % 640) + spoken("three four")
    told = hear_stream(pcm, flush_at_ms=100)
    assert told[:5] == ["from 0", "one…", "one two", "to 100", "TranscriptFlushed"]
    assert told[-2] == "three four"
    assert hear_stream(bytes(6_400), flush_at_ms=100) == ["TranscriptFlushed"]


def test_a_recogniser_finds_the_end_of_a_turn_unless_the_voice_would_go_on() -> None:
    pcm = bytes(6_400) + spoken("two red apples", pause_s=0.5) + spoken("please", pause_s=0.2)
    whole = ["from 200", "two…", "two red…", "two red apples…", "two red apples", "to 340", "from 840", "please…", "please", "to 900"]
    assert hear_stream(pcm, end_of_turn_ms=300) == whole
    assert hear_stream(pcm, end_of_turn_ms=300, frame_ms=400) == whole, "however it is cut"
    goes_on = spoken("two apples,", pause_s=0.5) + spoken("please", pause_s=0.5)
    assert hear_stream(goes_on, end_of_turn_ms=300)[-2:] == [read_aloud(goes_on, SESSION_RATE_HZ), "to 670"]
    assert scripted_stt({"end_of_turn_ms": 300}).capabilities.end_of_turn
    assert not scripted_stt({"streaming": True}).capabilities.end_of_turn


def test_a_recogniser_streams_only_if_it_is_told_to() -> None:
    assert scripted_stt({"streaming": True}).capabilities.interim_results
    plain = scripted_stt({})
    assert not plain.capabilities.streaming
    with pytest.raises(ProviderError, match="does not stream"):
        plain.stream()
    with pytest.raises(InvalidAudioError, match="not 8000"):
        _push_at(8_000)


def _push_at(rate_hz: int) -> None:
    async def work() -> None:
        scripted_stt({"streaming": True}).stream().push(AudioChunk(pcm=bytes(160), rate_hz=rate_hz))

    virtual_time.run(work())


def test_a_recogniser_takes_its_time() -> None:
    took_s, transcript = timed(lambda: scripted_stt({"delay_ms": 250}).recognize(spoken("abc"), language="en"))
    assert transcript.language == "en"
    assert (round(took_s, 3), transcript.text) == (0.25, "abc")


def test_a_recogniser_fails_and_hangs_as_often_as_it_is_told_to() -> None:
    stt = scripted_stt({"fails": 1, "hangs": 1})

    async def work() -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await stt.recognize(spoken("a"))
        with pytest.raises(ProviderError) as failed:
            await stt.recognize(spoken("a"))
        assert failed.value.retryable
        return (await stt.recognize(spoken("a"))).text

    assert virtual_time.run(work()) == "a"


# TTS.


def say(text: str, **options: Any) -> tuple[float, bytes]:
    async def work() -> bytes:
        return b"".join([chunk.pcm async for chunk in scripted_tts(options).synthesize(text)])

    return timed(work)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_a_voice_writes(rate_hz: int) -> None:
    _, pcm = say("Hello.", rate_hz=rate_hz)
    assert read_aloud(pcm, rate_hz) == "Hello."
    assert len(pcm) == 6 * rate_hz // 100 * 2


@pytest.mark.parametrize("sound", ["tone", "noise", "silence"])
def test_a_voice_sounds_as_long_as_its_text(sound: str) -> None:
    took_s, pcm = say("Hello.", sound=sound, ms_per_char=50, first_audio_ms=120)
    assert len(pcm) == 24_000 * 300 // 1000 * 2
    assert took_s == pytest.approx(0.12, abs=1e-3)
    loud = np.abs(np.frombuffer(pcm, "<i2").astype(int)).max()
    assert bool(loud > 1_000) is (sound != "silence")
    assert (say("Hello.", sound=sound, ms_per_char=50)[1] == pcm) is (sound != "noise")


def test_a_voice_fails_and_hangs_where_it_is_told_to() -> None:
    with pytest.raises(ProviderError) as failed:
        say("Here it ends.", fails_at="ends", retryable=True)
    assert failed.value.retryable
    assert say("Here it goes on.", fails_at="ends", hangs_at="stops")[1]

    async def work() -> None:
        async with asyncio.timeout(60):
            await anext(aiter(scripted_tts({"hangs_at": "stops"}).synthesize("It stops.")))

    with pytest.raises(TimeoutError):
        virtual_time.run(work())


# VAD.


def hear(pcm: bytes, *, start_ms: int = 0, **options: Any) -> list[tuple[str, int]]:
    stream = scripted_vad(options).stream(start_ms=start_ms)
    pieces = [pcm[at : at + SESSION_RATE_HZ] for at in range(0, len(pcm), SESSION_RATE_HZ)]
    events = [event for piece in pieces for event in stream.push(AudioChunk(pcm=piece, rate_hz=SESSION_RATE_HZ))]
    return [(type(event).__name__, event.at_ms) for event in events if isinstance(event, VoiceStarted | VoiceEnded)]


def test_a_detector_hears_any_sound() -> None:
    told = hear(bytes(SESSION_RATE_HZ) + spoken("x" * 50) + bytes(2 * SESSION_RATE_HZ))
    assert [name for name, _ in told] == ["VoiceStarted", "VoiceEnded"]
    assert 500 <= told[0][1] <= 700
    assert 1_050 <= told[1][1] <= 1_250
    assert hear(bytes(2 * SESSION_RATE_HZ)) == []


def test_a_detector_hears_voice_where_its_script_says() -> None:
    silence = bytes(4 * SESSION_RATE_HZ)
    told = hear(silence, voice=[[400, 900], [1_500, 1_600.5]])
    assert [name for name, _ in told] == ["VoiceStarted", "VoiceEnded"] * 2
    assert hear(silence, voice=[]) == []
    later = hear(bytes(2 * SESSION_RATE_HZ), start_ms=1_000, voice=[[400, 900], [1_500, 1_600]])
    assert [name for name, _ in later] == ["VoiceStarted", "VoiceEnded"]


# Turn detection.


def predict(detector: Any, text: str) -> bool:
    prediction = virtual_time.run(detector.predict(OpenTurn(audio=spoken(text) + bytes(3_200))))
    return bool(prediction.likely_over)


def test_a_turn_detector_reads_or_does_as_it_is_told() -> None:
    assert [predict(scripted_turn_detector({}), text) for text in ("well,", "well.")] == [False, True]
    told = scripted_turn_detector({"probabilities": [0.1, 0.5, 0]})
    assert [predict(told, "x") for _ in range(4)] == [False, True, False, True]
    took_s, _ = timed(lambda: scripted_turn_detector({"delay_ms": 40}).predict(OpenTurn(audio=b"")))
    assert took_s == pytest.approx(0.04, abs=1e-3)


def test_models_can_be_warmed_and_closed() -> None:
    for model in (scripted_vad({}), scripted_turn_detector({})):
        model.prewarm()
        virtual_time.run(_close(model))


async def _close(model: Any) -> None:
    await model.aclose()


@pytest.mark.parametrize(
    ("factory", "options", "text"),
    [
        (scripted_llm, {"reply": []}, "has no option reply: it knows replies"),
        (scripted_stt, {"transcripts": "one"}, "give a list of texts"),
        (scripted_stt, {"transcripts": [1]}, "give a list of texts"),
        (scripted_stt, {"delay_ms": -1}, "delay_ms=-1"),
        (scripted_stt, {"text": "x"}, "has no option text"),
        (scripted_stt, {"by_length": "x"}, "by_length is 'x'"),
        (scripted_stt, {"by_length": [{"ms": "1", "text": "x"}]}, "by_length has"),
        (scripted_stt, {"by_length": [{"ms": -1, "text": "x"}]}, "by_length has"),
        (scripted_stt, {"by_length": [{"ms": 1, "text": "x", "at": 2}]}, "by_length has"),
        (scripted_stt, {"by_length": [7]}, "by_length has 7"),
        (scripted_stt, {"streaming": 1}, "streaming=1"),
        (scripted_tts, {"sound": "song"}, "sound='song'"),
        (scripted_tts, {"rate_hz": 11_025}, "rate_hz=11025"),
        (scripted_tts, {"ms_per_char": 20}, "a written letter lasts 10 ms"),
        (scripted_tts, {"fails_at": 7}, "fails_at=7"),
        (scripted_vad, {"voice": "loud"}, "give pairs of milliseconds"),
        (scripted_vad, {"voice": [[1, 2], [1, 3]]}, r"has \[1, 3\]"),
        (scripted_vad, {"voice": [[2, 1]]}, "give pairs"),
        (scripted_vad, {"voice": [7]}, "give pairs"),
        (scripted_vad, {"min_silence_ms": 0.5}, "min_silence_ms"),
        (scripted_turn_detector, {"probabilities": [2]}, "from 0 to 1"),
        (scripted_turn_detector, {"probabilities": [True]}, "from 0 to 1"),
        (scripted_turn_detector, {"probabilities": 0.5}, "from 0 to 1"),
        (scripted_turn_detector, {"delay_ms": "long"}, "delay_ms"),
    ],
)
def test_an_option_that_is_none_is_refused(factory: Callable[[dict[str, Any]], object], options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        factory(options)
