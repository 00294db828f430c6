"""What each kind of provider hands over is checked where it comes in."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from actors.providers import (
    answer_of,
    audio_of,
    llm_event_of,
    prediction_of,
    speech_event_of,
    stream_of,
    transcript_of,
    voice_events_of,
    words_of,
)
from protocols import (
    AudioChunk,
    CallDelta,
    FinalTranscript,
    InterimTranscript,
    InvalidAudioError,
    PreflightTranscript,
    ProviderError,
    RecognitionUsage,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    TimedWord,
    Transcript,
    TranscriptFlushed,
    TurnPrediction,
    VoiceActivity,
    VoiceEnded,
    VoiceStarted,
)
from support.wayward import WRONG_VALUES

RATE_HZ = 16_000


class Provider:
    """Whose values are looked at."""


CHECKS: dict[str, Callable[[Any], object]] = {
    "recogniser": lambda value: transcript_of(Provider(), "recognize() gives", value),
    "recogniser's stream": lambda value: speech_event_of(Provider(), value),
    "word": lambda value: words_of(Provider(), (value,)),
    "model": lambda value: llm_event_of(Provider(), value),
    "voice": lambda value: audio_of(Provider(), RATE_HZ, value),
    "detector": lambda value: voice_events_of(Provider(), value, after_ms=0, until_ms=10),
    "turn detector": lambda value: prediction_of(Provider(), value),
}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind in CHECKS for value in WRONG_VALUES])
def test_a_wrong_value_is_told_with_the_provider_and_the_cure(kind: str, value: str) -> None:
    with pytest.raises(ProviderError) as caught:
        CHECKS[kind](WRONG_VALUES[value])
    assert str(caught.value).startswith(f"{__name__}.Provider: ")
    assert not caught.value.retryable
    str(caught.value).encode()


@pytest.mark.parametrize("pcm", [None, "text", 5, [1, 2], np.zeros(3, np.int16), b"\0"], ids=repr)
def test_a_chunk_whose_samples_are_none_is_told(pcm: Any) -> None:
    with pytest.raises(InvalidAudioError, match="bytes"):
        AudioChunk(pcm=pcm, rate_hz=RATE_HZ)


@pytest.mark.parametrize("check", [answer_of, stream_of])
def test_a_method_that_gives_neither_a_coroutine_nor_a_stream_is_told_how_to_be_one(check: Callable[..., object]) -> None:
    with pytest.raises(ProviderError, match="recognize\\(\\) gives a int: define it with 'async def recognize'"):
        check(Provider(), "recognize", 5)


@pytest.mark.parametrize("number", [0, 1, True, np.float32(0.5), np.int64(1), np.float64(0.25)])
def test_a_number_of_whatever_kind_is_a_probability(number: Any) -> None:
    prediction = TurnPrediction(probability=number, threshold=number)
    assert prediction_of(Provider(), prediction) is prediction
    assert prediction.likely_over


@pytest.mark.parametrize("at_ms", [-1, 11])
def test_an_event_of_other_audio_is_told(at_ms: int) -> None:
    event = VoiceStarted(at_ms=at_ms, start_ms=0)
    with pytest.raises(ProviderError, match="of audio from 0 to 10 ms: count its samples"):
        voice_events_of(Provider(), (event,), after_ms=0, until_ms=10)


HALF, MENDED = "a pizza \ud83c", "a pizza \ufffd"


def test_half_a_letter_of_a_recogniser_is_mended_wherever_it_stands() -> None:
    word = TimedWord(text=HALF, start_ms=0, end_ms=10, confidence=1, speaker_id=HALF)
    heard = transcript_of(Provider(), "x", Transcript(text=f" {HALF}\n", language=HALF, speaker_id=HALF, words=(word,)))
    assert (heard.text, heard.language, heard.speaker_id) == (MENDED, MENDED, MENDED)
    assert heard.words == (TimedWord(text=MENDED, start_ms=0, end_ms=10, confidence=1.0, speaker_id=MENDED),)


WORD = TimedWord(text="word", start_ms=0, end_ms=10)
NAN, INF = float("nan"), float("inf")
WRONG_FIELDS: dict[str, tuple[str, list[object]]] = {
    "text": ("transcript", [None, b"x", 5, ["x"]]),
    "language": ("transcript", [None, b"en", 5]),
    "speaker_id": ("transcript", [None, 1, b"x"]),
    "confidence": ("transcript", ["high", -0.1, 1.1, NAN, INF, b"", [0.5]]),
    "words": ("transcript", [None, [WORD], ["word"], "word", ("word",), (None,), ({"text": "x"},)]),
    "start_ms": ("word", [None, "0", 0.5, -1, True, NAN]),
    "end_ms": ("word", [None, "0", 0.5, -1, False, INF]),
}
FIELDS = [(owner, name, wrong) for name, (owner, values) in WRONG_FIELDS.items() for wrong in values]
FIELDS += [("word", name, wrong) for name in ("text", "speaker_id", "confidence") for wrong in WRONG_FIELDS[name][1]]


@pytest.mark.parametrize(("owner", "name", "wrong"), FIELDS, ids=repr)
def test_a_wrong_field_of_a_transcript_is_told(owner: str, name: str, wrong: Any) -> None:
    word = replace(WORD, **({name: wrong} if owner == "word" else {}))
    transcript = replace(Transcript(text="x", words=(word,)), **({name: wrong} if owner == "transcript" else {}))
    for value in (transcript, *(kind(transcript=transcript) for kind in (InterimTranscript, PreflightTranscript, FinalTranscript))):
        with pytest.raises(ProviderError, match=rf"{__name__}.Provider: ") as caught:
            transcript_of(Provider(), "x", value) if value is transcript else speech_event_of(Provider(), value)
        assert not caught.value.retryable


@pytest.mark.parametrize("times", [((5, 4),), ((10, 20), (9, 30))])
def test_words_out_of_order_are_told(times: tuple[tuple[int, int], ...]) -> None:
    words = tuple(TimedWord(text="word", start_ms=start, end_ms=end) for start, end in times)
    with pytest.raises(ProviderError, match="Provider: the word 'word'"):
        transcript_of(Provider(), "x", Transcript(text="x", words=words))


@pytest.mark.parametrize("wrong", [None, "0", 0.5, -1, True])
@pytest.mark.parametrize("kind", [SpeechStarted, SpeechEnded])
def test_a_wrong_time_of_an_event_is_told(kind: type, wrong: Any) -> None:
    with pytest.raises(ProviderError, match=f"{kind.__name__}.at_ms is"):
        speech_event_of(Provider(), kind(at_ms=wrong))


@pytest.mark.parametrize(
    "fields", [{"audio_s": -1}, {"audio_s": NAN}, {"audio_s": "1"}, {"audio_s": None}, {"tokens": -1}, {"tokens": 0.5}]
)
def test_a_wrong_use_is_told(fields: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="Provider: RecognitionUsage"):
        speech_event_of(Provider(), RecognitionUsage(**fields))


@pytest.mark.parametrize(
    "event",
    [SpeechStarted(at_ms=0), SpeechEnded(at_ms=10), TranscriptFlushed(), RecognitionUsage(audio_s=1.5, tokens=3), RecognitionUsage()],
)
def test_what_is_right_is_handed_on(event: SpeechEvent) -> None:
    assert speech_event_of(Provider(), event) == event


@pytest.mark.parametrize("index", [0, 5, None])
def test_a_call_s_names_are_mended_and_its_arguments_left_as_they_are(index: int | None) -> None:
    delta = CallDelta(index=index, call_id=HALF, name=HALF, arguments="\ud83c")
    assert llm_event_of(Provider(), delta) == CallDelta(index=index, call_id=MENDED, name=MENDED, arguments="\ud83c")


def test_a_provider_is_named_by_its_label() -> None:
    class Named:
        label = "acme/one"

    with pytest.raises(ProviderError, match=r"^acme/one: recognize"):
        transcript_of(Named(), "recognize() gives", None)


ACTIVITY = VoiceActivity(at_ms=5, probability=0.5, voiced_ms=0, silent_ms=0, speaking=False)


@pytest.mark.parametrize("wrong", [None, "5", 0.5, True, NAN])
@pytest.mark.parametrize("name", ["at_ms", "voiced_ms", "silent_ms", "start_ms", "end_ms"])
def test_a_wrong_time_of_a_voice_s_event_is_told(name: str, wrong: Any) -> None:
    event = VoiceEnded(at_ms=5, start_ms=0, end_ms=5) if name in ("start_ms", "end_ms") else ACTIVITY
    with pytest.raises(ProviderError, match=f"{name} is"):
        voice_events_of(Provider(), (replace(event, **{name: wrong}),), after_ms=0, until_ms=10)


@pytest.mark.parametrize("wrong", [None, "high", -0.1, 1.1, NAN, INF])
def test_a_wrong_probability_of_voice_is_told(wrong: Any) -> None:
    with pytest.raises(ProviderError, match=r"VoiceActivity\.probability is"):
        voice_events_of(Provider(), (replace(ACTIVITY, probability=wrong),), after_ms=0, until_ms=10)
