"""Where a voice puts its audio, in bytes of any length: out of it come frames, the last of each segment marked.

How it works. A voice says what comes (`initialize`), pushes audio as its service sends it, and ends its input. Bytes of PCM are gathered
until there are 20 ms of them, cut at whole samples, and made frames of ``frame_size_ms`` at most. Frames go out at once but for their last
10 ms (`TAIL_MS`): these are held back until more comes or the segment ends, so that there is something left to be marked as the last. If a
flush has sent that too, the segment ends with 10 ms of silence; a segment of which nothing was sent ends without a frame.

In a stream there are segments, one after the other, each begun and ended by the voice; otherwise all is one. Words with their times go out
with the frame that comes next. Audio in another format than PCM is gathered whole, and decoded when its segment ends.

One emitter serves one attempt of a request: what was sent before it failed stays sent, and `pushed_duration` tells whether that was
anything, which decides whether the request may be made again. It waits for nothing, and holds less than 20 ms of PCM and the last 10 ms, or
one encoded segment. After `end_input` or `aclose` what is pushed is dropped.
"""

import importlib
import io
from dataclasses import dataclass
from typing import Any, Final

from livekitex_agent._exceptions import APIError
from livekitex_agent.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekitex_agent.utils import aio
from livekitex_agent.utils.audio import AudioResampler
from livekitex_agent.utils.audio_frame import AudioFrameLike, combine_audio_frames, new_frame
from protocols import BYTES_PER_SAMPLE

__all__ = ["AudioEmitter", "SynthesizedAudio"]

SHORTEST_MS: Final = 20
"""Less is held until more comes, or the segment is flushed."""
TAIL_MS: Final = 10
"""What is held back of each segment, so that its last frame can be marked as such."""


@dataclass
class SynthesizedAudio:
    """A piece of audio; ``is_final`` marks the last one of a segment."""

    frame: AudioFrameLike
    request_id: str
    is_final: bool = False
    segment_id: str = ""
    delta_text: str = ""


class AudioEmitter:
    """Takes audio by `push` and sends `SynthesizedAudio` into a channel; made for each attempt, `initialize` comes first.

    PCM16 is sent as it comes, from 20 ms on, at most ``frame_size_ms`` at once. Other formats are decoded when the segment ends: WAV
    always, the others where PyAV (``av``) is installed.
    """

    def __init__(self, *, label: str, dst_ch: aio.Chan[SynthesizedAudio]) -> None:
        self._label = label
        self._dst_ch = dst_ch
        self._durations: list[float] = []
        self._started = self._closed = False
        self._segment: str | None = None
        self._held = bytearray()
        self._tail: AudioFrameLike | None = None
        self._words: list[TimedString] = []

    def pushed_duration(self, idx: int = -1) -> float:
        """The seconds of audio of a segment that were sent, by default of the last; 0 of one that there is not."""
        return self._durations[idx] if -len(self._durations) <= idx < len(self._durations) else 0.0

    @property
    def num_segments(self) -> int:
        """How many segments were begun."""
        return len(self._durations)

    def initialize(
        self,
        *,
        request_id: str,
        sample_rate: int,
        num_channels: int,
        mime_type: str,
        frame_size_ms: int = 200,
        stream: bool = False,
    ) -> None:
        """Say what comes; without ``stream`` it is one segment.

        Raises:
            RuntimeError: it was said already.
        """
        if self._started:
            raise RuntimeError("AudioEmitter already started")
        self._started = True
        self._request_id = request_id or "unknown"
        self._sample_rate = sample_rate
        self._num_channels = num_channels
        kind = mime_type.lower().strip()
        self._encoded = kind if kind and not kind.startswith(("audio/pcm", "audio/raw")) else ""
        sample_bytes = num_channels * BYTES_PER_SAMPLE
        self._sample_bytes = sample_bytes
        self._shortest = sample_rate * SHORTEST_MS // 1000 * sample_bytes
        self._longest = max(self._shortest, sample_rate * frame_size_ms // 1000 * sample_bytes)
        self._streaming = stream
        if not stream:
            self._begin("")

    def start_segment(self, *, segment_id: str) -> None:
        """Begin a segment.

        Raises:
            RuntimeError: it is no stream, or the segment before has not ended.
        """
        self._require(streaming=True)
        self._begin(segment_id)

    def end_segment(self) -> None:
        """End the segment.

        Raises:
            RuntimeError: it is no stream.
        """
        self._require(streaming=True)
        self._end()

    def push(self, data: bytes) -> None:
        """Hand over audio, cut anywhere.

        Raises:
            RuntimeError: `initialize` or `start_segment` is missing.
        """
        if not self._takes_audio():
            return
        self._held += data
        if not self._encoded:
            self._send_held(self._shortest)

    def push_frame(self, frame: AudioFrameLike) -> None:
        """Hand over a frame as it is.

        Raises:
            RuntimeError: `initialize` or `start_segment` is missing.
        """
        if self._takes_audio():
            self._send(frame)

    def push_timed_transcript(self, delta_text: TimedString | list[TimedString]) -> None:
        """Say when words are said; they go with the next frame."""
        self._require()
        self._words += [delta_text] if isinstance(delta_text, TimedString) else delta_text

    def flush(self) -> None:
        """Send what is held."""
        self._require()
        if self._segment is None or self._closed:
            return
        if not self._encoded:
            self._send_held(self._sample_bytes)
        if self._tail is not None:
            self._deliver(self._tail, is_final=False)
            self._tail = None

    def end_input(self) -> None:
        """Nothing more comes."""
        self._require()
        self._end()
        self._closed = True

    async def join(self) -> None:
        """Return once all was sent: that is so."""
        self._require()

    async def aclose(self) -> None:
        """Send nothing more."""
        self._closed = True

    def _note_provider_request_id(self, context_id: str) -> None:
        """LiveKit's; its traces tell it."""

    def _require(self, *, streaming: bool = False) -> None:
        if not self._started:
            raise RuntimeError("AudioEmitter isn't started")
        if streaming and not self._streaming:
            raise RuntimeError("segments are for streams: call initialize(stream=True)")

    def _takes_audio(self) -> bool:
        self._require()
        if self._segment is None and not self._closed:
            raise RuntimeError("start_segment() must be called before pushing audio data")
        return not self._closed

    def _begin(self, segment_id: str) -> None:
        if self._closed:
            return
        if self._segment is not None:
            raise RuntimeError("start_segment() called before the previous segment was ended")
        self._segment = segment_id
        self._durations.append(0.0)

    def _end(self) -> None:
        if self._segment is None or self._closed:
            return
        if self._encoded and self._held:
            for frame in _decoded(bytes(self._held), self._encoded, self._sample_rate):
                self._send(frame)
            self._held.clear()
        self._send_held(self._sample_bytes)
        last = self._tail
        if last is None and self.pushed_duration() > 0:
            silence = bytes(self._sample_rate * TAIL_MS // 1000 * self._sample_bytes)
            last = new_frame(silence, self._sample_rate, self._num_channels)
        if last is not None:
            self._deliver(last, is_final=True)
        self._held.clear()
        self._segment = self._tail = None

    def _send_held(self, least: int) -> None:
        while len(self._held) >= least:
            size = min(len(self._held) // self._sample_bytes * self._sample_bytes, self._longest)
            self._send(new_frame(bytes(self._held[:size]), self._sample_rate, self._num_channels))
            del self._held[:size]

    def _send(self, frame: AudioFrameLike) -> None:
        """Send ``frame`` but for its last 10 ms, with those of the frame before."""
        frame = frame if self._tail is None else combine_audio_frames([self._tail, frame])
        head = (frame.samples_per_channel - frame.sample_rate * TAIL_MS // 1000) * frame.num_channels
        self._tail = frame
        if head > 0:
            self._tail = new_frame(frame.data[head:].tobytes(), frame.sample_rate, frame.num_channels)
            self._deliver(new_frame(frame.data[:head].tobytes(), frame.sample_rate, frame.num_channels), is_final=False)

    def _deliver(self, frame: AudioFrameLike, *, is_final: bool) -> None:
        frame.userdata[USERDATA_TIMED_TRANSCRIPT], self._words = self._words, []
        self._durations[-1] += frame.duration
        self._dst_ch.send_nowait(
            SynthesizedAudio(frame=frame, request_id=self._request_id, is_final=is_final, segment_id=self._segment or "")
        )


def _decoded(data: bytes, mime_type: str, rate: int) -> list[AudioFrameLike]:
    """The frames of a whole encoded file, at ``rate``, mono.

    Raises:
        APIError: it cannot be decoded, or PyAV is not installed for what is no WAV.
    """
    try:
        decoder: Any = importlib.import_module("av")
    except ImportError:
        if "wav" not in mime_type:
            raise APIError(
                f"audio of the type {mime_type} needs PyAV: pip install av, or let the voice give PCM", retryable=False
            ) from None
        return _decoded_wav(data, rate)
    try:
        with decoder.open(io.BytesIO(data)) as container:
            resampler = decoder.AudioResampler(format="s16", layout="mono", rate=rate)
            resampled = [each for frame in container.decode(audio=0) for each in resampler.resample(frame)]
            return [new_frame(each.to_ndarray().tobytes(), rate) for each in (*resampled, *resampler.resample(None))]
    except decoder.FFmpegError as failure:
        raise APIError(f"audio of the type {mime_type} cannot be decoded: {failure}") from failure


def _decoded_wav(data: bytes, rate: int) -> list[AudioFrameLike]:
    import wave

    try:
        with wave.open(io.BytesIO(data), "rb") as read:
            frame = new_frame(read.readframes(read.getnframes()), read.getframerate(), read.getnchannels())
    except (wave.Error, EOFError) as failure:
        raise APIError(f"the audio is no WAV file: {failure!r}") from failure
    if (frame.sample_rate, frame.num_channels) == (rate, 1):
        return [frame]
    resampler = AudioResampler(frame.sample_rate, rate)
    return [*resampler.push(frame), *resampler.flush()]
