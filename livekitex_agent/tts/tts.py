"""The base classes of voices, as LiveKit has them.

A subclass of `TTS` implements `TTS.synthesize`, whose `ChunkedStream._run` speaks ``self.input_text`` into the emitter that it is given, or
`TTS.stream`, whose `SynthesizeStream._run` reads text from ``self._input_ch``.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Any, Generic, Literal

from typing_extensions import TypeVar

from livekitex_agent._exceptions import APIError
from livekitex_agent.metrics.base import TTSMetrics
from livekitex_agent.metrics.model import Model, ModelError
from livekitex_agent.tts.audio_emitter import AudioEmitter, SynthesizedAudio
from livekitex_agent.types import DEFAULT_API_CONNECT_OPTIONS, USERDATA_TIMED_TRANSCRIPT, USERDATA_TTS_STARTED_TIME, APIConnectOptions
from livekitex_agent.utils import aio
from livekitex_agent.utils.audio_frame import AudioFrameLike, combine_audio_frames
from livekitex_agent.utils.event_stream import EventStream
from livekitex_agent.utils.misc import monotonic, shortuuid, wall_time
from livekitex_agent.utils.retries import with_retries

__all__ = ["TTS", "ChunkedStream", "SynthesizeStream", "TTSCapabilities", "TTSError"]

TEvent = TypeVar("TEvent", default=Any)


@dataclass
class TTSCapabilities:
    """What a voice offers: it takes text in pieces, and tells when which word is said."""

    streaming: bool
    aligned_transcript: bool = False


class TTSError(ModelError):
    """A request failed."""

    type: Literal["tts_error"] = "tts_error"


class TTS(ABC, Model[Literal["metrics_collected", "error"] | TEvent], Generic[TEvent]):
    """Text to speech. It tells ``metrics_collected`` (`TTSMetrics`) and ``error`` (`TTSError`)."""

    def __init__(self, *, capabilities: TTSCapabilities, sample_rate: int, num_channels: int) -> None:
        super().__init__()
        self._capabilities = capabilities
        self._sample_rate = sample_rate
        self._num_channels = num_channels

    @property
    def capabilities(self) -> TTSCapabilities:
        """What it offers."""
        return self._capabilities

    @property
    def sample_rate(self) -> int:
        """Of its audio, in Hz."""
        return self._sample_rate

    @property
    def num_channels(self) -> int:
        """Of its audio."""
        return self._num_channels

    @abstractmethod
    def synthesize(self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> "ChunkedStream":
        """Begin to speak ``text``; returns at once."""

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> "SynthesizeStream":
        """Begin a stream of text.

        Raises:
            NotImplementedError: it takes no text in pieces.
        """
        raise NotImplementedError("streaming is not supported by this TTS, please use a different TTS or use a StreamAdapter")

    def _synthesize_with_stream(self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> "ChunkedStream":
        return _ChunkedFromStream(tts=self, input_text=text, conn_options=conn_options)

    def prewarm(self) -> None:
        """Open a connection ahead."""
        return


class _Synthesis(EventStream[SynthesizedAudio], ABC):
    """What both streams have in common: attempts, each with an emitter of its own, and figures."""

    _streamed: bool

    def __init__(self, *, tts: TTS[Any], conn_options: APIConnectOptions) -> None:
        self._tts = tts
        self._conn_options = conn_options
        self._started_time = 0.0
        self._failed = False
        self._pushed_duration = 0.0
        self._input_tokens = self._output_tokens = 0
        self._acquire_time = 0.0
        self._connection_reused = False
        self._open()

    @abstractmethod
    async def _run(self, output_emitter: AudioEmitter) -> None:
        """Speak into the emitter."""

    def _check(self, emitter: AudioEmitter) -> None:
        """Refuse an attempt that has not done what it was asked for."""

    async def _attempt(self) -> None:
        self._failed = False
        emitter = AudioEmitter(label=self._tts.label, dst_ch=self._event_ch)
        try:
            await self._run(emitter)
            emitter.end_input()
            await emitter.join()
            self._check(emitter)
        finally:
            self._pushed_duration = emitter.pushed_duration()
            await emitter.aclose()

    async def _main_task(self) -> None:
        await with_retries(
            self._attempt, what="synthesize speech", options=self._conn_options, failed=self._emit_error, may_retry=self._may_retry
        )

    def _may_retry(self) -> bool:
        return True

    def _emit_error(self, api_error: Exception, recoverable: bool) -> None:  # noqa: FBT001 - LiveKit's
        self._failed = True
        self._tts.emit("error", TTSError(timestamp=wall_time(), label=self._tts.label, error=api_error, recoverable=recoverable))

    def _set_token_usage(self, *, input_tokens: int = 0, output_tokens: int = 0) -> None:
        self._input_tokens, self._output_tokens = input_tokens, output_tokens

    def _emit_metrics(self, last: SynthesizedAudio | None, *, text: str, ttfb: float, audio_duration: float) -> None:
        if self._failed:
            return
        metrics = TTSMetrics(
            timestamp=wall_time(),
            request_id=last.request_id if last else "",
            segment_id=last.segment_id if last and self._streamed else None,
            ttfb=ttfb,
            duration=monotonic() - self._started_time,
            characters_count=len(text),
            input_tokens=self._input_tokens,
            output_tokens=self._output_tokens,
            audio_duration=audio_duration,
            cancelled=self._task.cancelled(),
            label=self._tts.label,
            streamed=self._streamed,
            acquire_time=self._acquire_time,
            connection_reused=self._connection_reused,
            metadata=self._tts._metadata,  # noqa: SLF001 - one class in two
        )
        self._tts.emit("metrics_collected", metrics)

    async def __anext__(self) -> SynthesizedAudio:
        audio = await super().__anext__()
        if self._started_time:
            audio.frame.userdata[USERDATA_TTS_STARTED_TIME] = self._started_time
        return audio


class ChunkedStream(_Synthesis):
    """The audio of one text."""

    _streamed = False

    def __init__(self, *, tts: TTS[Any], input_text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, conn_options=conn_options)
        self._input_text = input_text
        self._started_time = monotonic()
        self._start(self._main_task())

    @property
    def input_text(self) -> str:
        """What is spoken."""
        return self._input_text

    @property
    def done(self) -> bool:
        """Whether all of it was synthesised, or it has failed."""
        return self._task.done()

    @property
    def exception(self) -> BaseException | None:
        """Why it has failed, None if it has not; raises what ``asyncio.Task.exception`` raises."""
        return self._task.exception()

    async def collect(self) -> AudioFrameLike:
        """All of the audio as one frame."""
        return combine_audio_frames([audio.frame async for audio in self])

    def _check(self, emitter: AudioEmitter) -> None:
        if self._input_text.strip() and emitter.pushed_duration() <= 0:
            raise APIError(f"no audio frames were pushed for text: {self._input_text}")

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[SynthesizedAudio]) -> None:
        ttfb, audio_duration, last = -1.0, 0.0, None
        async for audio in event_aiter:
            ttfb = monotonic() - self._started_time if ttfb < 0 else ttfb
            audio_duration, last = audio_duration + audio.frame.duration, audio
        self._emit_metrics(last, text=self._input_text, ttfb=ttfb, audio_duration=audio_duration)


class SynthesizeStream(_Synthesis):
    """A voice on one stream of text, of which each has one segment: after `flush` no more text is taken."""

    _streamed = True

    class _FlushSentinel:
        """The segment ends here."""

    def __init__(self, *, tts: TTS[Any], conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, conn_options=conn_options)
        self._new_input()
        self._pushed: list[str | SynthesizeStream._FlushSentinel] = []
        self._text = ""
        self._flushed = self._input_ended = False
        self._start(self._main_task(), monitored=False)

    def push_text(self, token: str) -> None:
        """Hand over the next piece of text; after the end of the segment it is dropped."""
        if token and not self._input_ch.closed and not (self._text and self._flushed):
            self._start_monitor()
            self._text += token
            self._push(token)

    def flush(self) -> None:
        """The segment ends here."""
        if not self._input_ch.closed:
            self._flushed = self._flushed or bool(self._text)
            self._push(self._FlushSentinel())

    def end_input(self) -> None:
        """Nothing more is pushed."""
        self.flush()
        self._input_ended = True
        self._input_ch.close()

    async def aclose(self) -> None:
        """End the stream at once."""
        await super().aclose()
        self._input_ch.close()

    def _mark_started(self) -> None:
        self._started_time = self._started_time or monotonic()

    def _new_input(self) -> None:
        self._input_ch = aio.Chan[str | SynthesizeStream._FlushSentinel]()

    def _push(self, part: "str | SynthesizeStream._FlushSentinel") -> None:
        self._input_ch.send_nowait(part)
        self._pushed.append(part)

    async def _attempt(self) -> None:
        if self._failed:  # what was pushed is said from its beginning
            self._new_input()
            for part in self._pushed:
                self._input_ch.send_nowait(part)
            if self._input_ended:
                self._input_ch.close()
        await super()._attempt()

    def _may_retry(self) -> bool:
        return self._pushed_duration <= 0

    def _check(self, emitter: AudioEmitter) -> None:
        if self._text.strip() and emitter.pushed_duration() <= 0:
            raise APIError(f"no audio frames were pushed for text: {self._text}")

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[SynthesizedAudio]) -> None:
        ttfb, audio_duration = -1.0, 0.0
        async for audio in event_aiter:
            ttfb = monotonic() - self._started_time if ttfb < 0 and self._started_time else ttfb
            audio_duration += audio.frame.duration
            if audio.is_final and self._started_time:
                self._emit_metrics(audio, text=self._text, ttfb=ttfb, audio_duration=audio_duration)
                ttfb, audio_duration = -1.0, 0.0


class _ChunkedFromStream(ChunkedStream):
    async def _run(self, output_emitter: AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=shortuuid(), sample_rate=self._tts.sample_rate, num_channels=self._tts.num_channels, mime_type="audio/pcm"
        )
        async with self._tts.stream(conn_options=APIConnectOptions(max_retry=0, timeout=self._conn_options.timeout)) as stream:
            stream.push_text(self._input_text)
            stream.end_input()
            async for audio in stream:
                output_emitter.push_timed_transcript(audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT) or [])
                output_emitter.push(audio.frame.data.tobytes())
