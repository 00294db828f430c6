from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.providers.vad.segmentation import VoiceSegmenter
from protocols import VADEvent, VADOptions, VoiceActivity, VoiceEnded, VoiceStarted


def segmenter(start_ms: int = 0, **options: Any) -> VoiceSegmenter:
    """Of frames of 10 ms."""
    return VoiceSegmenter(VADOptions(**options), rate_hz=16_000, frame_samples=160, start_ms=start_ms)


def feed(machine: VoiceSegmenter, probabilities: list[float]) -> list[VADEvent]:
    return [event for value in probabilities for event in machine.feed(value)]


def decided(events: list[VADEvent]) -> list[VADEvent]:
    return [event for event in events if not isinstance(event, VoiceActivity)]


def test_speech_is_announced_after_its_least_length_and_ended_after_the_silence() -> None:
    machine = segmenter(1_000, min_speech_ms=30, min_silence_ms=40)
    events = decided(feed(machine, [0.0] * 5 + [0.9] * 10 + [0.1] * 10))
    assert events == [VoiceStarted(at_ms=1_080, start_ms=1_050), VoiceEnded(at_ms=1_190, start_ms=1_050, end_ms=1_150)]


def test_between_the_thresholds_speech_goes_on_and_does_not_begin() -> None:
    assert decided(feed(segmenter(), [0.4] * 50)) == []
    machine = segmenter(min_speech_ms=10, min_silence_ms=20)
    assert decided(feed(machine, [0.6] + [0.4] * 50 + [0.3, 0.3])) == [
        VoiceStarted(at_ms=10, start_ms=0),
        VoiceEnded(at_ms=530, start_ms=0, end_ms=510),
    ]


def test_what_is_too_short_is_forgotten_in_the_silence_after_it() -> None:
    machine = segmenter(min_speech_ms=50)
    assert decided(feed(machine, ([0.9] * 4 + [0.0] * 5) * 10)) == []
    assert decided(feed(machine, [0.9, 0.0] * 5)) == [VoiceStarted(at_ms=990, start_ms=900)]


def test_each_frame_tells_how_long_there_is_voice_and_how_long_there_is_none() -> None:
    events = feed(segmenter(100, min_speech_ms=20, min_silence_ms=30), [0.0, 0.9, 0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1])
    told = [(event.at_ms, event.voiced_ms, event.silent_ms, event.speaking) for event in events if isinstance(event, VoiceActivity)]
    assert told == [
        (110, 0, 10, False),
        (120, 10, 0, False),
        (130, 20, 0, True),
        (140, 20, 10, True),
        (150, 30, 0, True),
        (160, 30, 10, True),
        (170, 30, 20, True),
        (180, 0, 30, False),
        (190, 0, 40, False),
    ]


def test_speech_that_does_not_end_is_ended_and_goes_on_as_new_speech() -> None:
    events = decided(feed(segmenter(min_speech_ms=10, max_speech_ms=100), [1.0] * 25))
    assert events == [
        VoiceStarted(at_ms=10, start_ms=0),
        VoiceEnded(at_ms=100, start_ms=0, end_ms=100),
        VoiceStarted(at_ms=110, start_ms=100),
        VoiceEnded(at_ms=200, start_ms=100, end_ms=200),
        VoiceStarted(at_ms=210, start_ms=200),
    ]


def test_the_end_of_the_stream_ends_what_was_announced_and_nothing_else() -> None:
    machine = segmenter(min_speech_ms=20)
    feed(machine, [0.9])
    assert machine.finish() == ()
    feed(machine, [0.9])
    assert machine.finish() == (VoiceEnded(at_ms=20, start_ms=0, end_ms=20),)
    assert machine.finish() == ()


def test_a_reset_forgets_speech_and_time() -> None:
    machine = segmenter(min_speech_ms=10)
    feed(machine, [0.9] * 5)
    machine.reset(start_ms=700)
    assert machine.feed(0.4) == (VoiceActivity(at_ms=710, probability=0.4, voiced_ms=0, silent_ms=10, speaking=False),)


@pytest.mark.parametrize(("rate_hz", "frame_samples", "at_ms"), [(16_000, 512, 3_200), (8_000, 256, 3_200), (16_000, 480, 3_000)])
def test_times_count_samples_at_any_rate(rate_hz: int, frame_samples: int, at_ms: int) -> None:
    machine = VoiceSegmenter(VADOptions(), rate_hz=rate_hz, frame_samples=frame_samples)
    last = [machine.feed(0.0) for _ in range(100)][-1][0]
    assert last.at_ms == at_ms


@given(
    probabilities=st.lists(st.floats(0, 1), max_size=300),
    sensitivity=st.floats(0.05, 0.95),
    min_speech_ms=st.integers(1, 80),
    min_silence_ms=st.integers(1, 80),
    max_speech_ms=st.integers(800, 1_500),
)
def test_speech_alternates_never_overlaps_and_has_its_lengths(
    probabilities: list[float], sensitivity: float, min_speech_ms: int, min_silence_ms: int, max_speech_ms: int
) -> None:
    machine = segmenter(sensitivity=sensitivity, min_speech_ms=min_speech_ms, min_silence_ms=min_silence_ms, max_speech_ms=max_speech_ms)
    events = feed(machine, probabilities) + list(machine.finish())
    kinds = [type(event) for event in decided(events)]
    assert kinds == [VoiceStarted, VoiceEnded] * (len(kinds) // 2)
    ended = [event for event in events if isinstance(event, VoiceEnded)]
    assert all(min_speech_ms <= event.end_ms - event.start_ms <= max_speech_ms + 10 for event in ended)
    assert all(before.end_ms <= event.start_ms for before, event in pairwise(ended))
    assert len([event for event in events if isinstance(event, VoiceActivity)]) == len(probabilities)
