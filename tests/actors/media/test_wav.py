import contextlib
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.media import MAX_WAV_S, read_wav, write_stereo_wav, write_wav
from actors.media.wav import _decode
from protocols import ConfigurationError, InvalidAudioError

TONE = np.sin(np.arange(1_600) / 5.0) * 0.5


def riff(
    tag: int, bits: int, body: bytes, *, channels: int = 1, rate_hz: int = 16_000, extensible: bool = False, before: bytes = b""
) -> bytes:
    block = bits // 8 * channels
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, rate_hz, rate_hz * block, block, bits)
    if extensible:
        form += struct.pack("<HHIH", 22, bits, 0, tag) + bytes(14)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + before + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "in.wav"
    path.write_bytes(data)
    return path


def encode(kind: str, values: np.ndarray) -> bytes:
    if kind == "u8":
        return np.rint(values * 127 + 128).astype(np.uint8).tobytes()
    if kind == "i24":
        wide = np.rint(values * (2**23 - 1)).astype("<i4")
        return wide.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    if kind.startswith("i"):
        bits = int(kind[1:])
        return np.rint(values * (2 ** (bits - 1) - 1)).astype(f"<i{bits // 8}").tobytes()
    return values.astype(f"<f{int(kind[1:]) // 8}").tobytes()


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(
    ("kind", "tag", "bits"), [("u8", 1, 8), ("i16", 1, 16), ("i24", 1, 24), ("i32", 1, 32), ("f32", 3, 32), ("f64", 3, 64)]
)
def test_every_usual_encoding_reads_as_the_same_audio(tmp_path: Path, kind: str, tag: int, bits: int, extensible: bool) -> None:
    recording = read_wav(write(tmp_path, riff(tag, bits, encode(kind, TONE), extensible=extensible)))
    assert recording.rate_hz == 16_000
    assert recording.duration_s == 0.1
    assert np.abs(np.frombuffer(recording.pcm, "<i2") / 32768 - TONE).max() < (0.02 if kind == "u8" else 0.0002)


def test_the_channels_are_averaged(tmp_path: Path) -> None:
    stereo = np.stack((TONE, np.zeros_like(TONE)), axis=1).reshape(-1)
    recording = read_wav(write(tmp_path, riff(1, 16, encode("i16", stereo), channels=2)))
    assert np.abs(np.frombuffer(recording.pcm, "<i2") / 32768 - TONE / 2).max() < 0.0002


def test_another_rate_is_converted_to_sixteen_kilohertz(tmp_path: Path) -> None:
    recording = read_wav(write(tmp_path, riff(1, 16, encode("i16", np.zeros(44_100)), rate_hz=44_100)))
    assert (recording.rate_hz, recording.duration_s) == (16_000, 1.0)


def test_floats_beyond_full_scale_are_clipped(tmp_path: Path) -> None:
    recording = read_wav(write(tmp_path, riff(3, 32, encode("f32", np.array([2.0, -2.0, np.nan, np.inf])))))
    assert np.frombuffer(recording.pcm, "<i2").tolist() == [32767, -32768, 0, 32767]


def test_other_chunks_and_a_wrong_size_do_not_disturb(tmp_path: Path) -> None:
    data = riff(1, 16, encode("i16", TONE), before=b"LIST" + struct.pack("<I", 3) + b"abc\0")
    stopped_recorder = data.replace(b"data" + struct.pack("<I", 3_200), b"data" + b"\xff\xff\xff\xff") + b"\1"
    assert read_wav(write(tmp_path, data)) == read_wav(write(tmp_path, stopped_recorder))


LIST = b"LIST" + struct.pack("<I", 3) + b"abc\0"
TAGS = LIST + b"id3 " + struct.pack("<I", 6) + bytes(6)


CART = b"cart" + struct.pack("<I", 2) + b"ab" + b"acid" + struct.pack("<I", 1) + b"a\0" + b"FLLR" + struct.pack("<I", 0)


@pytest.mark.parametrize("after", [b"", LIST, TAGS, TAGS[:-6] + bytes(6), LIST[:-1], CART, CART + TAGS])
@pytest.mark.parametrize("size", [0, 3_200, 0xFFFFFFFF, 0x7FFFFFF0])
def test_audio_of_a_streamed_file_ends_where_other_chunks_or_the_file_do(tmp_path: Path, size: int, after: bytes) -> None:
    whole = riff(1, 16, encode("i16", TONE))
    streamed = whole.replace(b"data" + struct.pack("<I", 3_200), b"data" + struct.pack("<I", size)) + after
    assert read_wav(write(tmp_path, streamed)) == read_wav(write(tmp_path, whole))


def test_a_word_of_the_audio_that_looks_like_a_chunk_is_heard(tmp_path: Path) -> None:
    body = encode("i16", TONE[:800]) + LIST + encode("i16", TONE[:800])
    streamed = riff(1, 16, body).replace(b"data" + struct.pack("<I", len(body)), b"data\0\0\0\0")
    assert len(read_wav(write(tmp_path, streamed)).pcm) == len(body)


@pytest.mark.parametrize("cut", [1, 2, 3, 1_600])
def test_a_file_that_was_cut_is_read_as_far_as_it_goes(tmp_path: Path, cut: int) -> None:
    assert len(read_wav(write(tmp_path, riff(1, 16, encode("i16", TONE))[:-cut])).pcm) == (3_200 - cut) // 2 * 2


@pytest.mark.parametrize(
    ("data", "cure"),
    [
        (b"RF64\xff\xff\xff\xffWAVE", "RF64 file"),
        (riff(1, 16, b"") + LIST, "holds no audio"),
        (riff(1, 16, b"\1"), "holds no audio"),
    ],
)
def test_what_holds_no_audio_that_we_read_is_refused(tmp_path: Path, data: bytes, cure: str) -> None:
    with pytest.raises(InvalidAudioError, match=cure):
        read_wav(write(tmp_path, data))


@pytest.mark.parametrize(
    ("data", "cure"),
    [
        (b"", "no WAV file"),
        (b"OggS" + bytes(100), "no WAV file"),
        (b"RIFF\0\0\0\0WAVE", "header is damaged"),
        (b"RIFF\0\0\0\0WAVEdata\2\0\0\0\0\0", "header is damaged"),
        (b"RIFF\0\0\0\0WAVEfmt \2\0\0\0\1\0data\2\0\0\0\0\0", "header is damaged"),
        (riff(1, 16, b"\0\0", channels=0), "header is damaged"),
        (riff(7, 8, b"\0\0"), "mu-law is not supported"),
        (riff(1, 12, b"\0\0"), "12-bit encoding 1 is not supported"),
        (riff(1, 16, b""), "holds no audio"),
        (riff(1, 16, b"\0\0", rate_hz=4_000), "4000 Hz is not between"),
        (riff(1, 16, b"\0\0", rate_hz=16_001), "16001 Hz is unusual"),
        (riff(1, 8, bytes(int((MAX_WAV_S + 1) * 8_000)), rate_hz=8_000), "longer than 600 s"),
    ],
)
def test_what_cannot_be_read_names_the_file_and_the_cure(tmp_path: Path, data: bytes, cure: str) -> None:
    with pytest.raises(InvalidAudioError, match=cure) as failure:
        read_wav(write(tmp_path, data))
    assert "in.wav" in str(failure.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.wav"):
        with pytest.raises(InvalidAudioError, match="cannot read"):
            read_wav(path)


def test_an_enormous_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.truncate((512 << 20) + 1)
    with pytest.raises(InvalidAudioError, match="512 MiB"):
        read_wav(path)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_raise_our_error(data: bytes) -> None:
    with contextlib.suppress(InvalidAudioError):
        _decode(b"RIFF\0\0\0\0WAVEfmt " + data)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    pcm = encode("i16", TONE)
    write_wav(tmp_path / "out.wav", pcm, 24_000)
    recording = read_wav(tmp_path / "out.wav")
    assert (recording.pcm, recording.rate_hz) == (pcm, 24_000)


def test_stereo_has_the_caller_left_and_pads_the_shorter_side(tmp_path: Path) -> None:
    write_stereo_wav(tmp_path / "call.wav", b"\1\0\2\0", b"\3\0", 16_000)
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 16_000)
        assert file.readframes(9) == b"\1\0\3\0\2\0\0\0"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot write"):
        write_wav(tmp_path / "no" / "out.wav", b"", 16_000)
    with pytest.raises(InvalidAudioError, match="sample rate"):
        write_wav(tmp_path / "out.wav", b"", 44_100)
