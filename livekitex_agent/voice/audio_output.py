"""Where an agent's audio goes, as a program may define it: a sink, or a wrapper around one."""

import asyncio
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

from livekitex_agent.utils.audio_frame import AudioFrameLike
from livekitex_agent.utils.event_emitter import EventEmitter
from livekitex_agent.utils.log import logger
from livekitex_agent.voice.output import Output


@dataclass
class PlaybackStartedEvent:
    """A segment began to be heard, at ``created_at`` (seconds since the epoch)."""

    created_at: float


@dataclass
class PlaybackProgressedEvent:
    """From ``started_at`` (seconds since the epoch) on, the ``duration`` seconds of a segment were heard that begin at ``offset``."""

    started_at: float
    offset: float
    duration: float


@dataclass
class PlaybackFinishedEvent:
    """A segment is over: ``playback_position`` seconds of it were heard; ``interrupted`` if the rest was thrown away.

    ``synchronized_transcript`` is the text that was heard, where the sink knows it.
    """

    playback_position: float
    interrupted: bool
    synchronized_transcript: str | None = None


@dataclass
class AudioOutputCapabilities:
    """What a sink can: ``pause`` and go on."""

    pause: bool


class AudioOutput(Output, EventEmitter[Literal["playback_started", "playback_progressed", "playback_finished"]]):
    """A sink of audio. What is captured up to a `flush` is a segment.

    A subclass calls `capture_frame` and `flush` of the base class too, and `on_playback_finished` once for each segment, also for one that
    was thrown away. With ``next_in_chain`` it is a wrapper: what that one tells of its playback is this one's. ``sample_rate`` is what the
    sink needs in Hz, None if it takes any.
    """

    _wrapped: "AudioOutput | None"

    def __init__(
        self,
        *,
        label: str,
        capabilities: AudioOutputCapabilities,
        next_in_chain: "AudioOutput | None" = None,
        sample_rate: int | None = None,
    ) -> None:
        Output.__init__(self, label=label)
        EventEmitter.__init__(self)
        self._capabilities = capabilities
        self._sample_rate = sample_rate
        self._in_segment = False
        self._captured = 0
        self._finished = 0
        self._one_finished = asyncio.Event()
        self._last = PlaybackFinishedEvent(playback_position=0, interrupted=False)
        self.set_next_in_chain(next_in_chain)

    def set_next_in_chain(self, sink: "AudioOutput | None") -> None:
        """Wrap ``sink`` from now on; segments that the one before has not finished end as interrupted, with nothing heard."""
        before = self._wrapped
        if sink is before:
            return
        self._wrapped = sink
        if before is not None:
            before.off("playback_started", self._next_started)
            before.off("playback_progressed", self._next_progressed)
            before.off("playback_finished", self._next_finished)
            before.clear_buffer()
            while self._finished < self._captured - self._in_segment:
                self.on_playback_finished(playback_position=0, interrupted=True)
        if sink is not None:
            sink.on("playback_started", self._next_started)
            sink.on("playback_progressed", self._next_progressed)
            sink.on("playback_finished", self._next_finished)

    @property
    def sample_rate(self) -> int | None:
        """The rate that it needs in Hz; None if it takes any."""
        return self._sample_rate

    @property
    def can_pause(self) -> bool:
        """Whether it, and all that it wraps, can pause."""
        return self._capabilities.pause and (self._wrapped is None or self._wrapped.can_pause)

    @property
    def captured_playout_segments(self) -> int:
        """Segments that were begun so far."""
        return self._captured

    # What a subclass does.

    @abstractmethod
    async def capture_frame(self, frame: AudioFrameLike) -> None:
        """Take a frame, which may come faster than it is played; returns when there is room for another."""
        del frame
        if not self._in_segment:
            self._in_segment = True
            self._captured += 1

    @abstractmethod
    def flush(self) -> None:
        """The segment is complete."""
        self._in_segment = False

    @abstractmethod
    def clear_buffer(self) -> None:
        """Stop at once, and throw away what was not played."""

    def pause(self) -> None:
        """Hold the playback."""
        if self._wrapped is not None:
            self._wrapped.pause()

    def resume(self) -> None:
        """Go on with it."""
        if self._wrapped is not None:
            self._wrapped.resume()

    # What a subclass tells.

    def on_playback_started(self, *, created_at: float) -> None:
        """A segment begins to be heard."""
        self.emit("playback_started", PlaybackStartedEvent(created_at=created_at))

    def on_playback_progressed(self, *, started_at: float, offset: float, duration: float) -> None:
        """A stretch of it was heard."""
        self.emit("playback_progressed", PlaybackProgressedEvent(started_at=started_at, offset=offset, duration=duration))

    def on_playback_finished(self, *, playback_position: float, interrupted: bool, synchronized_transcript: str | None = None) -> None:
        """A segment is over. More often than segments were begun is passed over, with a warning."""
        if self._finished >= self._captured:
            logger.warning("%s: playback_finished was told more often than segments were captured", self.label)
            return
        self._finished += 1
        self._last = PlaybackFinishedEvent(playback_position, interrupted, synchronized_transcript)
        self._one_finished.set()
        self._one_finished = asyncio.Event()
        self.emit("playback_finished", self._last)

    async def wait_for_playout(self) -> PlaybackFinishedEvent:
        """Wait until all segments that were begun are over, and give how the last one was."""
        target = self._captured
        while self._finished < target:
            await self._one_finished.wait()
        return self._last

    def _next_started(self, event: PlaybackStartedEvent) -> None:
        self.on_playback_started(created_at=event.created_at)

    def _next_progressed(self, event: PlaybackProgressedEvent) -> None:
        self.on_playback_progressed(started_at=event.started_at, offset=event.offset, duration=event.duration)

    def _next_finished(self, event: PlaybackFinishedEvent) -> None:
        self.on_playback_finished(
            playback_position=event.playback_position,
            interrupted=event.interrupted,
            synchronized_transcript=event.synchronized_transcript,
        )


def replace_tail(sink: AudioOutput, tail: AudioOutput) -> AudioOutput:
    """The chain that begins with ``sink``, with ``tail`` in the place of its last one; its wrappers stay."""
    wrapper: Any = None
    last = sink
    while last.next_in_chain is not None:
        wrapper, last = last, last.next_in_chain
    if wrapper is None:
        return tail
    wrapper.set_next_in_chain(tail)
    return sink
