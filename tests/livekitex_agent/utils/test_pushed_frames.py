"""The input of a stream of audio: frames, ends of segments, another rate."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.utils import aio
from livekitex_agent.utils.audio_frame import new_frame
from livekitex_agent.utils.pushed_frames import FrameFlush, FrameInput


class Input(FrameInput):
    def __init__(self, needed_sr: int | None = None) -> None:
        self._input_ch = aio.Chan[Any]()
        self._event_ch = aio.Chan[Any]()
        self._needed_sr = needed_sr

    def taken(self) -> list[Any]:
        """What is in it: the lengths of its frames, and None for a flush."""
        taken = []
        while not self._input_ch.empty():
            frame = self._input_ch.recv_nowait()
            assert isinstance(frame, FrameFlush) or self._needed_sr in (None, frame.sample_rate)
            taken.append(None if isinstance(frame, FrameFlush) else frame.samples_per_channel)
        return taken


def frame(samples: int, rate: int = 16_000) -> Any:
    return new_frame(bytes(2 * samples), rate)


def test_frames_and_ends_of_segments_come_in_their_order() -> None:
    given_to = Input()
    given_to.push_frame(frame(10))
    given_to.flush()
    given_to.push_frame(frame(20))
    given_to.end_input()
    assert given_to.taken() == [10, None, 20, None]
    assert given_to._input_ch.closed


def test_the_end_of_a_segment_is_of_the_class_that_livekit_names() -> None:
    given_to = Input()
    given_to.flush()
    assert isinstance(given_to._input_ch.recv_nowait(), FrameInput._FlushSentinel)


def test_another_rate_than_before_is_refused_and_changes_nothing() -> None:
    given_to = Input()
    given_to.push_frame(frame(10))
    with pytest.raises(ValueError, match="must be consistent"):
        given_to.push_frame(frame(10, 48_000))
    given_to.push_frame(frame(5))
    assert given_to.taken() == [10, 5]


@pytest.mark.parametrize("call", [lambda each: each.push_frame(frame(1)), lambda each: each.flush(), lambda each: each.end_input()])
@pytest.mark.parametrize(("channel", "text"), [("_input_ch", "Input input ended"), ("_event_ch", "Input is closed")])
def test_what_has_ended_takes_nothing_more_and_says_what_it_is(call: Any, channel: str, text: str) -> None:
    given_to = Input()
    getattr(given_to, channel).close()
    with pytest.raises(RuntimeError, match=text):
        call(given_to)


def test_the_rate_that_is_needed_is_no_reason_to_touch_a_frame_that_has_it() -> None:
    given_to = Input(16_000)
    given = frame(7)
    given_to.push_frame(given)
    assert given_to._input_ch.recv_nowait() is given


@given(
    rate=st.sampled_from([8_000, 24_000, 44_100, 48_000]),
    segments=st.lists(st.lists(st.integers(1, 2_000), max_size=5), max_size=4),
)
def test_each_segment_is_whole_at_the_rate_that_is_needed(rate: int, segments: list[list[int]]) -> None:
    given_to = Input(16_000)
    for lengths in segments:
        for length in lengths:
            given_to.push_frame(frame(length, rate))
        given_to.flush()
        *frames, flushed = given_to.taken()
        assert flushed is None
        assert sum(frames) == pytest.approx(sum(lengths) * 16_000 / rate, abs=2), "nothing of a segment is kept back for the next"
