from collections.abc import Iterable

import pytest

from actors.providers.vad import ModelVAD
from protocols import AudioChunk, ProviderError, VADCapabilities, VADOptions, VoiceActivity


class Scripted:
    """A model that answers what it is told; a frame is 10 ms."""

    rate_hz = 8_000
    frame_samples = 80

    def __init__(self, answers: Iterable[float]) -> None:
        self._answers = iter(answers)
        self.frames: list[bytes] = []
        self.resets = 0

    def probability(self, frame: bytes) -> float:
        self.frames.append(frame)
        return next(self._answers)

    def reset(self) -> None:
        self.resets += 1


def vad_of(model: Scripted) -> ModelVAD:
    return ModelVAD(lambda: model, VADOptions(), VADCapabilities(rate_hz=8_000, frame_ms=10))


def piece(samples: int, value: int = 1) -> AudioChunk:
    return AudioChunk(pcm=value.to_bytes(2, "little") * samples, rate_hz=8_000)


def test_the_model_is_given_whole_frames_in_order_whatever_comes() -> None:
    model = Scripted([0.0] * 10)
    stream = vad_of(model).stream()
    assert stream.push(piece(79)) == ()
    assert len(stream.push(piece(82, 2))) == 2
    assert model.frames == [piece(79).pcm + piece(1, 2).pcm, piece(80, 2).pcm]


@pytest.mark.parametrize("answer", [float("nan"), float("inf"), -0.01, 1.01])
def test_what_is_no_probability_is_refused_by_the_name_of_the_model(answer: float) -> None:
    with pytest.raises(ProviderError, match=r"Scripted answered .* no probability") as refused:
        vad_of(Scripted([answer])).stream().push(piece(80))
    assert not refused.value.retryable


def test_a_flush_and_a_reset_drop_less_than_a_frame() -> None:
    model = Scripted([0.2] * 3)
    stream = vad_of(model).stream(start_ms=100)
    stream.push(piece(40))
    assert stream.flush() == ()
    stream.push(piece(40))
    stream.reset(start_ms=500)
    assert model.resets == 1
    (activity,) = stream.push(piece(80, 3))
    assert activity == VoiceActivity(at_ms=510, probability=0.2, voiced_ms=0, silent_ms=10, speaking=False)
    assert model.frames == [piece(80, 3).pcm]


def test_warming_judges_a_frame_of_silence() -> None:
    model = Scripted([0.0])
    vad_of(model).prewarm()
    assert model.frames == [bytes(160)]
