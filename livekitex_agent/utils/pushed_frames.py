"""The input of a stream of audio, as LiveKit's recognisers and detectors have it."""

from typing import Any

from livekitex_agent.utils import aio
from livekitex_agent.utils.audio import AudioResampler
from livekitex_agent.utils.audio_frame import AudioFrameLike

__all__ = ["FrameFlush", "FrameInput"]


class FrameFlush:
    """In a stream's input: the segment ends here."""


class FrameInput:
    """Frames go into ``_input_ch``, and `FrameFlush` where a segment ends; with ``_needed_sr``, at that rate."""

    _FlushSentinel = FrameFlush
    _input_ch: aio.Chan[AudioFrameLike | FrameFlush]
    _event_ch: aio.Chan[Any]
    _needed_sr: int | None = None
    _pushed_sr: int = 0
    _resampler: AudioResampler | None = None

    def push_frame(self, frame: AudioFrameLike) -> None:
        """Hand over the next piece of audio.

        Raises:
            RuntimeError: the stream is closed, or its input has ended.
            ValueError: another rate than that of the frames before.
        """
        self._require_open()
        if self._pushed_sr and self._pushed_sr != frame.sample_rate:
            raise ValueError("the sample rate of the input frames must be consistent")
        self._pushed_sr = frame.sample_rate
        if self._needed_sr and self._needed_sr != frame.sample_rate and self._resampler is None:
            self._resampler = AudioResampler(frame.sample_rate, self._needed_sr)
        for each in [frame] if self._resampler is None else self._resampler.push(frame):
            self._input_ch.send_nowait(each)

    def flush(self) -> None:
        """The segment ends here.

        Raises:
            RuntimeError: the stream is closed, or its input has ended.
        """
        self._require_open()
        for each in [] if self._resampler is None else self._resampler.flush():
            self._input_ch.send_nowait(each)
        self._input_ch.send_nowait(self._FlushSentinel())

    def end_input(self) -> None:
        """Nothing more is pushed.

        Raises:
            RuntimeError: the stream is closed, or its input has ended.
        """
        self.flush()
        self._input_ch.close()

    def _require_open(self) -> None:
        for channel, state in ((self._input_ch, "input ended"), (self._event_ch, "is closed")):
            if channel.closed:
                raise RuntimeError(f"{type(self).__module__}.{type(self).__name__} {state}")
