"""Providers whose voice is writing (`livekitex_agent.testing.fakes`), with a model that does what it is told in words."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

from actors.providers.vad import ModelVAD
from livekitex_agent.testing.fakes import read_aloud, scripted_turn_detector, scripted_vad, spoken, written_voice
from protocols import (
    LLM,
    SESSION_RATE_HZ,
    STT,
    TTS,
    VAD,
    AudioChunk,
    CallDelta,
    ChatContext,
    ChatOptions,
    FunctionCallOutput,
    LLMEvent,
    ProviderError,
    Role,
    TextDelta,
    ToolSchema,
    Transcript,
    TurnDetector,
    VADCapabilities,
    VADModel,
    VADOptions,
)

VOICE_HZ: Final = 24_000
STEP: Final = written_voice.STEP


class _Vad:
    rate_hz: Final = SESSION_RATE_HZ
    frame_samples: Final = 320

    def probability(self, frame: bytes) -> float:
        return 0.95 if any(frame) else 0.02

    def reset(self) -> None:
        return None


class _BrokenVad(_Vad):
    def probability(self, frame: bytes) -> float:
        raise RuntimeError("this ear is broken")


class _NeverWarm(ModelVAD):
    def prewarm(self) -> None:
        return None


class _Stt(STT):
    rate_hz: Final = SESSION_RATE_HZ

    def __init__(self, fails: int) -> None:
        self._fails = fails

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        if self._fails:
            self._fails -= 1
            raise ProviderError("cannot hear", retryable=False)
        return Transcript(text=read_aloud(pcm, SESSION_RATE_HZ))


class _Tts(TTS):
    rate_hz: Final = VOICE_HZ

    def __init__(self, fails_at: str, hoarse_after: int) -> None:
        self._fails_at = fails_at
        self._hoarse_after = hoarse_after
        self._said = 0

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        self._said += 1
        hoarse = 0 < self._hoarse_after < self._said
        if hoarse or (self._fails_at and self._fails_at in text):
            raise ProviderError("hoarse", retryable=False)
        pcm = spoken(text, VOICE_HZ)
        for at in range(0, len(pcm), VOICE_HZ):
            await asyncio.sleep(0)
            yield AudioChunk(pcm=pcm[at : at + VOICE_HZ], rate_hz=VOICE_HZ)


class _Llm(LLM):
    """Answers what was said; ``use NAME {json}`` calls tools, ``fail`` fails, ``hang`` thinks for ever, ``count N`` is a long reply."""

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        last, asked = context.items[-1], context.messages[-1].text
        words = asked.split(" ")
        if isinstance(last, FunctionCallOutput):
            yield TextDelta(text=f"It came back: {last.output}.")
        elif words[0] == "use" and tools:
            yield CallDelta(call_id="x", name=words[1], arguments=" ".join(words[2:]) or "{}")
        elif words[0] == "fail":
            raise ProviderError("no idea", retryable=len(words) > 1)
        elif words[0] == "hang":
            await asyncio.Event().wait()
        elif words[0] == "count":
            for number in range(int(words[1])):
                yield TextDelta(text=f"Number {number} it is. ")
        else:
            said = [message.text for message in context.messages if message.role is Role.USER]
            yield TextDelta(text=f"You said {asked}")
            yield TextDelta(text=f". That was message {len(said)}.")


def vad_of(model: Callable[[], VADModel], make: type[ModelVAD] = ModelVAD) -> VAD:
    """A detector that judges by ``model`` and ends voice after a tenth of a second."""
    frame_ms = model().frame_samples * 1000 // SESSION_RATE_HZ
    return make(model, VADOptions(min_silence_ms=100), VADCapabilities(frame_ms=frame_ms))


def vad(options: Mapping[str, Any]) -> VAD:
    return scripted_vad(options)


def broken_vad(options: Mapping[str, Any]) -> VAD:
    return vad_of(_BrokenVad, _NeverWarm)


def turn_detector(options: Mapping[str, Any]) -> TurnDetector:
    return scripted_turn_detector(options)


def stt(options: Mapping[str, Any]) -> STT:
    return _Stt(options.get("fails", 0))


def llm(options: Mapping[str, Any]) -> LLM:
    return _Llm()


class _OtherLlm(LLM):
    """Another model, which tells what it was told of itself."""

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        names = " and ".join(tool.name for tool in tools)
        yield TextDelta(text=f"{context.messages[0].text} I have {names}.")


def other_llm(options: Mapping[str, Any]) -> LLM:
    return _OtherLlm()


LATE, CLOSED = threading.Event(), threading.Event()
"""Lets `late_llm` be made; tells that it was closed."""


class _LateLlm(_OtherLlm):
    async def aclose(self) -> None:
        CLOSED.set()


def late_llm(options: Mapping[str, Any]) -> LLM:
    LATE.wait(10)
    return _LateLlm()


def tts(options: Mapping[str, Any]) -> TTS:
    return _Tts(options.get("fails_at", ""), hoarse_after=options.get("hoarse_after", 0))


def agent(*, voice: bool = False, greeting: str = "", tools: Sequence[Mapping[str, Any]] = (), **changes: Any) -> dict[str, Any]:
    """An agent on the wire with these providers; ``changes`` replaces fields of it."""
    module = "support.scripted_providers"
    wire: dict[str, Any] = {"instructions": "Be brief.", "greeting": greeting, "tools": list(tools), "options": {}}
    for kind in ("vad", "stt", "llm", "tts"):
        wire[kind] = {"factory": f"{module}:{kind}", "options": {}} if voice or kind == "llm" else None
    return wire | changes
