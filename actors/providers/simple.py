"""Makes a whole provider of an object with a single method, as a user writes one first.

::

    class Shout:
        async def chat(self, context, tools):
            yield TextDelta(text=context.messages[-1].text.upper())

It takes as much of the contract's parameters as it names, from the first on: a model may leave out ``options``, and ``tools`` too, and a
recogniser ``language``, which may give its text alone. What it does not have of its contract has the contract's default.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, cast

from protocols import (
    DEFAULT_TOKENS,
    LLM,
    SESSION_RATE_HZ,
    STT,
    TTS,
    AudioChunk,
    ChatContext,
    ChatOptions,
    ConfigurationError,
    LLMEvent,
    Provider,
    SpeechStream,
    STTCapabilities,
    SynthesisStream,
    ToolSchema,
    Transcript,
    TTSCapabilities,
    label_of,
)

_CHAT_PARAMETERS = 3


def complete_llm(provider: object) -> LLM:
    """``provider`` as an `LLM`: itself if it is whole.

    Raises:
        ConfigurationError: its ``chat`` takes no context.
    """
    chat = cast("Callable[..., AsyncIterator[LLMEvent]]", provider.chat)  # type: ignore[attr-defined]
    taken = _positional(chat, _CHAT_PARAMETERS)
    if taken == 0:
        raise ConfigurationError(
            f"{label_of(provider)}: chat() takes nothing: define it with 'async def chat(self, context, tools, options)'"
        )
    if LLM in type(provider).__mro__ and taken == _CHAT_PARAMETERS:
        return cast("LLM", provider)
    return _SimpleLLM(provider, chat, taken)


def complete_stt(provider: object) -> STT:
    """``provider`` as an `STT`: itself if it is whole."""
    recognize = getattr(provider, "recognize", None)
    whole = STT in type(provider).__mro__ and (recognize is None or _takes(recognize, "language"))
    return cast("STT", provider) if whole else _SimpleSTT(provider)


def complete_tts(provider: object) -> TTS:
    """``provider`` as a `TTS`: itself if it is whole."""
    return cast("TTS", provider) if TTS in type(provider).__mro__ else _SimpleTTS(provider)


class _Simple(Provider):
    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - an object of a user, which has what it has
        self._inner = inner
        if hasattr(inner, "prewarm"):  # else it is the default, which nobody need call
            self.__dict__["prewarm"] = inner.prewarm

    @property
    def label(self) -> str:
        return label_of(self._inner)

    async def aclose(self) -> None:
        if hasattr(self._inner, "aclose"):
            await self._inner.aclose()


class _SimpleLLM(_Simple, LLM):
    def __init__(self, inner: object, chat: Callable[..., AsyncIterator[LLMEvent]], taken: int) -> None:
        super().__init__(inner)
        self._chat = chat
        self._taken = taken
        self.tokens = getattr(inner, "tokens", DEFAULT_TOKENS)

    def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        return self._chat(*(context, tools, options)[: self._taken])


class _SimpleSTT(_Simple, STT):
    @property
    def capabilities(self) -> STTCapabilities:
        return getattr(self._inner, "capabilities", STTCapabilities())

    @property
    def rate_hz(self) -> int:
        return getattr(self._inner, "rate_hz", SESSION_RATE_HZ)

    def recognize(self, pcm: bytes, *, language: str = "") -> Coroutine[Any, Any, Transcript]:
        taken = {"language": language} if _takes(self._inner.recognize, "language") else {}
        answer = self._inner.recognize(pcm, **taken)
        return _transcript(answer) if inspect.isawaitable(answer) else answer

    def stream(self, *, language: str = "") -> SpeechStream:
        if not hasattr(self._inner, "stream"):
            return super().stream(language=language)
        return cast(
            "SpeechStream", self._inner.stream(language=language) if _takes(self._inner.stream, "language") else self._inner.stream()
        )


class _SimpleTTS(_Simple, TTS):
    @property
    def capabilities(self) -> TTSCapabilities:
        return getattr(self._inner, "capabilities", TTSCapabilities())

    @property
    def rate_hz(self) -> int:
        return cast("int", self._inner.rate_hz)

    def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        return cast("AsyncIterator[AudioChunk]", self._inner.synthesize(text))

    def stream(self) -> SynthesisStream:
        return cast("SynthesisStream", self._inner.stream()) if hasattr(self._inner, "stream") else super().stream()


async def _transcript(answer: Awaitable[object]) -> Transcript:
    """What a recogniser gives, that may be its text alone; what is neither is told where it comes in."""
    value = await answer
    return Transcript(text=value) if isinstance(value, str) else cast("Transcript", value)


def _positional(method: Callable[..., object], most: int) -> int:
    """How many arguments ``method`` takes by their place, of ``most``; all of them, if it cannot be told."""
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):
        return most
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return most
    return min(most, sum(parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) for parameter in parameters))


def _takes(method: Callable[..., object], name: str) -> bool:
    """Whether ``method`` takes an argument called ``name``; it does, if it cannot be told."""
    try:
        parameters = inspect.signature(method).parameters
    except (TypeError, ValueError):
        return True
    return name in parameters or any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
