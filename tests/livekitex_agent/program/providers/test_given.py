"""What a program gives as a provider becomes one: names, references, our own objects, and those of LiveKit's classes."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors import OpenAILLM
from livekitex_agent.program.providers import LLMAdapter, ProviderHost, TTSAdapter, provider_given
from protocols import (
    LLM,
    STT,
    TTS,
    VAD,
    AudioChunk,
    ChatContext,
    ChatOptions,
    ConfigurationError,
    ProviderKind,
    ProviderRef,
    TextDelta,
    Transcript,
    VADCapabilities,
)
from support.livekit_providers import providers_on

OURS = providers_on("livekitex_agent")


def given(kind: str, value: object) -> tuple[Any, ProviderRef]:
    async def make() -> tuple[Any, ProviderRef]:
        return provider_given(ProviderKind(kind), value, ProviderHost(asyncio.get_running_loop()), base_url="http://127.0.0.1:1/v1")

    return asyncio.run(make())


def test_a_name_and_a_reference_are_made() -> None:
    pytest.importorskip("openai", reason="the extra openai is not installed")
    made, ref = given("llm", "openai:m")
    assert isinstance(made, OpenAILLM)
    assert ref.options == {"model": "m", "base_url": "http://127.0.0.1:1/v1"}
    again, same = given("llm", ref)
    assert isinstance(again, OpenAILLM)
    assert same is ref


def test_an_object_of_ours_is_taken_as_it_is() -> None:
    pytest.importorskip("openai", reason="the extra openai is not installed")
    mine = OpenAILLM(model="m", base_url="http://127.0.0.1:1/v1")
    made, ref = given("llm", mine)
    assert made is mine
    assert ref.factory == "actors.providers.openai.llm:OpenAILLM"


def test_any_other_object_is_adapted() -> None:
    made, ref = given("llm", OURS.LLM(["x"]))
    assert isinstance(made, LLMAdapter)
    assert ref.factory.endswith("LLM")
    assert ref.options == {"provider": "unknown", "model": "script"}  # whose usage is told under these names
    assert isinstance(given("tts", OURS.TTS())[0], TTSAdapter)


class Shout(LLM):
    async def chat(self, context: ChatContext, tools: Any, options: ChatOptions) -> AsyncIterator[Any]:
        yield TextDelta(text=f"{context.messages[-1].text.upper()} {threading.current_thread().name}")


class Beep(TTS):
    rate_hz = 16_000

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        yield AudioChunk(pcm=bytes(320), rate_hz=16_000)


class Deaf(STT):
    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        return Transcript(text=threading.current_thread().name)


class Numb(VAD):
    capabilities = VADCapabilities(frame_ms=20)


def test_an_object_of_the_sessions_contracts_works_on_the_programs_loop() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="program")
    thread.start()
    host = ProviderHost(loop)

    async def work() -> tuple[Any, ...]:
        llm, stt, tts = (
            provider_given(ProviderKind(kind), made, host)[0] for kind, made in (("llm", Shout()), ("stt", Deaf()), ("tts", Beep()))
        )
        said = [event async for event in llm.chat(ChatContext().add_message("user", "hi"), (), ChatOptions())]
        beeps = [chunk async for chunk in tts.synthesize("hi")]
        heard = await stt.recognize(bytes(320))
        for each in (llm, stt, tts):
            each.prewarm()
            assert each.label
            await each.aclose()
        assert not stt.capabilities.streaming
        assert not tts.capabilities.streaming
        return said, beeps, heard

    said, beeps, heard = asyncio.run(work())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()
    assert said == [TextDelta(text="HI program")]
    assert heard.text == "program"
    assert len(beeps) == 1


def test_a_detector_of_the_contract_is_to_be_given_as_a_reference() -> None:
    with pytest.raises(ConfigurationError, match=r"give provider\(CLASS"):
        given("vad", Numb())


@pytest.mark.parametrize(("kind", "value"), [("llm", object()), ("stt", OURS.TTS), ("vad", "nobody")])
def test_what_is_no_provider_says_so(kind: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"is no provider|no installed package"):
        given(kind, value)
