"""Published plugins of LiveKit's, unchanged, as providers of a session: each through its adapter, across two loops.

Silero runs its real network; the others ask servers on this machine that speak their vendors' protocols.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors import hibari_tts, prepare_libraries, resample
from livekitex_agent.program.providers import ProviderHost
from livekitex_agent.testing.conformance import llm, stt, tts
from livekitex_agent.testing.openai_server import OpenAIServer, Reply
from protocols import (
    AudioChunk,
    ChatContext,
    ChatFinished,
    ChatOptions,
    Fault,
    FinishReason,
    ProviderError,
    TextDelta,
    VoiceActivity,
    VoiceEnded,
    VoiceStarted,
)
from support.livekit_providers import tone
from support.plugin_servers import cartesia, deepgram
from support.running_loop import running_loop

pytest.importorskip("livekit.agents", reason="livekit-agents is not installed: tox -e plugins")

SPEECH = tone(16_000, 1_000)


@pytest.fixture
def program_loop() -> Iterator[asyncio.AbstractEventLoop]:
    with running_loop() as loop:
        hosts = HOSTS[loop] = []
        yield loop
        for host in hosts:
            asyncio.run_coroutine_threadsafe(host.aclose(), loop).result(20)


HOSTS: dict[asyncio.AbstractEventLoop, list[ProviderHost]] = {}


def adapted(loop: asyncio.AbstractEventLoop, make: Callable[[], Any]) -> Callable[[], Any]:
    """What a subject makes: the adapter of a new plugin's object, which is made on the program's loop, as a program would."""

    async def made() -> Any:
        return make()

    def adapter() -> Any:
        host = ProviderHost(loop)
        HOSTS[loop].append(host)
        return host.adapt(asyncio.run_coroutine_threadsafe(made(), loop).result(20))

    return adapter


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.mark.parametrize("check", [check for check in stt.CHECKS if check.name != "lets_the_loop_run"], ids=str)
def test_deepgrams_recogniser_keeps_the_contract(check: Any, program_loop: asyncio.AbstractEventLoop) -> None:
    plugin = pytest.importorskip("livekit.plugins.deepgram", reason="livekit-plugins-deepgram is not installed: tox -e plugins")
    with deepgram("two pizzas") as server:
        make = adapted(program_loop, lambda: plugin.STT(api_key="key", base_url=f"{server.url}/v1/listen"))
        check(stt.STTSubject(make=make, speech=SPEECH, words=("two", "pizzas")))


@pytest.mark.parametrize("check", [check for check in tts.CHECKS if check.name != "lets_the_loop_run"], ids=str)
def test_cartesias_voice_keeps_the_contract(check: Any, program_loop: asyncio.AbstractEventLoop) -> None:
    plugin = pytest.importorskip("livekit.plugins.cartesia", reason="livekit-plugins-cartesia is not installed: tox -e plugins")
    with cartesia(24_000) as server:
        make = adapted(program_loop, lambda: plugin.TTS(api_key="key", base_url=server.url))
        if check.name == "tells_its_words":
            pytest.skip("Cartesia tells words in streams alone, and its plugin has one word for both")
        check(tts.TTSSubject(make=make, sentence="This is a whole sentence.", short="Yes."))


@pytest.mark.parametrize("check", [check for check in llm.CHECKS if check.name != "lets_the_loop_run"], ids=str)
def test_openais_model_keeps_the_contract(check: Any, openai_server: OpenAIServer, program_loop: asyncio.AbstractEventLoop) -> None:
    plugin = pytest.importorskip("livekit.plugins.openai", reason="livekit-plugins-openai is not installed: tox -e plugins")
    make = adapted(program_loop, lambda: plugin.LLM(model="m", api_key="key", base_url=openai_server.base_url))
    check(llm.LLMSubject(make=make, question="How are you?"))


@pytest.mark.asyncio
async def test_openais_model_streams_what_the_server_says(openai_server: OpenAIServer, program_loop: asyncio.AbstractEventLoop) -> None:
    plugin = pytest.importorskip("livekit.plugins.openai", reason="livekit-plugins-openai is not installed: tox -e plugins")
    openai_server.script("chat", Reply.of("All is well."))
    adapter = adapted(program_loop, lambda: plugin.LLM(model="m", api_key="key", base_url=openai_server.base_url))()
    context = ChatContext().add_message("system", "Be brief.").add_message("user", "How are you?")
    told = [event async for event in adapter.chat(context, [], ChatOptions())]
    assert "".join(event.text for event in told if isinstance(event, TextDelta)) == "All is well."
    assert ChatFinished(reason=FinishReason.STOP) in told
    await adapter.aclose()


@pytest.mark.parametrize(("status", "fault"), [(401, Fault.CONFIGURATION), (503, Fault.PROVIDER)])
@pytest.mark.asyncio
async def test_a_vendors_refusal_is_told_once(status: int, fault: Fault, program_loop: asyncio.AbstractEventLoop) -> None:
    plugin = pytest.importorskip("livekit.plugins.cartesia", reason="livekit-plugins-cartesia is not installed: tox -e plugins")
    with cartesia(24_000) as server:
        server.status = status
        adapter = adapted(program_loop, lambda: plugin.TTS(api_key="key", base_url=server.url))()
        with pytest.raises(ProviderError) as raised:
            [chunk async for chunk in adapter.synthesize("hello")]
        assert (raised.value.fault, raised.value.status_code) == (fault, status)
        assert server.requests == ["/tts/websocket"]


@pytest.mark.asyncio
async def test_sileros_network_hears_speech_where_it_is(program_loop: asyncio.AbstractEventLoop) -> None:
    prepare_libraries()
    plugin = pytest.importorskip("livekit.plugins.silero", reason="livekit-plugins-silero is not installed: tox -e plugins")
    pytest.importorskip("hibari", reason="the extra offline is not installed")
    pcm = await spoken()
    adapter = adapted(program_loop, plugin.VAD.load)()
    stream = adapter.stream()
    told: list[Any] = []
    audio = bytes(32_000) + pcm + bytes(64_000)
    async with asyncio.timeout(60):
        for at in range(0, len(audio), 1_024):
            told += stream.push(AudioChunk(pcm=audio[at : at + 1_024], rate_hz=16_000))
            while at / 32_000 - stream._there.judged_s > 2:  # noqa: ASYNC110 - it is judged on another loop
                await asyncio.sleep(0)
        while not any(isinstance(event, VoiceEnded) for event in told):
            await asyncio.sleep(0)
            told += stream.push(AudioChunk(pcm=bytes(2), rate_hz=16_000))
    started = next(event for event in told if isinstance(event, VoiceStarted))
    ended = next(event for event in told if isinstance(event, VoiceEnded))
    assert 500 <= started.start_ms <= 1_600
    assert started.start_ms < ended.end_ms <= 1_000 + len(pcm) // 32 + 700
    assert any(event.probability > 0.8 for event in told if isinstance(event, VoiceActivity))
    assert not any(event.speaking for event in told if isinstance(event, VoiceActivity) and event.at_ms < 500)


async def spoken() -> bytes:
    """A spoken sentence, by the offline voice."""
    voice = hibari_tts({})
    pcm = b"".join([chunk.pcm async for chunk in voice.synthesize("I would like to order two pizzas, please.")])
    await voice.aclose()
    return resample(pcm, voice.rate_hz, 16_000)
