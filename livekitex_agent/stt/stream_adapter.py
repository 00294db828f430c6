"""A recogniser of utterances as one of streams: a detector finds the utterances."""

import asyncio
from collections.abc import AsyncIterable
from typing import Any

from livekitex_agent.stt.events import SpeechEvent, SpeechEventType, STTCapabilities
from livekitex_agent.stt.stt import STT, RecognizeStream
from livekitex_agent.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr
from livekitex_agent.utils.audio import AudioBuffer, merge_frames
from livekitex_agent.utils.misc import wall_time
from livekitex_agent.utils.pushed_frames import FrameFlush
from livekitex_agent.vad import VAD, VADEventType

__all__ = ["StreamAdapter", "StreamAdapterWrapper"]


class StreamAdapter(STT):
    """Streams with ``stt``, which recognises each utterance that ``vad`` finds, once it is over."""

    def __init__(self, *, stt: STT[Any], vad: VAD) -> None:
        super().__init__(
            capabilities=STTCapabilities(
                streaming=True,
                interim_results=False,
                keyterms=stt.capabilities.keyterms,
                chat_context=stt.capabilities.chat_context,
            )
        )
        self._stt = stt
        self._vad = vad
        stt.on("metrics_collected", self._on_metrics)

    @property
    def wrapped_stt(self) -> STT[Any]:
        """The recogniser of utterances."""
        return self._stt

    @property
    def model(self) -> str:
        """Its model's name."""
        return self._stt.model

    @property
    def provider(self) -> str:
        """Whose that is."""
        return self._stt.provider

    async def _recognize_impl(
        self, buffer: AudioBuffer, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> SpeechEvent:
        return await self._stt.recognize(buffer, language=language, conn_options=conn_options)

    def stream(
        self, *, language: NotGivenOr[str] = NOT_GIVEN, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> RecognizeStream:
        """Begin a stream of audio."""
        return StreamAdapterWrapper(self, vad=self._vad, wrapped_stt=self._stt, language=language, conn_options=conn_options)

    def prewarm(self) -> None:
        """Open a connection ahead."""
        self._stt.prewarm()

    async def aclose(self) -> None:
        """Listen to the recogniser no more; it is whose it was."""
        self._stt.off("metrics_collected", self._on_metrics)

    def _on_metrics(self, metrics: object) -> None:
        self.emit("metrics_collected", metrics)


class StreamAdapterWrapper(RecognizeStream):
    """The stream of a `StreamAdapter`."""

    def __init__(
        self, stt: STT[Any], *, vad: VAD, wrapped_stt: STT[Any], language: NotGivenOr[str], conn_options: APIConnectOptions
    ) -> None:
        self._vad = vad
        self._wrapped = wrapped_stt
        self._language = language
        self._wrapped_options = conn_options
        super().__init__(stt=stt, conn_options=APIConnectOptions(max_retry=0, timeout=conn_options.timeout))

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[SpeechEvent]) -> None:
        async for _ in event_aiter:
            pass  # what is wrapped tells them

    async def _run(self) -> None:
        detected = self._vad.stream()

        async def forward() -> None:
            async for frame in self._input_ch:
                if isinstance(frame, FrameFlush):
                    detected.flush()
                else:
                    detected.push_frame(frame)
            detected.end_input()

        async def recognize() -> None:
            async for event in detected:
                if event.type == VADEventType.START_OF_SPEECH:
                    self._event_ch.send_nowait(SpeechEvent(SpeechEventType.START_OF_SPEECH))
                elif event.type == VADEventType.END_OF_SPEECH:
                    ended = wall_time() - event.silence_duration - event.inference_duration
                    self._event_ch.send_nowait(SpeechEvent(SpeechEventType.END_OF_SPEECH, speech_end_time=ended))
                    heard = await self._wrapped.recognize(
                        merge_frames(event.frames), language=self._language, conn_options=self._wrapped_options
                    )
                    if heard.alternatives and heard.alternatives[0].text:
                        at = ended if heard.speech_end_time is None else heard.speech_end_time
                        self._event_ch.send_nowait(
                            SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=heard.alternatives[:1], speech_end_time=at)
                        )

        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(forward())
                both.create_task(recognize())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            await detected.aclose()
