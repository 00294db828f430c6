"""The base classes of voice activity detection, as LiveKit has them: a subclass gives streams that tell where somebody speaks."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Literal

from livekitex_agent.metrics.base import VADMetrics
from livekitex_agent.metrics.model import Model
from livekitex_agent.utils import aio
from livekitex_agent.utils.audio_frame import AudioFrameLike
from livekitex_agent.utils.event_stream import EventStream
from livekitex_agent.utils.misc import monotonic, wall_time
from livekitex_agent.utils.pushed_frames import FrameFlush, FrameInput

__all__ = ["VAD", "VADCapabilities", "VADEvent", "VADEventType", "VADStream"]


@unique
class VADEventType(StrEnum):
    """What a detector tells."""

    START_OF_SPEECH = "start_of_speech"
    INFERENCE_DONE = "inference_done"
    END_OF_SPEECH = "end_of_speech"


@dataclass
class VADEvent:
    """What a detector tells. Durations and times are seconds of audio; ``frames`` are what was judged, or at its end the whole speech."""

    type: VADEventType
    samples_index: int
    timestamp: float
    speech_duration: float
    silence_duration: float
    frames: list[AudioFrameLike] = field(default_factory=list)
    probability: float = 0.0
    inference_duration: float = 0.0
    speaking: bool = False
    raw_accumulated_silence: float = 0.0
    raw_accumulated_speech: float = 0.0


@dataclass
class VADCapabilities:
    """``update_interval`` is the time between two judgements in seconds."""

    update_interval: float


class VAD(ABC, Model[Literal["metrics_collected"]]):
    """A detector. It tells ``metrics_collected`` (`VADMetrics`) about once a second of audio."""

    def __init__(self, *, capabilities: VADCapabilities) -> None:
        super().__init__()
        self._capabilities = capabilities

    @property
    def capabilities(self) -> VADCapabilities:
        """What it offers."""
        return self._capabilities

    @abstractmethod
    def stream(self) -> "VADStream":
        """Begin a stream of audio."""


class VADStream(FrameInput, EventStream[VADEvent], ABC):
    """A detector on one stream of audio: a subclass' `_main_task` reads ``self._input_ch`` and sends into ``self._event_ch``."""

    def __init__(self, vad: VAD) -> None:
        self._vad = vad
        self._last_activity_time = monotonic()
        self._input_ch = aio.Chan[AudioFrameLike | FrameFlush]()
        self._open()
        self._start(self._main_task())

    @abstractmethod
    async def _main_task(self) -> None:
        """Judge what comes until the input ends."""

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[VADEvent]) -> None:
        seconds, count = 0.0, 0
        async for event in event_aiter:
            if event.type != VADEventType.INFERENCE_DONE:
                self._last_activity_time = monotonic()
                continue
            seconds, count = seconds + event.inference_duration, count + 1
            if count >= 1 / self._vad.capabilities.update_interval:
                metrics = VADMetrics(
                    timestamp=wall_time(),
                    idle_time=monotonic() - self._last_activity_time,
                    inference_duration_total=seconds,
                    inference_count=count,
                    label=self._vad.label,
                    metadata=self._vad._metadata,  # noqa: SLF001 - one class in two
                )
                self._vad.emit("metrics_collected", metrics)
                seconds, count = 0.0, 0

    async def aclose(self) -> None:
        """End the stream at once."""
        self._input_ch.close()
        await super().aclose()
