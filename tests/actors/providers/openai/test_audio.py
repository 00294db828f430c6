"""What is asked of transcriptions and speech, and what is made of the answers."""

import asyncio
import io
import wave
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from actors import OpenAISTT, OpenAITTS
from livekitex_agent.testing.fakes import read_aloud, spoken
from livekitex_agent.testing.openai_server import Answer, OpenAIServer, audio, json_answer
from protocols import AudioChunk, Fault, ProviderError, Transcript


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def used(provider: Any, use: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        try:
            return await use(provider)
        finally:
            await provider.aclose()

    return asyncio.run(run())


def heard(server: OpenAIServer, pcm: bytes, *, spoken_in: str = "", **options: Any) -> Transcript:
    stt = OpenAISTT(base_url=server.base_url, **options)
    transcript: Transcript = used(stt, lambda stt: stt.recognize(pcm, language=spoken_in))
    return transcript


def said(server: OpenAIServer, text: str, **options: Any) -> list[AudioChunk]:
    async def collect(tts: Any) -> list[AudioChunk]:
        return [chunk async for chunk in tts.synthesize(text)]

    chunks: list[AudioChunk] = used(OpenAITTS(model="loopback", base_url=server.base_url, **options), collect)
    return chunks


def test_the_audio_is_sent_as_a_file_with_what_is_known_of_it(server: OpenAIServer) -> None:
    pcm = spoken("two pizzas")
    assert heard(server, pcm, spoken_in="de-CH", prompt="Pizza", temperature=0.2) == Transcript(text="two pizzas", language="de")
    (request,) = server.requests
    with wave.open(io.BytesIO(request.body["file"])) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(file.getnframes()) == pcm
    fields = {name: value for name, value in request.body.items() if name != "file"}
    assert fields == {"model": "gpt-transcribe", "response_format": "json", "prompt": "Pizza", "temperature": "0.2", "language": "de"}


@pytest.mark.parametrize(
    ("options", "spoken_in", "sent"),
    [
        ({}, "", None),
        ({"language": "en"}, "de", "en"),
        ({"detect_language": True}, "de", None),
        ({"detect_language": True, "language": "en"}, "", None),
    ],
)
def test_the_language_is_that_of_the_options_or_the_session(server: OpenAIServer, options: Any, spoken_in: str, sent: str | None) -> None:
    heard(server, spoken("hello there you"), spoken_in=spoken_in, **options)
    assert server.requests[0].body.get("language") == sent


@pytest.mark.parametrize(
    ("told", "language"),
    [
        ({"text": " hello \n"}, ""),
        ({"text": "hello", "language": "de"}, "de"),
        ({"text": "hello", "language": "english"}, ""),
        ({"text": "hello", "language": 5}, ""),
    ],
)
def test_a_transcript_is_its_text_and_a_language_that_is_a_tag(server: OpenAIServer, told: Any, language: str) -> None:
    server.script("transcriptions", json_answer(told))
    assert heard(server, spoken("hello there you")) == Transcript(text="hello", language=language)


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({}),
        json_answer({"text": None}),
        json_answer([1]),
        json_answer("hello"),
        Answer(content_type="text/plain", body=(b"hello",)),
    ],
)
def test_what_is_no_transcript_is_refused(server: OpenAIServer, answer: Answer) -> None:
    server.script("transcriptions", answer)
    with pytest.raises(ProviderError, match="which is no answer"):
        heard(server, spoken("hello there you"))


def test_audio_that_no_service_takes_is_not_sent(server: OpenAIServer) -> None:
    assert heard(server, bytes(3_000)).text == ""
    for pcm in (bytes(3_201), bytes(25_000_002)):
        with pytest.raises(ProviderError) as refused:
            heard(server, pcm)
        assert (refused.value.fault, refused.value.retryable) == (Fault.CALLER, False)
    assert server.requests == ()


def test_a_sentence_is_asked_for_as_pcm_and_given_in_whole_samples(server: OpenAIServer) -> None:
    chunks = said(server, " Two pizzas.\n", voice="cedar", instructions="Calmly.", speed=1.25)
    assert {chunk.rate_hz for chunk in chunks} == {24_000}
    assert read_aloud(b"".join(chunk.pcm for chunk in chunks), 24_000) == "Two pizzas."
    assert server.requests[0].body == {
        "model": "loopback",
        "voice": "cedar",
        "input": "Two pizzas.",
        "instructions": "Calmly.",
        "speed": 1.25,
        "response_format": "pcm",
    }


@pytest.mark.parametrize("pieces", [1, 3, 7, 999])
def test_however_the_audio_is_cut_it_is_whole_samples(server: OpenAIServer, pieces: int) -> None:
    pcm = bytes(range(256)) * 8
    server.script("speech", audio(pcm, pieces=pieces), audio(pcm + b"\7", pieces=pieces))
    for _ in range(2):
        chunks = said(server, "hello")
        assert b"".join(chunk.pcm for chunk in chunks) == pcm, "half a sample at the end is none"


def test_much_audio_at_once_is_given_in_pieces(server: OpenAIServer) -> None:
    server.script("speech", audio(b"\1\2" * 60_000))
    lengths = [len(chunk.pcm) for chunk in said(server, "hello", rate_hz=16_000)]
    assert sum(lengths) == 120_000
    assert max(lengths) <= 16_000


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (audio(b"RIFF" + bytes(100)), Fault.CONFIGURATION, "gives WAV"),
        (audio(b"ID3\4" + bytes(100), content_type="audio/mpeg"), Fault.CONFIGURATION, "gives MP3"),
        (audio(b"OggS" + bytes(100), pieces=99), Fault.CONFIGURATION, "gives Ogg"),
        (audio(b""), Fault.PROVIDER, "no audio"),
        (audio(b"\1\2"), Fault.PROVIDER, "no audio"),
        (Answer(content_type="text/plain", body=(b"try later",)), Fault.CONFIGURATION, "try later"),
    ],
)
def test_what_is_no_pcm_is_not_played(server: OpenAIServer, answer: Answer, fault: Fault, words: str) -> None:
    server.script("speech", answer)
    with pytest.raises(ProviderError, match=words) as refused:
        said(server, "hello")
    assert refused.value.fault is fault


def test_a_sentence_without_a_sound_is_not_asked_for_and_one_too_long_is_refused(server: OpenAIServer) -> None:
    assert said(server, " … !") == []
    with pytest.raises(ProviderError, match="cut it at 4096") as refused:
        said(server, "a" * 4_097)
    assert refused.value.fault is Fault.CALLER
    assert server.requests == ()
