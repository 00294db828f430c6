"""A class with one method is a provider, as much of the contract as it names."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.providers import make_llm, make_stt, make_tts
from protocols import (
    LLM,
    STT,
    TTS,
    AudioChunk,
    ChatContext,
    ChatOptions,
    ConfigurationError,
    LLMEvent,
    ProviderError,
    ProviderRef,
    Role,
    STTCapabilities,
    TextDelta,
    Transcript,
    TTSCapabilities,
)

REF = ProviderRef(factory="x:y", options={})
CONTEXT = ChatContext().add_message(Role.USER, "hello")
OPTIONS = ChatOptions(extra={"temperature": 0.1})


def made(make: Any, provider: object) -> Any:
    return make(REF, lambda _: lambda _: provider)


class OfMessages:
    async def chat(self, context: Any) -> AsyncIterator[Any]:
        yield context


class WithTools:
    async def chat(self, context: Any, tools: Any) -> AsyncIterator[Any]:
        yield context, tools


class WithOptions:
    async def chat(self, context: Any, tools: Any, options: Any) -> AsyncIterator[Any]:
        yield context, tools, options


class OfAnything:
    async def chat(self, *args: Any) -> AsyncIterator[Any]:
        yield args


class WithADefault:
    async def chat(self, context: Any, tools: Any = (), options: Any = None, more: Any = 5) -> AsyncIterator[Any]:
        yield context, tools, options, more


class Narrow(LLM):
    async def chat(self, context: Any, tools: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        yield context, tools


class ByKeyword:
    async def chat(self, context: Any, *, politely: bool = True) -> AsyncIterator[Any]:
        yield context, politely


class Callable:
    """Whose signature is that of a call."""

    class _Chat:
        async def __call__(self, context: Any, tools: Any) -> AsyncIterator[Any]:
            yield context, tools

    chat = _Chat()


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        (OfMessages(), CONTEXT),
        (WithTools(), (CONTEXT, ())),
        (WithOptions(), (CONTEXT, (), OPTIONS)),
        (OfAnything(), (CONTEXT, (), OPTIONS)),
        (WithADefault(), (CONTEXT, (), OPTIONS, 5)),
        (Narrow(), (CONTEXT, ())),
        (ByKeyword(), (CONTEXT, True)),
        (Callable(), (CONTEXT, ())),
    ],
)
def test_a_model_is_told_what_it_takes(model: object, asked: object) -> None:
    async def ask() -> Any:
        return [event async for event in made(make_llm, model).chat(CONTEXT, (), OPTIONS)]

    assert asyncio.run(ask()) == [asked]


def test_a_model_that_takes_nothing_is_told_what_it_takes() -> None:
    class Deaf:
        async def chat(self) -> AsyncIterator[LLMEvent]:
            yield TextDelta(text="x")

    with pytest.raises(ConfigurationError, match=r"Deaf: chat\(\) takes nothing: define it with 'async def chat\(self, context"):
        made(make_llm, Deaf())


class Whole(LLM):
    async def chat(self, context: Any, tools: Any, options: Any) -> AsyncIterator[LLMEvent]:
        yield TextDelta(text="x")


class WholeSTT(STT):
    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        return Transcript(text="x")


class WholeTTS(TTS):
    rate_hz = 16_000

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        yield AudioChunk(pcm=bytes(2), rate_hz=16_000)


@pytest.mark.parametrize(("make", "whole"), [(make_llm, Whole()), (make_stt, WholeSTT()), (make_tts, WholeTTS())])
def test_what_is_whole_is_left_as_it_is(make: Any, whole: object) -> None:
    assert made(make, whole) is whole


class Ears:
    async def recognize(self, pcm: bytes) -> str:
        return f"{len(pcm)} bytes"


class EarsOfLanguages(STT):
    def __init__(self, **capabilities: Any) -> None:
        self.asked = ""

    async def recognize(self, pcm: bytes, language: str = "") -> Any:  # type: ignore[override]
        return language


class NarrowSTT(STT):
    async def recognize(self, pcm: bytes) -> Any:  # type: ignore[override]
        return "text"


class EarsOfKeywords:
    async def recognize(self, pcm: bytes, **more: Any) -> Any:
        return Transcript(text=str(more))


@pytest.mark.parametrize(
    ("ears", "heard"),
    [
        (Ears(), Transcript(text="4 bytes")),
        (NarrowSTT(), Transcript(text="text")),
        (EarsOfKeywords(), Transcript(text="{'language': 'de'}")),
    ],
)
def test_a_recogniser_may_give_its_text_alone(ears: object, heard: Transcript) -> None:
    assert asyncio.run(made(make_stt, ears).recognize(bytes(4), language="de")) == heard


def test_what_is_no_text_is_handed_on_to_where_it_is_told() -> None:
    class Odd:
        async def recognize(self, pcm: bytes) -> Any:
            return 5

        label = "odd"

    class NoCoroutine:
        def recognize(self, pcm: bytes) -> Any:
            return 5

    stt = made(make_stt, Odd())
    assert asyncio.run(stt.recognize(b"\0\0")) == 5
    assert stt.label == "odd"
    assert made(make_stt, NoCoroutine()).recognize(b"\0\0") == 5


def test_what_it_does_not_have_is_the_contract_s() -> None:
    stt = made(make_stt, Ears())
    assert (stt.rate_hz, stt.capabilities) == (16_000, STTCapabilities())
    with pytest.raises(ProviderError, match="Ears does not stream"):
        stt.stream(language="en")
    stt.prewarm()
    asyncio.run(stt.aclose())


class Everything:
    rate_hz = 8_000

    def __init__(self) -> None:
        self.done: list[object] = []

    async def recognize(self, pcm: bytes) -> str:
        return ""

    def stream(self, **options: Any) -> Any:
        self.done.append(("stream", options))
        return self

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        yield AudioChunk(pcm=bytes(2), rate_hz=8_000)

    def prewarm(self) -> None:
        self.done.append("warm")

    async def aclose(self) -> None:
        self.done.append("closed")


@pytest.mark.parametrize(
    ("make", "capabilities", "streamed"),
    [(make_stt, STTCapabilities(streaming=True), {"language": "en"}), (make_tts, TTSCapabilities(streaming=True), {})],
)
def test_what_it_has_is_used(monkeypatch: pytest.MonkeyPatch, make: Any, capabilities: object, streamed: dict[str, str]) -> None:
    everything = Everything()
    monkeypatch.setattr(Everything, "capabilities", capabilities, raising=False)
    provider = made(make, everything)
    assert (provider.rate_hz, provider.capabilities) == (8_000, capabilities)
    provider.prewarm()
    assert provider.stream(**streamed) is everything
    asyncio.run(provider.aclose())
    assert everything.done == ["warm", ("stream", streamed), "closed"]


def test_a_stream_without_a_language_is_begun_without() -> None:
    class Monolingual:
        rate_hz = 16_000

        def stream(self) -> str:
            return "stream"

    assert made(make_stt, Monolingual()).stream(language="en") == "stream"


def test_a_voice_speaks_with_one_method() -> None:
    class Voice:
        rate_hz = 16_000

        async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
            yield AudioChunk(pcm=bytes(2 * len(text)), rate_hz=16_000)

    async def speak() -> int:
        return sum([chunk.samples async for chunk in made(make_tts, Voice()).synthesize("hello")])

    assert asyncio.run(speak()) == 5
    with pytest.raises(ProviderError, match="Voice does not stream"):
        made(make_tts, Voice()).stream()


@pytest.mark.parametrize("text", ["", "en"])
def test_a_class_that_takes_the_language_by_its_place_is_told_it(text: str) -> None:
    assert asyncio.run(made(make_stt, EarsOfLanguages()).recognize(b"\0\0", language=text)) == text
