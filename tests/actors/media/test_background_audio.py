"""Sound beside the speech goes round without a seam, comes and goes without a click, and is bounded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.media import MAX_SOUND_S, BackgroundMixer, LoopedSound, Recording, looped
from actors.media.background_audio import RAMP_MS, SEAM_MS
from protocols import InvalidAudioError

RATE = 8_000
RAMP = RATE * RAMP_MS // 1000


def tone(seconds: float, hz: float = 440.0, level: int = 10_000, rate_hz: int = RATE) -> Recording:
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    return Recording(pcm=np.rint(level * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes(), rate_hz=rate_hz)


def level(value: int, seconds: float = 1.0, volume: float = 1.0) -> LoopedSound:
    return LoopedSound(pcm=np.full(int(seconds * RATE), value, "<i2").tobytes(), volume=volume)


def heard(mixer: BackgroundMixer, samples: int) -> np.ndarray:
    return np.frombuffer(mixer.take(samples), "<i2").astype(int)


@pytest.mark.parametrize("seconds", [0.2, 0.3337, 2.01])
def test_it_goes_round_without_a_seam(seconds: float) -> None:
    recording = tone(seconds)
    sound = looped(recording, RATE, 1.0)
    assert len(sound.pcm) // 2 == len(recording.pcm) // 2 - RATE * SEAM_MS // 1000
    twice = np.frombuffer(sound.pcm * 2, "<i2").astype(int)
    within = np.abs(np.diff(np.frombuffer(recording.pcm, "<i2").astype(int))).max()
    assert np.abs(np.diff(twice)).max() <= 1.6 * within, "no step where it begins again"


def test_it_is_brought_to_the_rate_of_the_voice() -> None:
    sound = looped(tone(1.0), 24_000, 0.5)
    assert len(sound.pcm) // 2 == 24_000 - 24_000 * SEAM_MS // 1000
    assert sound.volume == 0.5


@pytest.mark.parametrize("seconds", [0.05, 0.19, MAX_SOUND_S + 0.1])
def test_a_sound_has_bounds(seconds: float) -> None:
    with pytest.raises(InvalidAudioError, match="of sound: give from"):
        looped(tone(seconds), RATE, 1.0)


def test_ambience_fades_in_and_goes_on() -> None:
    mixer = BackgroundMixer(RATE, ambient=level(10_000, volume=0.3))
    first = heard(mixer, RAMP)
    assert first[0] == 0
    assert np.all(np.diff(first) >= 0)
    assert set(heard(mixer, 10 * RATE)) == {3_000}
    assert not mixer.silent


def test_thinking_is_heard_over_it_while_it_lasts() -> None:
    mixer = BackgroundMixer(RATE, ambient=level(1_000), thinking=level(2_000, volume=0.5))
    heard(mixer, RAMP)
    mixer.set_thinking(True)
    mixer.set_thinking(True)
    assert set(heard(mixer, 2 * RAMP)[RAMP:]) == {2_000}
    mixer.set_thinking(False)
    fading = heard(mixer, 2 * RAMP)
    assert set(fading[RAMP:]) == {1_000}
    assert np.abs(np.diff(fading)).max() < 5


def test_without_a_sound_there_is_silence() -> None:
    nothing = BackgroundMixer(RATE)
    nothing.set_thinking(True)
    assert nothing.silent
    assert set(heard(nothing, 10)) == {0}
    thinking = BackgroundMixer(RATE, thinking=level(500))
    assert thinking.silent
    thinking.set_thinking(True)
    assert not thinking.silent
    thinking.set_thinking(False)
    heard(thinking, RAMP)
    assert thinking.silent


def test_what_is_too_loud_together_is_cut_and_does_not_overflow() -> None:
    mixer = BackgroundMixer(RATE, ambient=level(30_000), thinking=level(30_000))
    mixer.set_thinking(True)
    assert heard(mixer, 2 * RAMP).max() == 32_767


@given(st.lists(st.integers(0, 3_000), max_size=8))
def test_however_it_is_taken_the_samples_are_the_same(cuts: list[int]) -> None:
    sound = looped(tone(0.4), RATE, 0.7)
    whole, pieces = BackgroundMixer(RATE, ambient=sound), BackgroundMixer(RATE, ambient=sound)
    assert b"".join(pieces.take(cut) for cut in cuts) == whole.take(sum(cuts))


def test_sounds_are_changed_without_a_step() -> None:
    mixer = BackgroundMixer(RATE, ambient=level(2_000), thinking=level(500))
    heard(mixer, 2 * RAMP)
    mixer.change(ambient=level(1_000), thinking=level(500))
    changing = heard(mixer, 2 * RAMP)
    assert np.abs(np.diff(changing)).max() < 5
    assert set(changing[RAMP:]) == {1_000}
    before = mixer.take(RATE // 3)
    mixer.change(ambient=level(1_000), thinking=None)
    assert set(np.frombuffer(before + mixer.take(RAMP), "<i2")) == {1_000}, "the same sound goes on"
    mixer.change(ambient=None, thinking=None)
    assert not mixer.empty
    assert heard(mixer, RAMP + 1)[-1] == 0
    assert mixer.empty
    assert mixer.silent
