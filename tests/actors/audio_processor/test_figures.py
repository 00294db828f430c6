import math

import pytest

from actors.audio_processor.figures import AudioConfiguration, AudioFigures
from protocols import AudioHandled, ConfigurationError


def test_reports_add_up() -> None:
    figures = AudioFigures()
    for _ in range(2):
        figures = figures.handled(AudioHandled(seconds_in=1.0, seconds_out=0.5, dropped_s=0.25))
    figures = figures.converted(100).converted(50).refusal()
    assert figures.to_figures() == {
        "seconds_in": 2.0,
        "seconds_out": 1.0,
        "dropped_s": 0.5,
        "conversions": 2,
        "converted_bytes": 150,
        "refused": 1,
    }


@pytest.mark.parametrize("nothing", [math.nan, math.inf, -math.inf, -1.0])
def test_what_is_no_length_counts_as_nothing(nothing: float) -> None:
    assert AudioFigures().handled(AudioHandled(seconds_in=nothing, seconds_out=nothing, dropped_s=nothing)) == AudioFigures()


def test_the_configuration_tells_all_that_a_session_needs() -> None:
    assert AudioConfiguration.from_args({"frame_ms": 10}).to_figures() == {
        "supported_rates_hz": [8_000, 16_000, 24_000, 48_000],
        "session_rate_hz": 16_000,
        "bytes_per_sample": 2,
        "max_chunk_s": 1.0,
        "frame_ms": 10,
        "caller_ring_s": 30.0,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("frame_ms", 5), ("frame_ms", "20"), ("frame_ms", math.nan), ("caller_ring_s", 0), ("caller_ring_s", True), ("ring", 1)],
)
def test_impossible_options_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=name):
        AudioConfiguration.from_args({name: value})
