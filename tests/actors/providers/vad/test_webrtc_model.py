import numpy as np
import pytest

from actors.providers.vad.webrtc_model import WebRTCModel, mode_of
from protocols import InvalidAudioError


def test_a_higher_sensitivity_is_a_lower_mode() -> None:
    assert [mode_of(value) for value in (0.05, 0.29, 0.3, 0.5, 0.6, 0.8, 0.95)] == [3, 3, 2, 2, 1, 0, 0]


def test_any_noise_at_the_beginning_is_silence() -> None:
    model = WebRTCModel(sensitivity=0.95)
    frames = [np.random.default_rng(at).normal(0, 3_000, 320).astype("<i2").tobytes() for at in range(10)]
    for _ in range(2):
        assert [model.probability(frame) for frame in frames[:6]] == [0.0] * 6
        assert model.probability(frames[6]) > 0
        model.reset()


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidAudioError, match="320 samples"):
        WebRTCModel(sensitivity=0.5).probability(bytes(320))
