"""Providers of `scripted_providers` whose native code dies when it is first used in a call; the next incarnation's are well."""

import ctypes
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from protocols import LLM, STT, TTS, AudioChunk, ChatContext, ChatOptions, LLMEvent, ToolSchema, Transcript
from support import scripted_providers as scripted


class _Mortal:
    def __init__(self, options: Mapping[str, Any]) -> None:
        self._died = Path(options["died"])

    def use(self) -> None:
        if not self._died.exists():
            self._died.touch()
            ctypes.string_at(0)


class _Llm(_Mortal, LLM):
    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        self.use()
        async for event in scripted.llm({}).chat(context, tools, options):
            yield event


class _Stt(_Mortal, STT):
    rate_hz = 16_000

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        self.use()
        return await scripted.stt({}).recognize(pcm, language=language)


class _Tts(_Mortal, TTS):
    rate_hz = scripted.VOICE_HZ

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        self.use()
        async for chunk in scripted.tts({}).synthesize(text):
            yield chunk


def llm(options: Mapping[str, Any]) -> LLM:
    return _Llm(options)


def stt(options: Mapping[str, Any]) -> STT:
    return _Stt(options)


def tts(options: Mapping[str, Any]) -> TTS:
    return _Tts(options)
