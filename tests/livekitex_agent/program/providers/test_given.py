"""What a program gives as a provider becomes one: names, references, our own objects, and those of LiveKit's classes."""

import asyncio
from typing import Any

import pytest

from actors import OpenAILLM
from livekitex_agent.program.providers import LLMAdapter, ProviderHost, TTSAdapter, provider_given
from protocols import ConfigurationError, ProviderKind, ProviderRef
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
    assert isinstance(given("tts", OURS.TTS())[0], TTSAdapter)


@pytest.mark.parametrize(("kind", "value"), [("llm", object()), ("stt", OURS.TTS), ("vad", "nobody")])
def test_what_is_no_provider_says_so(kind: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"is no provider|no installed package"):
        given(kind, value)
