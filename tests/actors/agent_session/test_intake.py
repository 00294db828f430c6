"""The caller's chunks: in order, once, and no more than can be listened to."""

import numpy as np
import pytest

from actors.agent_session.intake import MAX_BACKLOG_S, Intake
from actors.agent_session.shared_audio_buffer import SHARED_AUDIO_BUFFER_BYTES, SharedAudioBuffer
from protocols import SESSION_RATE_HZ, AudioAccepted, ErrorReply, InvalidAudioError, StreamAudio


@pytest.fixture
def memory() -> SharedAudioBuffer:
    return SharedAudioBuffer(memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES)))


def noise(rate_hz: int, chunks: int) -> list[StreamAudio]:
    """As many chunks of 20 ms in which each sample counts."""
    size = rate_hz // 50
    values = np.random.default_rng(rate_hz).integers(-20_000, 20_000, size * chunks).astype("<i2")
    return [StreamAudio(sequence=at, rate_hz=rate_hz, pcm=values[at * size : (at + 1) * size].tobytes()) for at in range(chunks)]


def chunk(sequence: int, *, rate_hz: int = 16_000, ms: int = 20) -> StreamAudio:
    return StreamAudio(sequence=sequence, rate_hz=rate_hz, pcm=bytes(rate_hz * ms // 1000 * 2))


def test_the_next_chunk_is_kept_and_acknowledged(memory: SharedAudioBuffer) -> None:
    intake = Intake(memory)
    assert intake.take(chunk(0), 0) == AudioAccepted(next_sequence=1)
    assert intake.take(chunk(1), 0) == AudioAccepted(next_sequence=2)
    assert memory.position == 640
    assert intake.seconds == pytest.approx(0.04)


def test_where_the_caller_is_not_to_be_heard_silence_of_the_same_length_is_kept(memory: SharedAudioBuffer) -> None:
    intake = Intake(memory)
    first, second, third = noise(16_000, 3)
    intake.take(first, 0)
    intake.muted = True
    assert intake.take(second, 0) == AudioAccepted(next_sequence=2)
    intake.muted = False
    intake.take(third, 0)
    assert memory.read(0, memory.position) == first.pcm + bytes(len(second.pcm)) + third.pcm


def test_a_repetition_is_only_acknowledged(memory: SharedAudioBuffer) -> None:
    intake = Intake(memory)
    intake.take(chunk(0), 0)
    assert intake.take(chunk(0), 0) == AudioAccepted(next_sequence=1)
    assert memory.position == 320


def test_a_chunk_too_far_ahead_is_not_kept(memory: SharedAudioBuffer) -> None:
    assert Intake(memory).take(chunk(5), 0) == AudioAccepted(next_sequence=0)
    assert memory.position == 0


def test_who_sends_faster_than_can_be_listened_to_has_to_wait(memory: SharedAudioBuffer) -> None:
    intake = Intake(memory)
    sequence = 0
    while memory.position < MAX_BACKLOG_S * SESSION_RATE_HZ:
        intake.take(chunk(sequence, ms=1000), 0)
        sequence += 1
    assert intake.take(chunk(sequence), 0) == AudioAccepted(next_sequence=sequence)
    assert intake.take(chunk(sequence), 9_000) == AudioAccepted(next_sequence=sequence + 1)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_every_rate_becomes_the_sessions(memory: SharedAudioBuffer, rate_hz: int) -> None:
    intake = Intake(memory)
    for sequence in range(50):
        intake.take(chunk(sequence, rate_hz=rate_hz), 0)
    assert memory.position == pytest.approx(SESSION_RATE_HZ, abs=100)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_however_many_lives_take_the_stream_the_samples_are_the_same(memory: SharedAudioBuffer, rate_hz: int) -> None:
    for each in noise(rate_hz, 10):
        Intake(memory).take(each, 0)
    whole = SharedAudioBuffer(memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES)))
    intake = Intake(whole)
    for each in noise(rate_hz, 10):
        intake.take(each, 0)
    assert memory.position == whole.position > 0
    assert memory.read(0, memory.position) == whole.read(0, whole.position)


def test_the_rate_may_change_between_chunks(memory: SharedAudioBuffer) -> None:
    intake = Intake(memory)
    intake.take(chunk(0, rate_hz=48_000), 0)
    intake.take(chunk(1, rate_hz=8_000), 0)
    assert memory.next_sequence == 2


@pytest.mark.parametrize(("rate_hz", "pcm"), [(44_100, b"\0\0"), (16_000, b"\0"), (16_000, b""), (16_000, bytes(40_000))])
def test_what_is_no_audio_is_refused_and_changes_nothing(memory: SharedAudioBuffer, rate_hz: int, pcm: bytes) -> None:
    with pytest.raises(InvalidAudioError):
        Intake(memory).take(StreamAudio(sequence=0, rate_hz=rate_hz, pcm=pcm), 0)
    assert (memory.position, memory.next_sequence) == (0, 0)


def test_what_a_sender_is_told(memory: SharedAudioBuffer) -> None:
    intake = Intake(memory)
    assert intake.answer(chunk(0), 0) == AudioAccepted(next_sequence=1)
    wrong = intake.answer(StreamAudio(sequence=1, rate_hz=16_000, pcm=b"x"), 0)
    assert isinstance(wrong, ErrorReply)
    assert wrong.error == "InvalidAudioError"
    deaf = intake.answer(chunk(1), None)
    assert isinstance(deaf, ErrorReply)
    assert "takes no audio: give its agent a vad and an stt" in deaf.text
