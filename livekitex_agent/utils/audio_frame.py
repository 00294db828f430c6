"""A piece of audio, as LiveKit's rtc SDK has it: of its class where the program uses that SDK, else of one like it.

Importing the SDK takes half a second and native libraries, so it is not imported for its frames alone. Both classes have the same
constructor and attributes, so nothing here asks which one a frame is.
"""

import io
import sys
import wave
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from protocols import BYTES_PER_SAMPLE

__all__ = ["AudioFrame", "AudioFrameLike", "combine_audio_frames", "mono", "new_frame"]


class AudioFrameLike(Protocol):
    """What is asked of a frame, whose ever class it is of."""

    @property
    def data(self) -> memoryview:
        """Its samples, as signed 16-bit integers, channels interleaved."""
        ...

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        ...

    @property
    def num_channels(self) -> int:
        """1 for mono."""
        ...

    @property
    def samples_per_channel(self) -> int:
        """How many samples each channel has."""
        ...

    @property
    def duration(self) -> float:
        """In seconds."""
        ...

    @property
    def userdata(self) -> dict[str, Any]:
        """What programs attach to it."""
        ...


class AudioFrame:
    """PCM16 audio, as ``livekit.rtc.AudioFrame``.

    Raises:
        ValueError: ``data`` is shorter than its samples, or ends in half of one.
    """

    def __init__(
        self,
        data: bytes | bytearray | memoryview,
        sample_rate: int,
        num_channels: int,
        samples_per_channel: int,
        *,
        userdata: dict[str, Any] | None = None,
    ) -> None:
        self._data = bytearray(memoryview(data).cast("B"))
        if len(self._data) < num_channels * samples_per_channel * BYTES_PER_SAMPLE:
            raise ValueError("data length must be >= num_channels * samples_per_channel * sizeof(int16)")
        if len(self._data) % BYTES_PER_SAMPLE:
            raise ValueError("data length must be a multiple of sizeof(int16)")
        self._sample_rate = sample_rate
        self._num_channels = num_channels
        self._samples_per_channel = samples_per_channel
        self._userdata = {} if userdata is None else userdata

    @staticmethod
    def create(sample_rate: int, num_channels: int, samples_per_channel: int) -> "AudioFrame":
        """Silence."""
        return AudioFrame(bytearray(num_channels * samples_per_channel * BYTES_PER_SAMPLE), sample_rate, num_channels, samples_per_channel)

    @property
    def data(self) -> memoryview:
        """Its samples, as signed 16-bit integers, channels interleaved."""
        return memoryview(self._data).cast("h")

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self._sample_rate

    @property
    def num_channels(self) -> int:
        """1 for mono."""
        return self._num_channels

    @property
    def samples_per_channel(self) -> int:
        """How many samples each channel has."""
        return self._samples_per_channel

    @property
    def duration(self) -> float:
        """In seconds."""
        return self._samples_per_channel / self._sample_rate

    @property
    def userdata(self) -> dict[str, Any]:
        """What programs attach to it."""
        return self._userdata

    def to_wav_bytes(self) -> bytes:
        """The audio as a WAV file."""
        with io.BytesIO() as file:
            with wave.open(file, "wb") as written:
                written.setnchannels(self._num_channels)
                written.setsampwidth(BYTES_PER_SAMPLE)
                written.setframerate(self._sample_rate)
                written.writeframes(self._data)
            return file.getvalue()

    def __repr__(self) -> str:
        return f"AudioFrame(sample_rate={self.sample_rate}, num_channels={self.num_channels}, duration={self.duration:.3f})"


def new_frame(data: bytes | bytearray | memoryview, sample_rate: int, num_channels: int = 1) -> AudioFrameLike:
    """All of ``data`` as a frame: of the rtc SDK's class if that is loaded, else of ours."""
    made: Any = getattr(sys.modules.get("livekit.rtc"), "AudioFrame", AudioFrame)
    frame: AudioFrameLike = made(data, sample_rate, num_channels, len(memoryview(data).cast("B")) // (BYTES_PER_SAMPLE * num_channels))
    return frame


def combine_audio_frames(buffer: AudioFrameLike | Sequence[AudioFrameLike]) -> AudioFrameLike:
    """The frames as one.

    Raises:
        ValueError: there is none, or they differ in rate or channels.
    """
    frames = buffer if isinstance(buffer, Sequence) else [buffer]
    if not frames:
        raise ValueError("buffer is empty")
    first = frames[0]
    if any((frame.sample_rate, frame.num_channels) != (first.sample_rate, first.num_channels) for frame in frames):
        raise ValueError("sample rates or numbers of channels differ between the frames")
    return (
        first if len(frames) == 1 else new_frame(b"".join(frame.data.tobytes() for frame in frames), first.sample_rate, first.num_channels)
    )


def mono(frame: AudioFrameLike) -> bytes:
    """The samples of ``frame`` as PCM16 of one channel: several are averaged."""
    size = frame.samples_per_channel * frame.num_channels
    samples = np.frombuffer(frame.data, dtype="<i2")[:size]
    if frame.num_channels == 1:
        return bytes(samples.tobytes())
    return bytes(samples.reshape(-1, frame.num_channels).mean(axis=1).astype("<i2").tobytes())
