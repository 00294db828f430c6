"""A program's own object that keeps the session's contracts (`livekitex_agent.providers.contracts`): its code runs on the program's loop.

A voice works by sentences; of its streams the session knows nothing here. Given by ``provider(CLASS)`` instead, any is made and asked
where the media is, if it waits for nothing of the program's.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from livekitex_agent.program.crossing import post_to, run_on, stream_on
from livekitex_agent.program.providers.contract_stream import ContractStream
from protocols import (
    LLM,
    STT,
    TTS,
    AudioChunk,
    ChatContext,
    ChatOptions,
    ConfigurationError,
    LLMEvent,
    ProviderKind,
    SpeechStream,
    STTCapabilities,
    ToolSchema,
    Transcript,
    TTSCapabilities,
)

__all__ = ["ContractLLM", "ContractSTT", "ContractTTS", "on_its_loop"]


class _OnLoop:
    def __init__(self, provider: Any, loop: asyncio.AbstractEventLoop) -> None:  # noqa: ANN401 - of a contract
        self.provider = provider
        self._loop = loop

    @property
    def label(self) -> str:
        """The object's own."""
        return str(self.provider.label)

    def prewarm(self) -> None:
        """Have it load or connect, on its loop."""
        post_to(self._loop, self.provider.prewarm)

    async def aclose(self) -> None:
        """Close it."""
        await run_on(self._loop, self.provider.aclose)


class ContractLLM(_OnLoop, LLM):
    """A model."""

    def __init__(self, provider: LLM, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(provider, loop)
        self.tokens = provider.tokens

    def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """Stream one answer."""
        return stream_on(self._loop, lambda: self.provider.chat(context, tools, options))


class ContractSTT(_OnLoop, STT):
    """A recogniser."""

    @property
    def capabilities(self) -> STTCapabilities:
        """Its own."""
        theirs: STTCapabilities = self.provider.capabilities
        return theirs

    @property
    def rate_hz(self) -> int:
        """What it takes."""
        return int(self.provider.rate_hz)

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """What was said in one utterance."""
        return await run_on(self._loop, lambda: self.provider.recognize(pcm, language=language))

    def stream(self, *, language: str = "") -> SpeechStream:
        """Begin a stream of audio."""
        if not self.capabilities.streaming:
            return super().stream(language=language)
        return ContractStream(self.label, self.rate_hz, self._loop, lambda: self.provider.stream(language=language))


class ContractTTS(_OnLoop, TTS):
    """A voice of sentences."""

    @property
    def capabilities(self) -> TTSCapabilities:
        """Its own, but for streams."""
        theirs: TTSCapabilities = self.provider.capabilities
        return replace(theirs, streaming=False)

    @property
    def rate_hz(self) -> int:
        """Of its audio."""
        return int(self.provider.rate_hz)

    def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """Stream the audio of one sentence."""
        return stream_on(self._loop, lambda: self.provider.synthesize(text))


ContractAdapter: TypeAlias = ContractLLM | ContractSTT | ContractTTS


def on_its_loop(kind: ProviderKind, provider: Any, loop: asyncio.AbstractEventLoop) -> ContractAdapter:  # noqa: ANN401 - of a contract
    """``provider``, which is complete, with its code on ``loop``.

    Raises:
        ConfigurationError: of this kind it is asked on the media's loop, without waiting.
    """
    match kind:
        case ProviderKind.LLM:
            return ContractLLM(provider, loop)
        case ProviderKind.STT:
            return ContractSTT(provider, loop)
        case ProviderKind.TTS:
            return ContractTTS(provider, loop)
        case _:
            raise ConfigurationError(f"the {kind} is asked beside the audio, where no object of a program is: give provider(CLASS, ...)")
