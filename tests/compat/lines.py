"""The caller's microphone and loudspeaker, and what reads from the agent's text: the same for both packages, in real time."""

import asyncio
import time

from fakes import audio_frame
from livekit import rtc
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities, TextOutput


class Microphone(AudioInput):
    """Frames of 20 ms, at their time: silence, or the utterance whose level is set."""

    def __init__(self) -> None:
        super().__init__(label="the caller's microphone")
        self.level = 0
        self._next: float | None = None

    async def __anext__(self) -> rtc.AudioFrame:
        now = time.perf_counter()
        self._next = now if self._next is None else self._next + 0.02
        if self._next > now:
            await asyncio.sleep(self._next - now)
        return audio_frame(self.level)

    async def speak(self, level: int, seconds: float) -> None:
        self.level = level
        await asyncio.sleep(seconds)
        self.level = 0


class Loudspeaker(AudioOutput):
    """Plays in real time; it can be paused and cleared."""

    def __init__(self) -> None:
        super().__init__(
            label="the caller's loudspeaker", sample_rate=None, next_in_chain=None, capabilities=AudioOutputCapabilities(pause=True)
        )
        self._reset()

    def _reset(self) -> None:
        self._pushed = 0.0
        self._flushed = False
        self._started: float | None = None
        self._paused: float | None = None
        self._paused_for = 0.0
        self._end: asyncio.TimerHandle | None = None

    def _played(self) -> float:
        if self._started is None:
            return 0.0
        return min(self._pushed, (self._paused or time.time()) - self._started - self._paused_for)

    def _begin(self) -> None:
        if self._started is None and self._pushed and self._paused is None:
            self._started = time.time()
            self.on_playback_started(created_at=self._started)

    def _end_when_played(self) -> None:
        if self._end is not None:
            self._end.cancel()
        if self._paused is None and self._flushed:
            self._end = asyncio.get_running_loop().call_later(max(0.0, self._pushed - self._played()), self._finish, False)

    def _finish(self, interrupted: bool) -> None:
        position = self._played() if interrupted else self._pushed
        if self._end is not None:
            self._end.cancel()
        self._reset()
        self.on_playback_finished(playback_position=position, interrupted=interrupted, synchronized_transcript=None)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self._pushed += frame.duration
        self._begin()

    def flush(self) -> None:
        super().flush()
        if self._pushed:
            self._flushed = True
            self._end_when_played()

    def clear_buffer(self) -> None:
        if self._pushed:
            self._finish(True)

    def pause(self) -> None:
        super().pause()
        self._paused = self._paused or time.time()
        if self._end is not None:
            self._end.cancel()

    def resume(self) -> None:
        super().resume()
        if self._paused is not None:
            if self._started is not None:
                self._paused_for += time.time() - self._paused
            self._paused = None
            self._begin()
            self._end_when_played()


class Screen(TextOutput):
    """What the agent says, as text: whole segments."""

    def __init__(self) -> None:
        super().__init__(label="the caller's screen", next_in_chain=None)
        self.lines: list[str] = []
        self._line = ""

    async def capture_text(self, text: str) -> None:
        self._line += text

    def flush(self) -> None:
        if self._line:
            self.lines.append(self._line)
        self._line = ""
