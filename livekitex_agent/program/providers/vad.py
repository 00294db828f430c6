"""A detector of LiveKit's classes as the session's.

Theirs answers later, on the program loop; the session's is asked on the media loop and does not wait. So `push` gives what has come since
the last one, with the times of the audio that it is of: as late as the program loop is.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from livekitex_agent.program.providers.adapter import Adapter
from livekitex_agent.program.providers.audio import frame_of
from livekitex_agent.program.providers.failures import provider_error
from protocols import (
    SESSION_RATE_HZ,
    VAD,
    AudioChunk,
    InvalidAudioError,
    ProviderError,
    VADCapabilities,
    VADEvent,
    VADStream,
    VoiceActivity,
    VoiceEnded,
    VoiceStarted,
)

__all__ = ["DetectedVoice", "VADAdapter"]

MAX_BEHIND_S: Final = 5.0
"""Audio that waits to be judged; with more the detector has failed."""


class VADAdapter(Adapter, VAD):
    """A detector of voice activity."""

    @property
    def capabilities(self) -> VADCapabilities:
        """What it says of itself, at the session's rate."""
        return VADCapabilities(rate_hz=SESSION_RATE_HZ, frame_ms=max(1, round(self.provider.capabilities.update_interval * 1000)))

    def stream(self, *, start_ms: int = 0) -> VADStream:
        """A new stream."""
        return AdaptedVADStream(self, start_ms)


class AdaptedVADStream(VADStream):
    """A detector on one stream of audio."""

    def __init__(self, adapter: VADAdapter, start_ms: int) -> None:
        self._adapter = adapter
        self._begin(start_ms)

    def push(self, audio: AudioChunk) -> tuple[VADEvent, ...]:
        """What was judged since the last piece."""
        if audio.rate_hz != SESSION_RATE_HZ:
            raise InvalidAudioError(f"{self._adapter.label} is given {SESSION_RATE_HZ} Hz, not {audio.rate_hz}: resample before")
        there = self._there
        if there.failure is not None:
            raise provider_error(self._adapter.label, there.failure)
        self._pushed_s += audio.duration_s
        if self._pushed_s - there.judged_s > MAX_BEHIND_S and self._pushed_s - there.taken_s > MAX_BEHIND_S:
            raise ProviderError(f"{self._adapter.label}: {MAX_BEHIND_S:g} s of audio wait to be judged: it is too slow", retryable=True)
        frame = frame_of(self._adapter._family, audio.pcm, SESSION_RATE_HZ)
        self._adapter._post(lambda: there.push(frame))
        return self._take()

    def flush(self) -> tuple[VADEvent, ...]:
        """The end of the speech that goes on, as far as it was judged."""
        return (*self._take(), *self._voice.finish())

    def reset(self, *, start_ms: int = 0) -> None:
        """Forget the stream; the next piece begins a new one."""
        self._adapter._post(self._there.close)
        self._begin(start_ms)

    def __del__(self) -> None:
        self._adapter._post(self._there.close)

    def _begin(self, start_ms: int) -> None:
        self._there = _There(self._adapter.provider.stream)
        self._voice = DetectedVoice(start_ms)
        self._pushed_s = 0.0
        self._adapter._post(self._there.open)

    def _take(self) -> tuple[VADEvent, ...]:
        events: list[VADEvent] = []
        while self._there.told:
            events += self._voice.read(self._there.told.popleft())
        return tuple(events)


class _There:
    """The stream on its own loop; ``told`` is read by another thread, from the other end."""

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._stream_of = begin
        self._stream: Any = None
        self._reading: asyncio.Task[None] | None = None
        self.told: deque[Any] = deque()
        self.taken_s = self.judged_s = 0.0
        self.failure: Exception | None = None

    def open(self) -> None:
        try:
            self._stream = self._stream_of()
            self._reading = asyncio.get_running_loop().create_task(self._read())
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: it is raised where audio is pushed
            self.failure = failure

    def push(self, frame: Any) -> None:  # noqa: ANN401 - of either family
        self.taken_s += frame.duration
        if self._stream is not None and self.failure is None:
            try:
                self._stream.push_frame(frame)
            except Exception as failure:  # noqa: BLE001 - the same
                self.failure = failure

    def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self) -> None:
        try:
            async for event in self._stream:
                self.judged_s = max(self.judged_s, event.timestamp)
                self.told.append(event)
        except Exception as failure:  # noqa: BLE001 - the same
            self.failure = failure
        finally:
            await self._stream.aclose()


class DetectedVoice:
    """Reads what a detector of theirs tells; pure. The stream begins at ``start_ms``.

    Beginnings and ends are told in turn, and behind a judgement of their own time, whatever the detector does.
    """

    def __init__(self, start_ms: int) -> None:
        self._start_ms = start_ms
        self._at_ms = start_ms
        self._voice_start: int | None = None
        self._voice_end = start_ms
        self._last_end = start_ms

    def read(self, event: Any) -> list[VADEvent]:  # noqa: ANN401 - VADEvent of either family
        """The session's events of ``event``."""
        at_ms = max(self._at_ms, self._start_ms + round(event.timestamp * 1000))
        told: list[VADEvent] = []
        kind = event.type.value
        if kind == "inference_done" or at_ms > self._at_ms:
            told.append(self._judged(event, at_ms))
        self._at_ms = at_ms
        if kind == "start_of_speech" and self._voice_start is None:
            start = at_ms - round(event.speech_duration * 1000)
            self._voice_start = min(at_ms, max(self._last_end, start))
            self._voice_end = at_ms
            told.append(VoiceStarted(at_ms=at_ms, start_ms=self._voice_start))
        elif kind == "end_of_speech" and self._voice_start is not None:
            told.append(self._end(at_ms - round(event.silence_duration * 1000)))
        return told

    def finish(self) -> tuple[VADEvent, ...]:
        """The end of the speech that goes on, if any."""
        return () if self._voice_start is None else (self._end(self._voice_end),)

    def _judged(self, event: Any, at_ms: int) -> VoiceActivity:  # noqa: ANN401 - VADEvent of either family
        speaking = self._voice_start is not None
        silent_ms = round(max(event.raw_accumulated_silence, event.silence_duration if speaking else 0.0) * 1000)
        voiced_ms = round(max(event.raw_accumulated_speech, event.speech_duration if speaking else 0.0) * 1000)
        if speaking:
            self._voice_end = max(self._voice_end, at_ms - silent_ms)
        probability = min(max(float(event.probability), 0.0), 1.0)
        return VoiceActivity(at_ms=at_ms, probability=probability, voiced_ms=voiced_ms, silent_ms=silent_ms, speaking=speaking)

    def _end(self, end_ms: int) -> VoiceEnded:
        start = self._voice_start or 0
        self._last_end = min(self._at_ms, max(start, end_ms))
        self._voice_start = None
        return VoiceEnded(at_ms=self._at_ms, start_ms=start, end_ms=self._last_end)
