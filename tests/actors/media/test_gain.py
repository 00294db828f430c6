"""No change of the loudness is heard as a click, however the stream is cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.media import DUCKED_GAIN, FADE_MS, JOIN_MS, Edge, Gain, faded_out

RATE = 24_000
RAMP = RATE * FADE_MS // 1000
LOUD = np.full(4 * RAMP, 20_000, "<i2").tobytes()


def samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2").astype(int)


def test_full_loudness_changes_nothing() -> None:
    pcm, after = Gain(rate_hz=RATE).apply(LOUD)
    assert pcm == LOUD
    assert after.now == 1.0


@pytest.mark.parametrize(("before", "target"), [(1.0, 0.0), (0.0, 1.0), (1.0, DUCKED_GAIN), (DUCKED_GAIN, 1.0), (DUCKED_GAIN, 0.0)])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_a_change_is_a_ramp_of_ten_milliseconds(before: float, target: float, rate_hz: int) -> None:
    pcm, after = Gain(rate_hz=rate_hz).at(before).towards(target).apply(LOUD)
    heard = samples(pcm)
    ramp = rate_hz * FADE_MS // 1000
    assert heard[0] == pytest.approx(20_000 * before, abs=1)
    assert set(heard[ramp:]) == {round(20_000 * target)}
    assert np.all(np.diff(heard) * np.sign(target - before) >= 0), "one way only"
    steepest = np.pi / 2 * abs(target - before) * 20_000 / ramp
    assert np.abs(np.diff(heard)).max() <= steepest + 1
    assert after.now == target


def test_a_ramp_that_is_turned_round_goes_on_where_it_is() -> None:
    first, gain = Gain(rate_hz=RATE).towards(0.0).apply(LOUD[: RAMP // 2 * 2])
    second, _ = gain.towards(1.0).apply(LOUD)
    assert abs(int(samples(second)[0]) - int(samples(first)[-1])) < 200
    assert gain.towards(0.0) == gain, "it is on its way there already"


@given(st.lists(st.integers(0, 300), max_size=8), st.sampled_from([0.0, DUCKED_GAIN, 1.0]))
def test_however_it_is_cut_the_samples_are_the_same(cuts: list[int], target: float) -> None:
    gain = Gain(rate_hz=RATE).at(0.5).towards(target)
    whole, _ = gain.apply(LOUD)
    pieces, rest = b"", LOUD
    for cut in cuts:
        piece, gain = gain.apply(rest[: 2 * cut])
        pieces, rest = pieces + piece, rest[2 * cut :]
    assert pieces + gain.apply(rest)[0] == whole


@pytest.mark.parametrize("length", [0, 1, RAMP // 2, RAMP, 3 * RAMP])
def test_what_is_faded_out_ends_in_silence(length: int) -> None:
    heard = samples(faded_out(LOUD[: 2 * length], RATE))
    assert len(heard) == length
    assert not length or heard[-1] == 0
    assert np.all(heard[: max(0, length - RAMP)] == 20_000)
    assert np.all(np.diff(heard) <= 0)


def test_the_loudest_sample_does_not_overflow() -> None:
    lowest = np.full(RAMP, -32_768, "<i2").tobytes()
    assert set(samples(Gain(rate_hz=RATE).at(DUCKED_GAIN).apply(lowest)[0])) == {-8_192}
    assert samples(faded_out(lowest, RATE)).min() >= -32_768


def tone(level: int, count: int = 4 * RAMP) -> bytes:
    return np.full(count, level, "<i2").tobytes()


@pytest.mark.parametrize("cuts", [[4 * RAMP], [1, 7, RAMP, RAMP, 5], [RAMP // 2] * 8])
def test_what_does_not_go_on_with_the_sample_before_it_is_joined_without_a_click(cuts: list[int]) -> None:
    edge, rest, joined = Edge.of(tone(15_000), RATE), tone(-9_000), b""
    assert not edge.continued_by(rest)
    for cut in cuts:
        piece, rest = rest[: 2 * cut], rest[2 * cut :]
        joined += edge.joined(piece, len(joined) // 2)
    heard = samples(tone(15_000) + joined)
    join = RATE * JOIN_MS // 1000
    assert np.abs(np.diff(heard)).max() <= np.pi / 2 * 24_000 / join + 1
    assert set(samples(joined)[join:]) <= {-9_000}, "four milliseconds of it, and no more"
    assert np.all(np.diff(samples(joined)) <= 0), "one way only"


def test_what_steps_no_further_than_there_was_before_goes_on_with_it() -> None:
    before = np.array([0, 300, 100, 400], "<i2").tobytes()
    assert Edge.of(before, RATE) == Edge(rate_hz=RATE, level=400, step=300)
    for first, goes_on in [(400, True), (100, True), (700, True), (99, False), (701, False), (-400, False)]:
        assert Edge.of(before, RATE).continued_by(tone(first)) is goes_on
    assert Edge.of(b"", RATE) == Edge(rate_hz=RATE, level=0, step=0)
    old = np.array([20_000, *[0] * (2 * RAMP)], "<i2").tobytes()
    assert Edge.of(old, RATE).step == 0, "what was longer ago is not compared with"
