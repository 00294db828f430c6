import json
from pathlib import Path

import numpy as np
import pytest

from actors.providers.smart_turn.features import BANDS, FRAMES, WINDOW_SAMPLES, log_mel
from support.turn_audio import SOUNDS

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text("utf-8"))


@pytest.mark.parametrize("name", SOUNDS)
def test_the_features_are_those_of_the_reference(name: str) -> None:
    features, golden = log_mel(SOUNDS[name]), GOLDEN[name]
    assert (features.shape, features.dtype) == ((BANDS, FRAMES), np.float32)
    assert np.abs(features[:, 39::80].T - np.array(golden["frames"])).max() < 2e-3
    assert features.mean() == pytest.approx(golden["mean"], abs=1e-4)
    assert features.std() == pytest.approx(golden["deviation"], abs=1e-4)


def test_no_audio_is_silence() -> None:
    assert np.array_equal(log_mel(b""), log_mel(bytes(2 * WINDOW_SAMPLES)))


def test_only_the_last_eight_seconds_count() -> None:
    sound = SOUNDS["ten seconds"]
    assert np.array_equal(log_mel(sound), log_mel(sound[-2 * WINDOW_SAMPLES :]))


@pytest.mark.parametrize("samples", [1, 199, 200, 201, 360, 361, WINDOW_SAMPLES - 361, WINDOW_SAMPLES - 200, WINDOW_SAMPLES - 1])
def test_silence_before_the_audio_is_the_same_whether_it_is_given_or_not(samples: int) -> None:
    said = (SOUNDS["nearly eight seconds"] + SOUNDS["two seconds"])[: 2 * samples]
    assert np.abs(log_mel(said) - log_mel(bytes(2 * (WINDOW_SAMPLES - samples)) + said)).max() < 1e-4
