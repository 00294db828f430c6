import pytest

from actors.media import Side, StereoTimeline
from protocols import InvalidAudioError

MS_20 = b"\1\0" * 320


def test_each_side_lies_where_it_was_heard() -> None:
    timeline = StereoTimeline()
    timeline.add(Side.CALLER, 0.0, MS_20)
    timeline.add(Side.AGENT, 1.0, MS_20)
    caller, agent = timeline.tracks()
    assert len(caller) == len(agent) == 2 * 16_320
    assert caller.startswith(MS_20 + b"\0\0")
    assert agent == bytes(32_000) + MS_20
    assert timeline.duration_s == 1.02


def test_jitter_leaves_no_gap_and_no_overlap() -> None:
    timeline = StereoTimeline()
    for n, jitter in enumerate((0.0, 0.06, -0.06, 0.09, 0.0)):
        timeline.add(Side.AGENT, n * 0.02 + jitter, MS_20)
    assert timeline.tracks()[1] == MS_20 * 5


def test_a_pause_is_silence() -> None:
    timeline = StereoTimeline()
    timeline.add(Side.CALLER, 0.0, MS_20)
    timeline.add(Side.CALLER, 0.5, MS_20)
    assert timeline.tracks()[0] == MS_20 + bytes(2 * (8_000 - 320)) + MS_20


def test_what_comes_after_the_limit_is_dropped_and_counted() -> None:
    timeline = StereoTimeline(limit_s=0.03)
    timeline.add(Side.CALLER, 0.0, MS_20)
    timeline.add(Side.CALLER, 0.02, MS_20)
    timeline.add(Side.AGENT, 99.0, MS_20)
    assert timeline.duration_s == 0.03
    assert timeline.dropped_s == pytest.approx(0.03)


def test_odd_bytes_and_unknown_rates_are_refused() -> None:
    with pytest.raises(InvalidAudioError):
        StereoTimeline(rate_hz=44_100)
    with pytest.raises(InvalidAudioError):
        StereoTimeline().add(Side.CALLER, 0.0, b"\0")
