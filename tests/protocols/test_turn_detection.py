import pytest

from protocols import InvalidAudioError, OpenTurn, TurnDetectorCapabilities, TurnPrediction


def test_a_language_is_supported_by_whatever_tag_it_comes() -> None:
    two = TurnDetectorCapabilities(audio_s=8, silence_ms=200, languages=frozenset({"en", "pt"}))
    assert [two.supports(tag) for tag in ("en", "en-US", "PT_br", "", "cy", "eng")] == [True, True, True, True, False, False]
    assert TurnDetectorCapabilities().supports("cy")


def test_a_language_may_have_a_threshold_of_its_own() -> None:
    some = TurnDetectorCapabilities(threshold=0.5, thresholds={"de": 0.7})
    assert [some.threshold_for(tag) for tag in ("de-AT", "en", "")] == [0.7, 0.5, 0.5]
    assert hash(some) == hash(TurnDetectorCapabilities(threshold=0.5, thresholds={"fr": 0.7}))


def test_a_turn_is_likely_over_from_the_threshold_on() -> None:
    assert [TurnPrediction(probability=value, threshold=0.5).likely_over for value in (0.49, 0.5, 1.0)] == [False, True, True]


def test_half_a_sample_is_no_audio() -> None:
    assert OpenTurn(audio=b"\0\0", text="yes", language="en-US").text == "yes"
    with pytest.raises(InvalidAudioError, match="no PCM16"):
        OpenTurn(audio=b"\0")
