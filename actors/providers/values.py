"""What providers hand over, checked: a wrong value is an error that names the provider, the field and the cure, and goes no further."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import fields, replace
from math import inf
from numbers import Real
from typing import TypeVar, cast

from protocols import (
    AlignedAudio,
    AudioChunk,
    CallDelta,
    ChatFinished,
    FinalTranscript,
    FinishReason,
    InterimTranscript,
    LLMEvent,
    PreflightTranscript,
    ProviderError,
    RecognitionUsage,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    TextDelta,
    TimedWord,
    TokenUsage,
    Transcript,
    TranscriptFlushed,
    TurnPrediction,
    VADEvent,
    VoiceActivity,
    label_of,
    timing_problem,
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


def transcript_of(stt: object, place: str, value: object) -> Transcript:
    """What a recogniser understood; its texts are made well-formed, and have no space around them."""
    transcript = _require(stt, place, value, Transcript, "a Transcript")
    words = _require(stt, "Transcript.words is", transcript.words, tuple, "a tuple of TimedWord")
    return Transcript(
        text=text_of(stt, "Transcript.text is", transcript.text).strip(),
        language=text_of(stt, "Transcript.language is", transcript.language),
        confidence=_confidence_of(stt, "Transcript.confidence", transcript.confidence),
        words=words_of(stt, words),
        speaker_id=text_of(stt, "Transcript.speaker_id is", transcript.speaker_id),
    )


def words_of(provider: object, words: Sequence[object]) -> tuple[TimedWord, ...]:
    """The words of a recogniser or a voice, in their order."""
    checked = tuple(_word_of(provider, word) for word in words)
    if problem := timing_problem(checked):
        raise ProviderError(f"{label_of(provider)}: {problem}", retryable=False)
    return checked


def _word_of(provider: object, value: object) -> TimedWord:
    word = _require(provider, "a word is", value, TimedWord, "a TimedWord")
    for name in ("start_ms", "end_ms"):
        _require_count(provider, f"TimedWord.{name}", getattr(word, name))
    return replace(
        word,
        text=text_of(provider, "TimedWord.text is", word.text),
        confidence=_confidence_of(provider, "TimedWord.confidence", word.confidence),
        speaker_id=text_of(provider, "TimedWord.speaker_id is", word.speaker_id),
    )


def _confidence_of(provider: object, place: str, value: object) -> float | None:
    return None if value is None else _require_probability(provider, place, value)


def speech_event_of(stt: object, value: object) -> SpeechEvent:
    """What a stream of a recogniser tells."""
    match value:
        case SpeechStarted() | SpeechEnded():
            _require_count(stt, f"{type(value).__name__}.at_ms", value.at_ms)
            return value
        case InterimTranscript() | PreflightTranscript() | FinalTranscript():
            return replace(value, transcript=transcript_of(stt, f"{type(value).__name__}.transcript is", value.transcript))
        case RecognitionUsage():
            _require_count(stt, "RecognitionUsage.tokens", value.tokens)
            _require_number(stt, "RecognitionUsage.audio_s", value.audio_s, most=inf, cure="give seconds, from 0 on")
            return value
        case TranscriptFlushed():
            return value
        case _:
            raise _wrong(stt, "its stream gives", value, "give events of SpeechEvent")


def llm_event_of(llm: object, value: object) -> LLMEvent:
    """A piece of a model's answer. The text of a `TextDelta` is left as it is: what is cut in two is made well-formed once it is whole."""
    match value:
        case TextDelta():
            _require(llm, "TextDelta.text is", value.text, str, "text (str)")
            return value
        case CallDelta():
            if value.index is not None:
                _require_count(llm, "CallDelta.index", value.index)
            _require(llm, "CallDelta.arguments is", value.arguments, str, "JSON text, or a piece of it (json.dumps)")
            call_id = text_of(llm, "CallDelta.call_id is", value.call_id)
            return replace(value, call_id=call_id, name=text_of(llm, "CallDelta.name is", value.name))
        case ChatFinished():
            _require(llm, "ChatFinished.reason is", value.reason, FinishReason, "a FinishReason")
            return value
        case TokenUsage():
            for name in ("prompt_tokens", "cached_prompt_tokens", "completion_tokens"):
                _require_count(llm, f"TokenUsage.{name}", getattr(value, name))
            return value
        case _:
            raise _wrong(llm, "chat() streams", value, "yield TextDelta, CallDelta, ChatFinished or TokenUsage")


def audio_of(tts: object, rate_hz: int, value: object) -> bytes:
    """The samples of a piece of a voice that promised ``rate_hz``."""
    chunk = _require(tts, "synthesize() streams", value, AudioChunk, "AudioChunk(pcm=..., rate_hz=...)")
    if chunk.rate_hz != rate_hz:
        raise ProviderError(f"{label_of(tts)}: the voice promised {rate_hz} Hz and gave {chunk.rate_hz} Hz", retryable=False)
    return chunk.pcm


def spoken_words_of(tts: object, value: object) -> tuple[TimedWord, ...]:
    """The words that a piece of audio comes with; none if the voice does not tell them."""
    if not isinstance(value, AlignedAudio):
        return ()
    return words_of(tts, _require(tts, "AlignedAudio.words is", value.words, tuple, "a tuple of TimedWord"))


def voice_events_of(vad: object, value: object, *, after_ms: int, until_ms: int) -> tuple[VADEvent, ...]:
    """What a detector tells of the audio that ends at ``until_ms``, the last frame before which ended at ``after_ms``."""
    events = _require(vad, "push() gives", value, tuple, "a tuple of VADEvent")
    for event in events:
        if not isinstance(event, VADEvent):
            raise _wrong(vad, "push() gives a tuple with", event, "give VoiceActivity, VoiceStarted and VoiceEnded")
        for field in fields(event):
            if field.name.endswith("_ms"):
                _require_whole(vad, f"{type(event).__name__}.{field.name}", getattr(event, field.name))
        if isinstance(event, VoiceActivity):
            _require_probability(vad, "VoiceActivity.probability", event.probability)
        if not after_ms <= event.at_ms <= until_ms:
            raise ProviderError(
                f"{label_of(vad)}: push() gives an event at {event.at_ms} ms of audio from {after_ms} to {until_ms} ms: count its samples",
                retryable=False,
            )
    return events


def prediction_of(detector: object, value: object) -> TurnPrediction:
    """A prediction of the end of a turn."""
    prediction = _require(detector, "predict() gives", value, TurnPrediction, "a TurnPrediction")
    _require_probability(detector, "TurnPrediction.probability", prediction.probability)
    _require_probability(detector, "TurnPrediction.threshold", prediction.threshold)
    return prediction


def _require_probability(provider: object, place: str, value: object) -> float:
    return _require_number(provider, place, value, most=1.0, cure="give a float from 0 to 1")


def _require_number(provider: object, place: str, value: object, *, most: float, cure: str) -> float:
    if not isinstance(value, Real) or not 0.0 <= float(value) <= most:  # NaN is neither
        raise ProviderError(f"{label_of(provider)}: {place} is {value!r:.40}: {cure}", retryable=False)
    return float(value)


def _require_whole(provider: object, place: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(provider, f"{place} is", value, "give a whole number")
    return value


def _require_count(provider: object, place: str, value: object) -> None:
    if _require_whole(provider, place, value) < 0:
        raise ProviderError(f"{label_of(provider)}: {place} is {value!r:.40}: give a whole number from 0 on", retryable=False)


def _require(provider: object, place: str, value: object, kind: type[T], cure: str) -> T:
    if isinstance(value, kind):
        return value
    raise _wrong(provider, place, value, f"give {cure}")


def _wrong(provider: object, place: str, value: object, cure: str) -> ProviderError:
    return ProviderError(f"{label_of(provider)}: {place} a {type(value).__name__}: {cure}", retryable=False)
