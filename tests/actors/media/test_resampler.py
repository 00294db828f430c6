import itertools
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.media import Resampler, resample
from protocols import SUPPORTED_RATES_HZ, InvalidAudioError

PAIRS = list(itertools.product(SUPPORTED_RATES_HZ, repeat=2))


def tone(frequency_hz: float, rate_hz: int, seconds: float = 0.5, amplitude: float = 16_000) -> bytes:
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    return np.rint(amplitude * np.sin(2 * np.pi * frequency_hz * at)).astype("<i2").tobytes()


def samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2").astype(np.float64)


@pytest.mark.parametrize(("source_hz", "target_hz"), PAIRS)
def test_a_tone_stays_the_tone_in_the_same_place(source_hz: int, target_hz: int) -> None:
    out = samples(resample(tone(1_000, source_hz), source_hz, target_hz))
    expected = samples(tone(1_000, target_hz))
    middle = slice(len(expected) // 4, -len(expected) // 4)
    noise = out[middle] - expected[middle]
    assert 10 * np.log10(np.mean(expected[middle] ** 2) / max(1e-9, np.mean(noise**2))) > 85


@pytest.mark.parametrize(("source_hz", "target_hz"), [pair for pair in PAIRS if pair[0] > pair[1]])
def test_what_the_target_cannot_hold_is_removed(source_hz: int, target_hz: int) -> None:
    out = samples(resample(tone(0.55 * target_hz, source_hz), source_hz, target_hz))
    assert np.abs(out[len(out) // 4 : -len(out) // 4]).max() <= 1


@pytest.mark.parametrize(("source_hz", "target_hz"), PAIRS)
@given(data=st.data())
def test_the_cut_into_chunks_changes_no_sample(source_hz: int, target_hz: int, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, 2_000))
    pcm = np.random.default_rng(length).integers(-32768, 32768, length).astype("<i2").tobytes()
    cuts = sorted(data.draw(st.lists(st.integers(0, length), max_size=12)))
    resampler = Resampler(source_hz, target_hz)
    edges = [0, *cuts, length]
    out = b"".join(resampler.process(pcm[2 * a : 2 * b]) for a, b in itertools.pairwise(edges)) + resampler.flush()
    assert out == resample(pcm, source_hz, target_hz)
    assert len(out) // 2 == ceil(length * target_hz / source_hz)


@pytest.mark.parametrize(("source_hz", "target_hz"), PAIRS)
def test_no_more_is_held_back_than_documented(source_hz: int, target_hz: int) -> None:
    resampler = Resampler(source_hz, target_hz)
    assert resampler.delay_s < 0.0043
    sent = 0
    for received in range(1, 600):
        sent += len(resampler.process(b"\1\0")) // 2
        assert received / source_hz - sent / target_hz <= resampler.delay_s + 1e-9


@pytest.mark.parametrize(("source_hz", "target_hz"), PAIRS)
@given(data=st.data())
def test_another_goes_on_where_one_was(source_hz: int, target_hz: int, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, 1_000))
    cut = data.draw(st.integers(0, length))
    pcm = np.random.default_rng(length).integers(-32768, 32768, length).astype("<i2").tobytes()
    before, after = Resampler(source_hz, target_hz), Resampler(source_hz, target_hz)
    out = before.process(pcm[: 2 * cut])
    assert len(before.held) <= (400 if target_hz >= 16_000 else 800)
    after.resume(before.held)
    assert out + after.process(pcm[2 * cut :]) + after.flush() == resample(pcm, source_hz, target_hz)


def test_flush_and_reset_leave_a_new_stream() -> None:
    resampler = Resampler(48_000, 16_000)
    pcm = tone(440, 48_000, 0.1)
    first = resampler.process(pcm) + resampler.flush()
    resampler.process(pcm[:100])
    resampler.reset()
    assert resampler.process(pcm) + resampler.flush() == first
    assert resampler.flush() == b""


def test_full_scale_does_not_wrap_around() -> None:
    square = (np.sign(np.sin(np.arange(4_800) / 20)) * 32_767).astype("<i2").tobytes()
    out = samples(resample(square, 48_000, 16_000))
    assert np.abs(np.diff(out)).max() < 65_535
    assert out.max() == 32_767


@pytest.mark.parametrize("rate_hz", [11_025, 22_050, 32_000, 44_100, 96_000])
def test_other_usual_rates_convert_too(rate_hz: int) -> None:
    out = samples(resample(tone(500, rate_hz), rate_hz, 16_000))
    expected = samples(tone(500, 16_000))
    middle = slice(2_000, 6_000)
    assert np.abs(out[: len(expected)][middle] - expected[middle]).max() < 8


def test_an_odd_byte_is_refused_and_changes_nothing() -> None:
    resampler = Resampler(48_000, 16_000)
    with pytest.raises(InvalidAudioError, match="odd byte"):
        resampler.process(b"\0\0\0")
    assert resampler.flush() == b""


@pytest.mark.parametrize(("source_hz", "target_hz"), [(0, 16_000), (16_000, 1_000_000), (16_001, 16_000)])
def test_impossible_rates_are_refused_with_a_cure(source_hz: int, target_hz: int) -> None:
    with pytest.raises(InvalidAudioError, match="cannot resample"):
        Resampler(source_hz, target_hz)
