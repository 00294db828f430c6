import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.media import SegmenterOptions, SpeechEnded, SpeechEvent, SpeechSegmenter, SpeechStarted
from protocols import ConfigurationError

FRAME = 512
PADDING = 3_200  # 200 ms
PROBABILITIES = st.lists(st.tuples(st.sampled_from([0.0, 0.34, 0.4, 0.5, 0.9]), st.integers(1, 60)), max_size=20)


def run(segmenter: SpeechSegmenter, *runs: tuple[float, int]) -> list[SpeechEvent]:
    return [event for probability, frames in runs for _ in range(frames) for event in segmenter.feed(probability)]


def test_speech_is_announced_after_its_minimum_and_ended_after_the_hangover() -> None:
    segmenter = SpeechSegmenter()
    assert run(segmenter, (0.0, 20), (0.9, 7)) == []
    assert not segmenter.speaking
    assert run(segmenter, (0.9, 1)) == [SpeechStarted(at_sample=20 * FRAME - PADDING)]
    assert segmenter.speaking
    assert run(segmenter, (0.9, 10), (0.1, 15)) == []
    assert run(segmenter, (0.1, 1)) == [SpeechEnded(at_sample=38 * FRAME + PADDING)]


def test_a_pause_shorter_than_the_hangover_is_part_of_the_speech() -> None:
    assert [type(event) for event in run(SpeechSegmenter(), (0.9, 10), (0.1, 15), (0.9, 10), (0.1, 20))] == [SpeechStarted, SpeechEnded]


def test_speech_begins_at_the_upper_threshold_and_goes_on_down_to_the_lower_one() -> None:
    assert run(SpeechSegmenter(), (0.4, 50)) == []
    assert run(SpeechSegmenter(), (0.6, 1), (0.4, 50)) == [SpeechStarted(at_sample=0)]


def test_a_click_is_no_speech_and_does_not_add_up_with_the_next() -> None:
    assert run(SpeechSegmenter(), *[(0.9, 3), (0.0, 8)] * 20) == []


def test_finish_ends_open_speech_and_forgets_what_was_none() -> None:
    segmenter = SpeechSegmenter()
    run(segmenter, (0.9, 10), (0.0, 2))
    assert segmenter.finish() == (SpeechEnded(at_sample=12 * FRAME),)
    run(segmenter, (0.9, 7))
    assert segmenter.finish() == ()
    assert run(segmenter, (0.9, 7)) == []


def test_endless_speech_is_cut_without_a_gap() -> None:
    options = SegmenterOptions(max_speech_ms=1_000)
    events = run(SpeechSegmenter(options), (0.9, 80))
    assert [type(event) for event in events[:4]] == [SpeechStarted, SpeechEnded, SpeechStarted, SpeechEnded]
    assert events[1].at_sample == events[2].at_sample
    assert options.samples(1_000) <= events[1].at_sample < options.samples(1_000) + FRAME


@pytest.mark.parametrize(("voiced", "end"), [(0, 0), (20, 20 * FRAME)])
def test_the_rest_of_speech_has_an_end_and_no_beginning(voiced: int, end: int) -> None:
    segmenter = SpeechSegmenter(first_sample=7_000, speaking=True)
    assert segmenter.speaking
    assert run(segmenter, (0.9, voiced), (0.1, 16)) == [SpeechEnded(at_sample=7_000 + end + PADDING)]
    assert not segmenter.speaking


def test_a_stream_that_goes_on_elsewhere_keeps_its_numbers() -> None:
    segmenter = SpeechSegmenter(first_sample=100_000)
    assert segmenter.needed_from == 100_000
    assert run(segmenter, (0.9, 8)) == [SpeechStarted(at_sample=100_000)]
    assert segmenter.position == 100_000 + 8 * FRAME


@given(PROBABILITIES, st.integers(0, 10**6))
def test_events_alternate_lie_in_the_stream_and_never_ask_for_dropped_audio(runs: list[tuple[float, int]], first: int) -> None:
    segmenter = SpeechSegmenter(first_sample=first)
    events: list[SpeechEvent] = []
    kept_from = segmenter.needed_from
    for probability, frames in runs:
        for _ in range(frames):
            new = segmenter.feed(probability)
            assert all(kept_from <= event.at_sample <= segmenter.position for event in new)
            events += new
            assert segmenter.needed_from >= kept_from
            kept_from = segmenter.needed_from
    events += segmenter.finish()
    assert [type(event) for event in events] == [SpeechStarted, SpeechEnded] * (len(events) // 2)
    assert all(earlier.at_sample <= later.at_sample for earlier, later in itertools.pairwise(events))
    assert not segmenter.speaking


@pytest.mark.parametrize(
    "options",
    [{"on_threshold": 1.0}, {"off_threshold": 0.6}, {"off_threshold": 0.0}, {"hangover_ms": 0}, {"padding_ms": -1}, {"max_speech_ms": 250}],
)
def test_impossible_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        SegmenterOptions(**options)
