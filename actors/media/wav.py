"""WAV files in and out.

Reading takes what people have (integer PCM of 8 to 32 bits or floats, any number of channels, any usual rate) and gives PCM16 mono
at a supported rate. Whatever cannot be read is an `InvalidAudioError` that names the cure.
"""

import re
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from actors.media.resampler import HIGHEST_HZ, resample
from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ, SUPPORTED_RATES_HZ, ConfigurationError, InvalidAudioError, require_rate

MAX_WAV_S: Final = 600.0
"""Longest file in seconds that is read."""
_MAX_WAV_BYTES: Final = 512 << 20
_LOWEST_HZ: Final = 8_000
_CURE: Final = "convert it with: ffmpeg -i IN -ar 16000 -ac 1 -c:a pcm_s16le OUT.wav"
_INTEGER, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_CODECS: Final = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 85: "MP3"}
_FOLLOWING: Final = re.compile(
    rb"(?:LIST|[iI][dD]3 |bext|cue |plst|smpl|fact|JUNK|junk|FLLR|PAD |PEAK|iXML|axml|chna|cart|acid|DISP|levl|umid|_PMX|XMP |afsp|inst)"
    rb"(?=.{4})",
    re.DOTALL,
)
_MAX_FOLLOWING: Final = 16
_FORMAT: Final = struct.Struct("<HHIIHH")
_EXTENSION_BYTES: Final = 26  # of a format chunk that also holds the real format tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """PCM16 mono at ``rate_hz``, one of the supported rates."""

    pcm: bytes
    rate_hz: int

    @property
    def duration_s(self) -> float:
        """The length in seconds."""
        return len(self.pcm) / BYTES_PER_SAMPLE / self.rate_hz


@dataclass(frozen=True, slots=True, kw_only=True)
class _Format:
    tag: int
    channels: int
    rate_hz: int
    bits: int


def read_wav(path: Path) -> Recording:
    """The speech in the file ``path``: channels averaged, rates other than the supported ones converted to 16 kHz.

    Raises:
        InvalidAudioError: the file is missing, unreadable, no WAV, compressed, empty, longer than `MAX_WAV_S`, or of an unusual rate.
    """
    try:
        if path.stat().st_size > _MAX_WAV_BYTES:
            raise InvalidAudioError(f"{path} has more than {_MAX_WAV_BYTES >> 20} MiB: cut it")
        data = path.read_bytes()
    except OSError as failure:
        raise InvalidAudioError(f"cannot read {path}: {failure.strerror or failure}; give the path of a readable WAV file") from failure
    try:
        return _decode(data)
    except InvalidAudioError as failure:
        raise InvalidAudioError(f"{path}: {failure}") from failure


def write_wav(path: Path, pcm: bytes, rate_hz: int) -> None:
    """Write PCM16 mono; an existing file is replaced.

    Raises:
        InvalidAudioError: an unsupported rate.
        ConfigurationError: the file cannot be written.
    """
    _write(path, pcm, rate_hz, channels=1)


def write_stereo_wav(path: Path, caller: bytes, agent: bytes, rate_hz: int) -> None:
    """Write the two sides of a call, PCM16 each: the caller left, the agent right; the shorter one ends in silence.

    Raises:
        InvalidAudioError: an unsupported rate.
        ConfigurationError: the file cannot be written.
    """
    length = max(len(caller), len(agent))
    sides = [np.frombuffer(side.ljust(length, b"\0"), "<i2") for side in (caller, agent)]
    _write(path, np.stack(sides, axis=1).tobytes(), rate_hz, channels=2)


def _write(path: Path, frames: bytes, rate_hz: int, *, channels: int) -> None:
    require_rate(rate_hz)
    try:
        with path.open("wb") as file, wave.open(file, "wb") as out:
            out.setnchannels(channels)
            out.setsampwidth(BYTES_PER_SAMPLE)
            out.setframerate(rate_hz)
            out.writeframes(frames)
    except OSError as failure:
        raise ConfigurationError(f"cannot write {path}: {failure.strerror or failure}; choose another file") from failure


def _decode(data: bytes) -> Recording:
    form, audio = _find_chunks(data)
    samples = _samples(form, audio)
    if not len(samples):
        raise InvalidAudioError("it holds no audio: record it again")
    if len(samples) > MAX_WAV_S * form.rate_hz:
        raise InvalidAudioError(f"it is longer than {MAX_WAV_S:g} s: cut it")
    pcm = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()
    if form.rate_hz in SUPPORTED_RATES_HZ:
        return Recording(pcm=pcm, rate_hz=form.rate_hz)
    try:
        return Recording(pcm=resample(pcm, form.rate_hz, SESSION_RATE_HZ), rate_hz=SESSION_RATE_HZ)
    except InvalidAudioError as failure:
        raise InvalidAudioError(f"its sample rate {form.rate_hz} Hz is unusual: {_CURE}") from failure


def _find_chunks(data: bytes) -> tuple[_Format, bytes]:
    if data[:4] == b"RF64" and data[8:12] == b"WAVE":
        raise InvalidAudioError(f"it is an RF64 file, which is for more than 4 GiB: {_CURE}")
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise InvalidAudioError(f"it is no WAV file: {_CURE}")
    form: _Format | None = None
    for name, body in _chunks(data):
        if name == b"fmt ":
            form = _read_format(body)
        elif name == b"data":
            if form is None:
                break
            return form, body
    raise InvalidAudioError(f"its header is damaged: {_CURE}")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks in their order. A size beyond the file's end (a recorder that was stopped) means: all that there is.

    So does the size 0 of a data chunk that no chunk follows: who writes to a pipe cannot go back and set it.
    """
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"data" and (at + 8 + size > len(data) or (not size and not _chunks_follow(data, at + 8))):
            size = _end_of_audio(data, at + 8) - at - 8
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _end_of_audio(data: bytes, start: int) -> int:
    """Where audio of unknown length that begins at ``start`` ends: before the chunks that follow it to the file's end, if any do."""
    followers = (found.start() for found in _FOLLOWING.finditer(data, start))
    return next((at for at in followers if (at - start) % 2 == 0 and _chunks_follow(data, at)), len(data))


def _chunks_follow(data: bytes, at: int) -> bool:
    """Whether nothing but chunks that are known to follow audio, at most `_MAX_FOLLOWING`, stands between ``at`` and the file's end."""
    for _ in range(_MAX_FOLLOWING):
        if not _FOLLOWING.match(data, at):
            return False
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
        if at >= len(data):
            return at - size % 2 <= len(data)
    return False


def _read_format(body: bytes) -> _Format:
    if len(body) < _FORMAT.size:
        raise InvalidAudioError(f"its header is damaged: {_CURE}")
    tag, channels, rate_hz, _, _, bits = _FORMAT.unpack_from(body)
    if tag == _EXTENSIBLE and len(body) >= _EXTENSION_BYTES:
        tag = int.from_bytes(body[24:26], "little")
    if (tag, bits) not in {(_INTEGER, 8), (_INTEGER, 16), (_INTEGER, 24), (_INTEGER, 32), (_FLOAT, 32), (_FLOAT, 64)}:
        codec = _CODECS.get(tag, f"{bits}-bit encoding {tag}")
        raise InvalidAudioError(f"its {codec} is not supported: {_CURE}")
    if not channels:
        raise InvalidAudioError(f"its header is damaged: {_CURE}")
    if not _LOWEST_HZ <= rate_hz <= HIGHEST_HZ:
        raise InvalidAudioError(f"its sample rate {rate_hz} Hz is not between {_LOWEST_HZ} and {HIGHEST_HZ}: {_CURE}")
    return _Format(tag=tag, channels=channels, rate_hz=rate_hz, bits=bits)


def _samples(form: _Format, audio: bytes) -> NDArray[np.float64]:
    """The mean of all channels, full scale being one; an incomplete last frame is left out."""
    width = form.bits // 8
    audio = audio[: len(audio) - len(audio) % (width * form.channels)]
    if form.tag == _FLOAT:
        values = np.nan_to_num(np.frombuffer(audio, f"<f{width}").astype(np.float64), posinf=1.0, neginf=-1.0)
    elif width == 1:  # the only unsigned one
        values = np.frombuffer(audio, np.uint8) / 128.0 - 1.0
    elif width == 3:  # noqa: PLR2004 - numpy knows no 24-bit integer: fill it up from below
        wide = np.zeros((len(audio) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(audio, np.uint8).reshape(-1, 3)
        values = wide.reshape(-1).view("<i4") / 2.0**31
    else:
        values = np.frombuffer(audio, f"<i{width}") / 2.0 ** (form.bits - 1)
    return np.asarray(values.reshape(-1, form.channels).mean(axis=1), np.float64)
