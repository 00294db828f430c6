"""The base classes of speech recognition, as LiveKit has them.

A subclass of `STT` implements `STT._recognize_impl`, or `STT.stream`, whose `RecognizeStream._run` reads frames from ``self._input_ch`` and
sends `SpeechEvent`s into ``self._event_ch``.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable
from typing import Any, Generic, Literal, Protocol, runtime_checkable

from pydantic import BaseModel
from typing_extensions import TypeVar

from livekitex_agent.metrics.base import STTMetrics
from livekitex_agent.metrics.model import Model
from livekitex_agent.stt.events import RecognitionUsage, SpeechEvent, SpeechEventType, STTCapabilities, STTError
from livekitex_agent.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr
from livekitex_agent.utils import aio
from livekitex_agent.utils.audio import AudioBuffer, calculate_audio_duration
from livekitex_agent.utils.audio_frame import AudioFrameLike
from livekitex_agent.utils.event_stream import EventStream
from livekitex_agent.utils.misc import is_given, monotonic, wall_time
from livekitex_agent.utils.pushed_frames import FrameFlush, FrameInput
from livekitex_agent.utils.retries import with_retries

__all__ = ["STT", "RecognizeStream", "SpeakerContext", "SpeechStream"]

TEvent = TypeVar("TEvent", default=Any)


class STT(ABC, Model[Literal["metrics_collected", "error"] | TEvent], Generic[TEvent]):
    """Speech to text. It tells ``metrics_collected`` (`STTMetrics`) and ``error`` (`STTError`)."""

    def __init__(self, *, capabilities: STTCapabilities) -> None:
        super().__init__()
        self._capabilities = capabilities
        self._recognize_metrics_needed = True

    @property
    def capabilities(self) -> STTCapabilities:
        """What it offers."""
        return self._capabilities

    @abstractmethod
    async def _recognize_impl(
        self, buffer: AudioBuffer, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> SpeechEvent:
        """Recognise one utterance, once."""

    async def recognize(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> SpeechEvent:
        """What was said in one utterance; asked again as ``conn_options`` say.

        Raises:
            APIError: the recogniser failed.
        """
        begun = monotonic()

        async def attempt() -> SpeechEvent:
            return await self._recognize_impl(buffer, language=language, conn_options=conn_options)

        event = await with_retries(attempt, what="recognize speech", options=conn_options, failed=self._emit_error)
        if event is None:
            return SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT)
        if self._recognize_metrics_needed:
            used = RecognitionUsage(audio_duration=calculate_audio_duration(buffer))
            self._emit_metrics(used, request_id=event.request_id, duration=monotonic() - begun, streamed=False)
        return event

    def stream(
        self, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "RecognizeStream":
        """Begin a stream of audio.

        Raises:
            NotImplementedError: it does not stream.
        """
        raise NotImplementedError("streaming is not supported by this STT, please use a different STT or use a StreamAdapter")

    def prewarm(self) -> None:
        """Open a connection ahead."""
        return

    def _emit_error(self, api_error: Exception, recoverable: bool) -> None:  # noqa: FBT001 - LiveKit's
        self.emit("error", STTError(timestamp=wall_time(), label=self.label, error=api_error, recoverable=recoverable))

    def _emit_metrics(
        self,
        used: RecognitionUsage,
        *,
        request_id: str = "",
        duration: float = 0.0,
        streamed: bool = True,
        acquire_time: float = 0.0,
        connection_reused: bool = False,
    ) -> None:
        metrics = STTMetrics(
            request_id=request_id,
            timestamp=wall_time(),
            duration=duration,
            label=self.label,
            audio_duration=used.audio_duration,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            streamed=streamed,
            metadata=self._metadata,
            acquire_time=acquire_time,
            connection_reused=connection_reused,
        )
        self.emit("metrics_collected", metrics)


@runtime_checkable
class SpeakerContext(Protocol):
    """What a recogniser knows of the speaker, told to the model as instructions."""

    def to_instructions(self) -> str:
        """The instructions."""
        ...


class RecognizeStream(FrameInput, EventStream[SpeechEvent], ABC):
    """A recogniser on one stream of audio; ``sample_rate`` is the rate that its frames are brought to.

    `_run` is run again if it raises a retryable `APIError`; a final transcript, or an attempt that lasted longer than the time limit of
    connecting, begins the count of attempts anew.
    """

    def __init__(self, *, stt: STT[Any], conn_options: APIConnectOptions, sample_rate: NotGivenOr[int] = NOT_GIVEN) -> None:
        self._stt = stt
        self._conn_options = conn_options
        self._needed_sr = sample_rate if is_given(sample_rate) else None
        self._input_ch = aio.Chan[AudioFrameLike | FrameFlush]()
        self._healthy = False
        self._start_time_offset = 0.0
        self._start_time = wall_time()
        self._context: BaseModel | None = None
        self._open()
        self._start(self._main_task())

    @property
    def context(self) -> BaseModel | None:
        """What the recogniser knows of the speaker."""
        return self._context

    @context.setter
    def context(self, value: BaseModel | None) -> None:
        self._context = value

    @property
    def start_time_offset(self) -> float:
        """What is added to times, so that they go on after another connection."""
        return self._start_time_offset

    @start_time_offset.setter
    def start_time_offset(self, value: float) -> None:
        if value < 0:
            raise ValueError("start_time_offset must be non-negative")
        self._start_time_offset = value

    @property
    def start_time(self) -> float:
        """When this connection's audio began, by the wall clock."""
        return self._start_time

    @start_time.setter
    def start_time(self, value: float) -> None:
        if value < 0:
            raise ValueError("start_time must be non-negative")
        self._start_time = value

    @abstractmethod
    async def _run(self) -> None:
        """Recognise what comes until the input ends."""

    async def _main_task(self) -> None:
        await with_retries(
            self._attempt,
            what="recognize speech",
            options=self._conn_options,
            failed=self._stt._emit_error,  # noqa: SLF001 - one class in two
            worked=lambda: self._healthy,
        )

    async def _attempt(self) -> None:
        self._healthy, begun = False, wall_time()
        self._start_time = begun
        try:
            await self._run()
        finally:
            lasted = wall_time() - begun
            self._start_time_offset += lasted
            self._healthy = self._healthy or lasted > self._conn_options.timeout

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[SpeechEvent]) -> None:
        async for event in event_aiter:
            if event.type == SpeechEventType.RECOGNITION_USAGE and event.recognition_usage is not None:
                self._stt._emit_metrics(event.recognition_usage, request_id=event.request_id)  # noqa: SLF001 - one class in two
            elif event.type == SpeechEventType.FINAL_TRANSCRIPT:
                self._healthy = True

    def _report_connection_acquired(self, acquire_time: float, connection_reused: bool) -> None:  # noqa: FBT001 - LiveKit's
        used = RecognitionUsage(audio_duration=0.0)
        self._stt._emit_metrics(  # noqa: SLF001 - one class in two
            used, acquire_time=acquire_time, connection_reused=connection_reused
        )

    async def aclose(self) -> None:
        """End the stream at once."""
        self._input_ch.close()
        await super().aclose()


SpeechStream = RecognizeStream
