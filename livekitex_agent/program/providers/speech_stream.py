"""A stream of a recogniser of LiveKit's classes as the session's.

Theirs answer no flush: that all of the audio before it is final is taken from what they tell. `FlushWait` decides it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from livekitex_agent.program.providers.adapted_stream import AdaptedStream, Iterate, Post
from livekitex_agent.program.providers.transcripts import transcript_of
from protocols import (
    BYTES_PER_SAMPLE,
    MAX_BUFFERED_S,
    AudioChunk,
    FinalTranscript,
    InterimTranscript,
    InvalidAudioError,
    PreflightTranscript,
    ProviderError,
    RecognitionUsage,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
    SpeechStream,
    TranscriptFlushed,
)

__all__ = ["AdaptedSpeechStream", "FlushWait"]

FRAME_S: Final = 0.05
"""Their frames are no longer, as in LiveKit's: some recognisers judge each as a whole, and much comes at a time after a death."""
SETTLED_S: Final = 0.2
"""After a flush without an event, if what was heard is final already."""
PATIENCE_S: Final = 1.0
"""After a flush without an event, if it is not."""


@dataclass(slots=True)
class FlushWait:
    """Whether the flushes of a stream are answered: pure, the events and the time are told.

    A final transcript answers them, as what was said last. Without one they are answered once nothing was told for a while.
    """

    flushes: int = 0
    unheard: bool = False
    """There is audio of which nothing final was told."""
    pending: bool = False
    """Something was understood that is not final."""
    heard: bool = False
    """Something final was told that no flush has asked for yet: the recogniser found the pause itself, and is hardly behind."""

    def pushed(self) -> None:
        """There is more audio."""
        self.unheard = True

    def flushed(self) -> bool:
        """A flush; tells whether it is answered at once."""
        if not self.unheard and not self.flushes:
            return True
        self.flushes += 1
        return False

    def told(self, event: SpeechEvent) -> int:
        """An event was told; how many flushes it answers."""
        match event:
            case FinalTranscript():
                self.pending = False
                self.heard = not self.flushes
                return self._answer()
            case InterimTranscript() | PreflightTranscript() | SpeechStarted():
                self.pending = True
            case _:
                pass
        return 0

    def silent(self) -> int:
        """Nothing was told for `wait_s`; how many flushes that answers."""
        self.pending = self.heard = False
        return self._answer()

    @property
    def wait_s(self) -> float | None:
        """How long to wait for an event; None: as long as it takes."""
        if not self.flushes:
            return None
        return PATIENCE_S if self.pending or (self.unheard and not self.heard) else SETTLED_S

    def _answer(self) -> int:
        answered, self.flushes = self.flushes, 0
        self.unheard = False
        return answered


class AdaptedSpeechStream(AdaptedStream[SpeechEvent], SpeechStream):
    """The stream that ``begin`` gives on its loop.

    Audio that their stream has not taken yet is bounded as any stream's: with more than 30 s it fails.
    """

    _there: "_There"

    def __init__(
        self,
        label: str,
        rate_hz: int,
        *,
        begin: Callable[[], Any],
        post: Post,
        iterate: Iterate[SpeechEvent],
        frame_of: Callable[[bytes], Any],
    ) -> None:
        self._rate_hz = rate_hz
        self._frame_of = frame_of
        super().__init__(label, _There(label, begin), post, iterate)
        post(self._there.open)

    def push(self, audio: AudioChunk) -> None:
        """Hand over the next piece."""
        if audio.rate_hz != self._rate_hz:
            raise InvalidAudioError(f"{self._label} takes {self._rate_hz} Hz, not {audio.rate_hz}: resample before")
        self._require_open()
        size = int(FRAME_S * self._rate_hz) * BYTES_PER_SAMPLE
        frames = [self._frame_of(audio.pcm[at : at + size]) for at in range(0, len(audio.pcm), size)]
        self._there.waiting_s += audio.duration_s
        if self._there.waiting_s > MAX_BUFFERED_S:
            raise ProviderError(
                f"{self._label}: more than {MAX_BUFFERED_S:g} s of audio wait in the stream: it is too slow", retryable=True
            )
        for frame in frames:
            self._post(partial(self._there.push, frame))


class _There:
    """The stream on its own loop. Times are counted in what was pushed: their events have none that they all keep to."""

    def __init__(self, label: str, begin: Callable[[], Any]) -> None:
        self._label = label
        self._begin = begin
        self._stream: Any = None
        self._wait = FlushWait()
        self._told: asyncio.Queue[object] = asyncio.Queue()
        self._reading: asyncio.Task[None] | None = None
        self._pushed_s = 0.0
        self._speaking = self._final = self._held_end = False
        self._iterated = False
        self._closing: asyncio.Task[None] | None = None
        self.waiting_s = 0.0
        self.failure: Exception | None = None

    def open(self) -> None:
        with self._failing():
            self._stream = self._begin()
            self._reading = asyncio.get_running_loop().create_task(self._read())

    def push(self, frame: Any) -> None:  # noqa: ANN401 - of either family
        self._pushed_s += frame.duration
        self.waiting_s = max(0.0, self.waiting_s - frame.duration)
        self._wait.pushed()
        if self._stream is not None:
            with self._failing():
                self._stream.push_frame(frame)

    def flush(self) -> None:
        with self._failing():
            if self._wait.flushed():
                self._told.put_nowait(TranscriptFlushed())
            elif self._stream is not None:
                self._stream.flush()
                self._told.put_nowait(None)  # the wait begins now

    def end_input(self) -> None:
        if self._stream is not None:
            with self._failing():
                self._stream.end_input()

    def close(self) -> None:
        self._told.put_nowait(_END)
        if not self._iterated:
            self._closing = asyncio.get_running_loop().create_task(self._close())

    def _failing(self) -> "_Failing":
        return _Failing(self)

    @property
    def failed(self) -> bool:
        """Whether it has failed."""
        return self.failure is not None

    def fail(self, failure: Exception) -> None:
        if self.failure is None:
            self.failure = failure
        self._told.put_nowait(_END)

    async def events(self) -> AsyncGenerator[SpeechEvent, None]:
        """What the stream tells, in the session's events, until it is over."""
        self._iterated = True
        try:
            while True:
                try:
                    async with asyncio.timeout(self._wait.wait_s):
                        told = await self._told.get()
                except TimeoutError:
                    for _ in range(self._wait.silent()):
                        yield TranscriptFlushed()
                    continue
                if told is _END:
                    break
                for event in self._read_event(told):
                    answered = self._wait.told(event)
                    yield event
                    for _ in range(answered):
                        yield TranscriptFlushed()
            if self.failure is not None:
                raise self.failure
            for event in self._ended():
                yield event
            for _ in range(self._wait.silent()):
                yield TranscriptFlushed()
        finally:
            await self._close()

    async def _read(self) -> None:
        try:
            async for event in self._stream:
                self._told.put_nowait(event)
            self._told.put_nowait(_END)
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: it is raised where it is iterated
            self.fail(failure)

    async def _close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._stream is not None:
            with suppress(Exception):
                await self._stream.aclose()

    def _read_event(self, event: Any) -> list[SpeechEvent]:  # noqa: ANN401 - of either family
        if event is None or isinstance(event, TranscriptFlushed):
            return [] if event is None else [event]
        heard = transcript_of(event.alternatives[0]) if event.alternatives else None
        match event.type.value:
            case "start_of_speech":
                return self._started()
            case "interim_transcript" if heard is not None:
                return [InterimTranscript(transcript=heard)]
            case "preflight_transcript" if heard is not None:
                return [PreflightTranscript(transcript=heard)]
            case "final_transcript" if heard is not None and heard.text:
                self._final = True
                return [FinalTranscript(transcript=heard), *(self._ended() if self._held_end else ())]
            case "end_of_speech":
                self._held_end = self._speaking and not self._final
                return [] if self._held_end else self._ended()
            case "recognition_usage" if event.recognition_usage is not None:
                used = event.recognition_usage
                tokens = (getattr(used, "input_tokens", 0) or 0) + (getattr(used, "output_tokens", 0) or 0)
                return [RecognitionUsage(audio_s=max(0.0, used.audio_duration), tokens=tokens)]
            case _:
                return []

    def _started(self) -> list[SpeechEvent]:
        if self._speaking:
            return []
        self._speaking, self._final = True, False
        return [SpeechStarted(at_ms=self._now_ms)]

    def _ended(self) -> list[SpeechEvent]:
        """The end of the speech, behind its final transcript."""
        self._held_end = False
        if not self._speaking:
            return []
        self._speaking = False
        return [SpeechEnded(at_ms=self._now_ms)]

    @property
    def _now_ms(self) -> int:
        return int(self._pushed_s * 1000)


_END: Final = object()


class _Failing:
    """What is raised within ends the stream."""

    def __init__(self, stream: _There) -> None:
        self._stream = stream

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, failure: BaseException | None, trace: object) -> bool:
        if isinstance(failure, Exception):
            self._stream.fail(failure)
            return True
        return False
