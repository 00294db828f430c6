"""What each kind of provider hands over is checked where it comes in; the model's is in `test_brain`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from actors.agent_session.engine.provider_values import answer_of, audio_of, prediction_of, stream_of, text_of, voice_events_of
from protocols import AudioChunk, InvalidAudioError, ProviderError, TurnPrediction, VoiceStarted
from support.wayward import WRONG_VALUES

RATE_HZ = 16_000
RIGHT = {"recogniser": {"text"}, "voice": set(), "detector": set(), "turn detector": set()}
"""Values that are wrong for every kind but this one."""


class Provider:
    """Whose values are looked at."""


CHECKS: dict[str, Callable[[Any], object]] = {
    "recogniser": lambda value: text_of(Provider(), "recognize() gives", value),
    "voice": lambda value: audio_of(Provider(), RATE_HZ, value),
    "detector": lambda value: voice_events_of(Provider(), value, after_ms=0, until_ms=10),
    "turn detector": lambda value: prediction_of(Provider(), value),
}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind in CHECKS for value in WRONG_VALUES if value not in RIGHT[kind]])
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


def test_half_a_letter_of_a_recogniser_is_mended() -> None:
    assert text_of(Provider(), "recognize() gives", "a pizza \ud83c") == "a pizza \ufffd"
