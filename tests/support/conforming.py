"""Providers that keep every promise of their contracts with every capability, made to be broken one promise at a time."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

import pytest

from actors.providers import StreamingSTT, StreamingTTS
from livekitex_agent.testing.conformance import Check, ConformanceError
from protocols import (
    LLM,
    STT,
    TTS,
    AlignedAudio,
    AudioChunk,
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatMessage,
    ChatOptions,
    Fault,
    FinishReason,
    FunctionChoice,
    LLMEvent,
    OpenTurn,
    ProviderError,
    SpeechStream,
    STTCapabilities,
    SynthesisStream,
    TextDelta,
    TimedWord,
    TokenUsage,
    ToolChoice,
    ToolSchema,
    Transcript,
    TTSCapabilities,
    TurnDetector,
    TurnDetectorCapabilities,
    TurnPrediction,
)
from support import scripted_providers
from support.scripted_providers import read_aloud, spoken

RATE = 16_000
SubjectT = TypeVar("SubjectT")


async def turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


class GoodSTT(STT):
    """Reads what is written in sound, and knows when and by whom."""

    def __init__(self) -> None:
        self.adapter = StreamingSTT(self, scripted_providers.vad({}))

    @property
    def capabilities(self) -> STTCapabilities:
        return STTCapabilities(streaming=True, aligned_words=True, diarization=True, languages=frozenset({"en"}))

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        if len(pcm) % 2 or not self.capabilities.supports(language):
            raise ProviderError("no", retryable=False, fault=Fault.CALLER)
        await turns()
        text = read_aloud(pcm, RATE)
        words = (TimedWord(text=text, start_ms=0, end_ms=5, speaker_id="one"),) if text else ()
        return Transcript(text=text, words=words, speaker_id="one" if text else "")

    def stream(self, *, language: str = "") -> SpeechStream:
        return self.adapter.stream(language=language)


class GoodLLM(LLM):
    """Calls the tool for what begins with "do", and says the rest again; obeys every choice."""

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        await turns()
        last, choice = context.items[-1], options.tool_choice
        said = last.text if isinstance(last, ChatMessage) else "done"
        must = choice is ToolChoice.REQUIRED or isinstance(choice, FunctionChoice)
        calls = bool(tools) and choice is not ToolChoice.NONE and (must or (isinstance(last, ChatMessage) and said.startswith("do")))
        if calls:
            yield CallDelta(index=0, call_id="a", name=tools[0].name)
            yield CallDelta(index=0, arguments=json.dumps({"what": said}))
        else:
            yield TextDelta(text="You said ")
            await turns(1)
            yield TextDelta(text=said)
        yield ChatFinished(reason=FinishReason.TOOL_CALLS if calls else FinishReason.STOP)
        yield TokenUsage(prompt_tokens=5, cached_prompt_tokens=5, completion_tokens=2)


class GoodTTS(TTS):
    """Writes in sound, ten milliseconds for a letter, and knows its words."""

    rate_hz = RATE

    def __init__(self) -> None:
        self.adapter = StreamingTTS(self)

    @property
    def capabilities(self) -> TTSCapabilities:
        return TTSCapabilities(streaming=True, aligned_transcript=True)

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        await turns()
        at = 0
        for word in text.split() if text.isprintable() and text.isascii() else ():
            pcm = spoken(f"{word} ")
            yield AlignedAudio(pcm=pcm, rate_hz=RATE, words=(TimedWord(text=word, start_ms=at, end_ms=at + 10 * len(word)),))
            at += 10 * (len(word) + 1)

    def stream(self) -> SynthesisStream:
        return self.adapter.stream()


class GoodDetector(TurnDetector):
    """Finds over what ends with a dot; looks at the text alone."""

    capabilities = TurnDetectorCapabilities(text=True, languages=frozenset({"en"}), threshold=0.5, thresholds={"en": 0.4})

    def prewarm(self) -> None:
        return None

    async def predict(self, turn: OpenTurn, *, timeout_s: float = 1.0) -> TurnPrediction:
        if not self.capabilities.supports(turn.language):
            raise ProviderError("no", retryable=False)
        if not timeout_s:
            raise ProviderError("late", retryable=True)
        await turns()
        return TurnPrediction(probability=0.9 if turn.text.endswith(".") else 0.1, threshold=self.capabilities.threshold_for(turn.language))

    async def aclose(self) -> None:
        return None


def breaks(base: type, **changes: Any) -> type:
    """``base``, of which ``changes`` replace methods."""
    return type("Broken", (base,), changes)


def require_found(check: Check[Any, Any], subject: object) -> None:
    """A broken provider is found by ``check``, in words that name it."""
    with pytest.raises((ConformanceError, ProviderError), match="Broken") as caught:
        check(subject)
    assert len(str(caught.value)) < 500


def wrapped(method: Callable[..., Any], change: Callable[[Any], Any]) -> Callable[..., Any]:
    """A streaming ``method`` whose values are ``change``d."""

    async def stream(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        async for value in method(self, *args, **kwargs):
            yield change(value)

    return stream
