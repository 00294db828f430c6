from typing import Any

import pytest

from protocols import MAX_CHUNK_S, SUPPORTED_RATES_HZ, AudioChunk, InvalidAudioError, require_audio, require_rate


@pytest.mark.parametrize("rate_hz", SUPPORTED_RATES_HZ)
def test_a_chunk_knows_its_length(rate_hz: int) -> None:
    chunk = AudioChunk(pcm=bytes(rate_hz), rate_hz=rate_hz)
    assert chunk.samples == rate_hz // 2
    assert chunk.duration_s == 0.5
    assert AudioChunk(pcm=bytes(rate_hz * 2), rate_hz=rate_hz).duration_s == MAX_CHUNK_S


@pytest.mark.parametrize(
    ("pcm", "rate_hz", "text"),
    [
        (b"\0\0", 44_100, "44100 Hz is unknown: use one of 8000, 16000, 24000, 48000 and resample before sending"),
        (b"", 16_000, "empty audio: send at least one sample"),
        (b"\0\0\0", 16_000, "3 bytes are no PCM16: samples have two bytes; keep the odd byte for the next chunk"),
        ("text", 16_000, "the samples are a str: give them as bytes"),
        ([1, 2], 16_000, "the samples are a list: give them as bytes"),
        (None, 16_000, "the samples are a NoneType: give them as bytes"),
        (memoryview(bytes(2)), 16_000, "the samples are a memoryview: give them as bytes"),
        (bytes(32_002), 16_000, "1.00 s in one chunk: send at most 1 s at a time"),
    ],
)
def test_what_is_no_chunk_is_refused_with_the_cure(pcm: Any, rate_hz: int, text: str) -> None:
    with pytest.raises(InvalidAudioError, match=text):
        AudioChunk(pcm=pcm, rate_hz=rate_hz)


def test_audio_of_any_length_is_audio() -> None:
    require_audio(bytes(64_000), 8_000)
    require_audio(bytearray(2), 48_000)
    with pytest.raises(InvalidAudioError, match="the samples are a str"):
        require_audio("text", 8_000)


def test_a_rate_is_known_or_refused() -> None:
    require_rate(8_000)
    with pytest.raises(InvalidAudioError):
        require_rate(0)
