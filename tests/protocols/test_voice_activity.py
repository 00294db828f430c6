from typing import Any

import pytest

from protocols import ConfigurationError, VADCapabilities, VADOptions


def test_the_defaults_are_those_of_the_docs() -> None:
    options = VADOptions()
    assert (options.activation, options.deactivation) == (0.5, 0.35)
    assert (options.min_speech_ms, options.min_silence_ms, options.max_speech_ms) == (50, 200, 60_000)
    assert VADCapabilities(frame_ms=32) == VADCapabilities(rate_hz=16_000, frame_ms=32, graded=True)


@pytest.mark.parametrize("sensitivity", [0.05, 0.3, 0.7, 0.95])
def test_a_higher_sensitivity_asks_for_less(sensitivity: float) -> None:
    options = VADOptions(sensitivity=sensitivity)
    assert 0 < options.deactivation < options.activation < 1
    assert options.activation == pytest.approx(1 - sensitivity)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sensitivity": 0.0},
        {"sensitivity": 1.0},
        {"sensitivity": float("nan")},
        {"min_speech_ms": 0},
        {"min_silence_ms": 0},
        {"min_silence_ms": 600_001},
        {"max_speech_ms": 600_001},
        {"min_speech_ms": 300, "max_speech_ms": 300},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        VADOptions(**wrong)
