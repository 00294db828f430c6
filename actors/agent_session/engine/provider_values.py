"""What providers hand over, checked: a wrong value is an error that names the provider, the field and the cure, and goes no further."""

import inspect
from collections.abc import AsyncIterator, Awaitable
from numbers import Real
from typing import TypeVar, cast

from actors.media import SpokenWord
from protocols import (
    AudioChunk,
    CallDelta,
    ConfigurationError,
    FunctionCall,
    LLMDelta,
    ProviderError,
    TextDelta,
    TurnPrediction,
    VADEvent,
    well_formed,
)

T = TypeVar("T")


def answer_of(provider: object, method: str, value: object) -> Awaitable[object]:
    """What an ``async def`` method of ``provider`` gives when it is called."""
    if inspect.isawaitable(value):
        return value
    raise _wrong(provider, f"{method}() gives", value, f"define it with 'async def {method}'")


def stream_of(provider: object, method: str, value: object) -> AsyncIterator[object]:
    """What a streaming method of ``provider`` gives when it is called."""
    if hasattr(type(value), "__aiter__"):
        return cast("AsyncIterator[object]", value)
    if inspect.iscoroutine(value):
        value.close()
    raise _wrong(provider, f"{method}() gives", value, f"define it with 'async def {method}' and 'yield', and await nothing to get it")


def text_of(provider: object, place: str, value: object) -> str:
    """A text, well-formed."""
    return well_formed(_require(provider, place, value, str, "text (str)"))


def delta_of(llm: object, value: object) -> LLMDelta:
    """A piece of a model's reply. The text of a `TextDelta` is left as it is: what is cut in two is made well-formed once it is whole."""
    if isinstance(value, TextDelta):
        _require(llm, "TextDelta.text is", value.text, str, "text (str)")
        return value
    if not isinstance(value, CallDelta):
        raise _wrong(llm, "chat() streams", value, "yield TextDelta or CallDelta")
    call = _require(llm, "CallDelta.call is", value.call, FunctionCall, "a FunctionCall")
    arguments = _require(llm, "FunctionCall.arguments is", call.arguments, str, "JSON text (json.dumps)")
    return CallDelta(
        call=FunctionCall(
            call_id=text_of(llm, "FunctionCall.call_id is", call.call_id),
            name=text_of(llm, "FunctionCall.name is", call.name),
            arguments=well_formed(arguments),
        )
    )


def audio_of(tts: object, rate_hz: int, value: object) -> bytes:
    """The samples of a piece of a voice that promised ``rate_hz``."""
    chunk = _require(tts, "synthesize() streams", value, AudioChunk, "AudioChunk(pcm=..., rate_hz=...)")
    if chunk.rate_hz != rate_hz:
        raise ProviderError(f"{_name(tts)}: the voice promised {rate_hz} Hz and gave {chunk.rate_hz} Hz", retryable=False)
    return chunk.pcm


def words_of(tts: object, value: object) -> tuple[SpokenWord, ...]:
    """The words that a piece of audio comes with, as ``words`` of (text, start_ms, end_ms); none if the voice does not tell them."""
    words = _require(tts, "AudioChunk.words is", getattr(value, "words", ()), tuple, "a tuple of (text, start_ms, end_ms)")
    try:
        return tuple(SpokenWord(text=text_of(tts, "a word is", text), start_ms=start, end_ms=end) for text, start, end in words)
    except (TypeError, ValueError, ConfigurationError) as failure:
        raise ProviderError(f"{_name(tts)}: a word of AudioChunk.words is wrong ({failure})", retryable=False) from None


def voice_events_of(vad: object, value: object, *, after_ms: int, until_ms: int) -> tuple[VADEvent, ...]:
    """What a detector tells of the audio that ends at ``until_ms``, the last frame before which ended at ``after_ms``."""
    events = _require(vad, "push() gives", value, tuple, "a tuple of VADEvent")
    for event in events:
        if not isinstance(event, VADEvent):
            raise _wrong(vad, "push() gives a tuple with", event, "give VoiceActivity, VoiceStarted and VoiceEnded")
        if not after_ms <= event.at_ms <= until_ms:
            raise ProviderError(
                f"{_name(vad)}: push() gives an event at {event.at_ms} ms of audio from {after_ms} to {until_ms} ms: count its samples",
                retryable=False,
            )
    return events


def prediction_of(detector: object, value: object) -> TurnPrediction:
    """A prediction of the end of a turn."""
    prediction = _require(detector, "predict() gives", value, TurnPrediction, "a TurnPrediction")
    numbers: dict[str, object] = {"probability": prediction.probability, "threshold": prediction.threshold}
    for name, number in numbers.items():
        if not isinstance(number, Real) or not 0.0 <= float(number) <= 1.0:
            raise ProviderError(f"{_name(detector)}: TurnPrediction.{name} is {number!r:.40}: give a float from 0 to 1", retryable=False)
    return prediction


def _require(provider: object, place: str, value: object, kind: type[T], cure: str) -> T:
    if isinstance(value, kind):
        return value
    raise _wrong(provider, place, value, f"give {cure}")


def _wrong(provider: object, place: str, value: object, cure: str) -> ProviderError:
    return ProviderError(f"{_name(provider)}: {place} a {type(value).__name__}: {cure}", retryable=False)


def _name(provider: object) -> str:
    return f"{type(provider).__module__}.{type(provider).__qualname__}"
