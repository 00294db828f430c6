"""The engine as a whole: what its providers hold is given back at its end."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from actors.agent_session.blueprint import read_blueprint
from actors.agent_session.core import Listen
from actors.agent_session.engine import CircuitBreakers, Engine, LoopThread, Providers, Services
from actors.agent_session.shared_audio_buffer import SHARED_AUDIO_BUFFER_BYTES, SharedAudioBuffer
from actors.agent_session.shared_speech_buffer import SHARED_SPEECH_BUFFER_BYTES, SharedSpeechBuffer
from protocols import LLM, ChatContext, ChatOptions, LLMEvent, SystemClock, TextDelta, ToolSchema
from support.scripted_providers import agent, llm, stt, tts, turn_detector, vad

DEADLINE_S = 10.0


def test_a_model_that_is_replaced_is_closed_at_once_and_the_new_one_at_the_end() -> None:
    closed, order = threading.Semaphore(0), list[str]()

    def model(name: str) -> Any:
        class Closing(LLM):
            async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
                yield TextDelta(text=name)

            async def aclose(self) -> None:
                order.append(name)
                closed.release()

        return Closing()

    crashes = list[BaseException]()
    thread = LoopThread("engine", crashes.append)
    services = Services(llm="llm", stt="", tts="", turn_detector="", tools={})
    turns = read_blueprint({"call_id": "c1", "agent": agent()}, 0.0).turns
    engine = Engine(
        thread,
        Providers(llm=model("first")),
        {},
        SharedAudioBuffer(memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES))),
        SharedSpeechBuffer(memoryview(bytearray(SHARED_SPEECH_BUFFER_BYTES))),
        call_id="c1",
        turns=turns,
        services=services,
        breakers=CircuitBreakers(lambda _, then: then(None), lambda _: None),
        clock=SystemClock(),
        report=lambda _: None,
        push=lambda *_: None,
        clear=lambda *_: None,
    )
    engine.use(Providers(llm=model("second")), {}, services, turns)
    assert closed.acquire(timeout=DEADLINE_S)
    assert order == ["first"]
    thread.stop()
    assert (order, crashes) == (["first", "second"], [])


@pytest.mark.parametrize("fails", [False, True])
def test_providers_are_warmed_up_and_what_they_hold_is_given_back_at_the_end(fails: bool) -> None:
    closed, warm = list[str](), list[str]()
    warmed = threading.Semaphore(0)
    heard = threading.Event()

    def closing(kind: str, provider: Any) -> Any:
        class Closing:
            capabilities = getattr(provider, "capabilities", None)
            rate_hz = getattr(provider, "rate_hz", 16_000)

            def prewarm(self) -> None:
                warm.append(kind)
                warmed.release()
                if fails:
                    raise RuntimeError("cold")

            def stream(self, *, start_ms: int = 0) -> Any:
                return provider.stream(start_ms=start_ms)

            async def aclose(self) -> None:
                await asyncio.sleep(0)
                closed.append(kind)
                if fails:
                    raise RuntimeError("closed")

        return Closing()

    crashes = list[BaseException]()
    memory = SharedAudioBuffer(memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES)))
    thread = LoopThread("engine", crashes.append)
    engine = Engine(
        thread,
        Providers(
            llm=closing("llm", llm({})),
            vad=closing("vad", vad({})),
            stt=closing("stt", stt({})),
            turn_detector=closing("turn_detector", turn_detector({})),
            tts=closing("tts", tts({})),
        ),
        {},
        memory,
        SharedSpeechBuffer(memoryview(bytearray(SHARED_SPEECH_BUFFER_BYTES))),
        call_id="c1",
        turns=read_blueprint({"call_id": "c1", "agent": agent()}, 0.0).turns,
        services=Services(llm="llm", stt="stt", tts="", turn_detector="turn_detector", tools={}),
        breakers=CircuitBreakers(lambda _, then: then(None), lambda _: None),
        clock=SystemClock(),
        report=lambda _: None,
        push=lambda *_: None,
        clear=lambda *_: None,
    )
    engine.perform(Listen(start=0))
    thread.call(heard.set)
    assert heard.wait(DEADLINE_S)
    assert all(warmed.acquire(timeout=DEADLINE_S) for _ in range(3))
    thread.stop()
    assert sorted(warm) == ["llm", "stt", "tts"]
    assert (sorted(closed), crashes) == (["llm", "stt", "tts", "turn_detector", "vad"], [])
