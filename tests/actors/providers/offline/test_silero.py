import numpy as np
import pytest

from actors.media import resample
from actors.providers.offline.hibari import HibariTTS
from actors.providers.offline.silero import SileroVad
from protocols import InvalidAudioError, VADModel

FRAME = 1_024  # bytes


@pytest.fixture
def vad() -> VADModel:
    return SileroVad()


def frames(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + FRAME] for at in range(0, len(pcm) - FRAME + 1, FRAME)]


@pytest.fixture(scope="module")
def speech() -> bytes:
    return resample(b"".join(part.tobytes() for part in HibariTTS().sentences("What is the price of a pizza?")), 24_000, 16_000)


def test_speech_is_told_from_silence_noise_and_clicks(vad: VADModel, speech: bytes) -> None:
    noise = np.random.default_rng(1).normal(0, 300, 32_000).astype("<i2")
    clicks = np.zeros(32_000, "<i2")
    clicks[::4_000] = 30_000
    assert max(vad.probability(frame) for frame in frames(bytes(64_000))) < 0.1
    vad.reset()
    assert max(vad.probability(frame) for frame in frames(noise.tobytes())) < 0.3
    vad.reset()
    assert max(vad.probability(frame) for frame in frames(clicks.tobytes())) < 0.3
    vad.reset()
    voiced = [vad.probability(frame) > 0.5 for frame in frames(speech)]
    assert sum(voiced) > 0.6 * len(voiced)


def test_streams_do_not_mix_and_a_reset_begins_anew(vad: VADModel, speech: bytes) -> None:
    other = SileroVad()
    alone = [vad.probability(frame) for frame in frames(speech)]
    vad.reset()
    mixed = []
    for frame in frames(speech):
        mixed.append(vad.probability(frame))
        other.probability(bytes(FRAME))
    assert mixed == alone


def test_a_frame_of_another_length_is_refused_and_changes_nothing(vad: VADModel, speech: bytes) -> None:
    first = vad.probability(frames(speech)[10])
    vad.reset()
    with pytest.raises(InvalidAudioError, match="512 samples"):
        vad.probability(b"\0\0")
    assert vad.probability(frames(speech)[10]) == first
    assert (vad.rate_hz, vad.frame_samples) == (16_000, 512)
