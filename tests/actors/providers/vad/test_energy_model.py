import numpy as np
import pytest

from actors.providers.vad.energy_model import EnergyModel
from protocols import InvalidAudioError


def tone(dbfs: float, frames: int = 1) -> list[bytes]:
    wave = np.sin(np.arange(320) * 2 * np.pi / 32) * np.sqrt(2) * 32768 * 10 ** (dbfs / 20)
    return [wave.astype("<i2").tobytes()] * frames


def test_twelve_decibels_above_the_floor_are_a_half() -> None:
    model = EnergyModel()
    for frame in tone(-60, 100):
        model.probability(frame)
    assert [model.probability(tone(level)[0]) for level in (-48, -52, -44)] == pytest.approx([0.5, 0.21, 0.79], abs=0.02)


def test_steady_noise_becomes_silence_after_two_seconds() -> None:
    model = EnergyModel()
    answers = [model.probability(frame) for frame in tone(-20, 101)]
    assert min(answers[:99]) > 0.9
    assert answers[100] < 0.05


def test_a_constant_offset_is_silence() -> None:
    assert EnergyModel().probability(np.full(320, 12_000, "<i2").tobytes()) < 0.05


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidAudioError, match="320 samples"):
        EnergyModel().probability(bytes(642))
