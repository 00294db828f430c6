"""Audio in frames: cut, joined, silent, at another rate."""

import io
import wave
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final, TypeAlias

from actors import Resampler
from livekitex_agent.utils.audio_frame import AudioFrame, AudioFrameLike, combine_audio_frames, mono, new_frame
from protocols import BYTES_PER_SAMPLE

__all__ = [
    "AudioBuffer",
    "AudioByteStream",
    "AudioFrame",
    "AudioResampler",
    "audio_frames_from_file",
    "calculate_audio_duration",
    "combine_frames",
    "merge_frames",
    "silence_frame",
    "silence_frame_like",
]

AudioBuffer: TypeAlias = list[AudioFrameLike] | AudioFrameLike

combine_frames: Final = combine_audio_frames
merge_frames: Final = combine_audio_frames

FIRST_FRAME_MS: Final = 20
"""Of a progressive `AudioByteStream`."""


def silence_frame(duration: float, sample_rate: int, num_channels: int = 1) -> AudioFrameLike:
    """Silence of ``duration`` seconds."""
    return new_frame(bytes(int(duration * sample_rate) * num_channels * BYTES_PER_SAMPLE), sample_rate, num_channels)


def silence_frame_like(frame: AudioFrameLike) -> AudioFrameLike:
    """Silence as long as ``frame``, at its rate."""
    return new_frame(bytes(frame.samples_per_channel * frame.num_channels * BYTES_PER_SAMPLE), frame.sample_rate, frame.num_channels)


def calculate_audio_duration(frames: AudioBuffer) -> float:
    """The length of all ``frames`` in seconds."""
    return sum(frame.duration for frame in frames) if isinstance(frames, list) else frames.duration


class AudioByteStream:
    """Cuts bytes into frames of ``samples_per_channel`` (by default 100 ms).

    ``progressive`` begins with 20 ms and doubles from frame to frame up to that, so that the first audio comes early.
    """

    def __init__(self, sample_rate: int, num_channels: int, samples_per_channel: int | None = None, progressive: bool = False) -> None:  # noqa: FBT001, FBT002 - LiveKit's
        self._sample_rate = sample_rate
        self._num_channels = num_channels
        sample_bytes = num_channels * BYTES_PER_SAMPLE
        self._target = (samples_per_channel or sample_rate // 10) * sample_bytes
        self._first = min(sample_rate * FIRST_FRAME_MS // 1000 * sample_bytes, self._target) if progressive else self._target
        self._size = self._first
        self._held = bytearray()

    def push(self, data: bytes | memoryview) -> list[AudioFrameLike]:
        """The frames that ``data`` makes whole."""
        self._held += data
        frames = []
        while len(self._held) >= self._size:
            frames.append(new_frame(bytes(self._held[: self._size]), self._sample_rate, self._num_channels))
            del self._held[: self._size]
            self._size = min(self._size * 2, self._target)
        return frames

    write = push

    def flush(self) -> list[AudioFrameLike]:
        """What is left, as a shorter frame; less than a sample is dropped."""
        sample_bytes = self._num_channels * BYTES_PER_SAMPLE
        rest = bytes(self._held[: len(self._held) // sample_bytes * sample_bytes])
        self.clear()
        return [new_frame(rest, self._sample_rate, self._num_channels)] if rest else []

    def clear(self) -> None:
        """Forget what is left."""
        self._held.clear()
        self._size = self._first


class AudioResampler:
    """Brings a stream of frames to ``output_rate``; several channels become one."""

    def __init__(self, input_rate: int, output_rate: int) -> None:
        self._resampler = Resampler(input_rate, output_rate)
        self._output_rate = output_rate

    def push(self, frame: AudioFrameLike) -> list[AudioFrameLike]:
        """What is certain after ``frame``."""
        return self._frames(self._resampler.process(mono(frame)))

    def flush(self) -> list[AudioFrameLike]:
        """What was held back; the next frame begins a new stream."""
        return self._frames(self._resampler.flush())

    def _frames(self, pcm: bytes) -> list[AudioFrameLike]:
        return [new_frame(pcm, self._output_rate)] if pcm else []


async def audio_frames_from_file(file_path: str, sample_rate: int = 48_000, num_channels: int = 1) -> AsyncGenerator[AudioFrameLike, None]:
    """The audio of a WAV file of 16 bits, in frames of 100 ms at ``sample_rate``; the result is mono.

    Raises:
        ValueError: it is no such file, or more than one channel is asked for.
    """
    if num_channels != 1:
        raise ValueError(f"num_channels={num_channels}: audio is mono here")
    try:
        with wave.open(io.BytesIO(Path(file_path).read_bytes()), "rb") as read:  # noqa: ASYNC240 - a short file, before a call
            if read.getsampwidth() != BYTES_PER_SAMPLE:
                raise ValueError(f"{file_path}: give a WAV file of 16 bits")
            rate, channels, pcm = read.getframerate(), read.getnchannels(), read.readframes(read.getnframes())
    except (wave.Error, EOFError) as failure:
        raise ValueError(f"{file_path} is no WAV file ({failure!r}): convert it, for example with ffmpeg") from failure
    resampler, cut = AudioResampler(rate, sample_rate), AudioByteStream(sample_rate, 1)
    for piece in (*resampler.push(new_frame(pcm, rate, channels)), *resampler.flush()):
        for frame in cut.push(piece.data.tobytes()):
            yield frame
    for frame in cut.flush():
        yield frame
