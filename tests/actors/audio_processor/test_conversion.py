import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.audio_processor.conversion import MAX_JOB_BYTES, convert
from protocols import MAX_WIRE_BYTES, SUPPORTED_RATES_HZ, AudioConverted, Envelope, InvalidAudioError, encode_envelope

RATES = st.sampled_from(SUPPORTED_RATES_HZ)


@given(st.integers(1, 4_000), RATES, RATES)
def test_all_of_the_audio_comes_out_at_its_new_rate(samples: int, from_hz: int, to_hz: int) -> None:
    out = convert(bytes(2 * samples), from_hz, to_hz)
    assert len(out) == 2 * math.ceil(samples * to_hz / from_hz)


@given(st.binary(max_size=400), st.integers(-1, 50_000) | RATES, st.integers(-1, 50_000) | RATES)
def test_any_job_is_done_or_refused_as_the_callers_mistake(pcm: bytes, from_hz: int, to_hz: int) -> None:
    fine = bool(pcm) and len(pcm) % 2 == 0 and {from_hz, to_hz} <= set(SUPPORTED_RATES_HZ)
    if fine:
        assert convert(pcm, from_hz, to_hz)
    else:
        with pytest.raises(InvalidAudioError):
            convert(pcm, from_hz, to_hz)


@pytest.mark.parametrize(
    ("pcm", "from_hz", "to_hz", "told"),
    [
        (b"\0\0", 44_100, 16_000, "sample rate 44100 Hz is unknown: use one of 8000, 16000, 24000, 48000"),
        (b"\0\0", 16_000, 0, "sample rate 0 Hz is unknown"),
        (b"", 16_000, 8_000, "empty audio"),
        (b"\0\0\0", 16_000, 8_000, "3 bytes are no PCM16"),
        (bytes(MAX_JOB_BYTES + 2), 48_000, 8_000, "send at most 10 s"),
        (bytes(MAX_JOB_BYTES // 6 + 2), 8_000, 48_000, "send at most 10 s"),
        (bytes(MAX_JOB_BYTES + 2), 8_000, 8_000, "send at most 60 s"),
    ],
)
def test_the_cure_is_named(pcm: bytes, from_hz: int, to_hz: int, told: str) -> None:
    with pytest.raises(InvalidAudioError, match=told):
        convert(pcm, from_hz, to_hz)


def test_the_longest_job_fits_into_one_message() -> None:
    pcm = convert(bytes(MAX_JOB_BYTES // 6), 8_000, 48_000)
    assert len(pcm) == MAX_JOB_BYTES
    answer = Envelope(message=AudioConverted(pcm=pcm, rate_hz=48_000), message_id="m" * 32, to_id="i" * 128, to_uid="u" * 64)
    assert len(encode_envelope(answer)) < MAX_WIRE_BYTES
