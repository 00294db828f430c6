"""A voice that speaks sentences as one that takes text in pieces."""

import asyncio
from collections.abc import AsyncIterable
from typing import Any

from livekitex_agent.tokenize import SentenceTokenizer, basic
from livekitex_agent.tts.audio_emitter import AudioEmitter, SynthesizedAudio
from livekitex_agent.tts.tts import TTS, ChunkedStream, SynthesizeStream, TTSCapabilities
from livekitex_agent.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr, TimedString
from livekitex_agent.utils.misc import is_given, shortuuid

__all__ = ["StreamAdapter", "StreamAdapterWrapper"]


class StreamAdapter(TTS):
    """Streams with ``tts``, which speaks the sentences that ``sentence_tokenizer`` finds, one after the other."""

    def __init__(
        self,
        *,
        tts: TTS[Any],
        sentence_tokenizer: NotGivenOr[SentenceTokenizer] = NOT_GIVEN,
        text_pacing: object = False,  # noqa: ARG002 - LiveKit's: the session asks no earlier than it has to
    ) -> None:
        super().__init__(
            capabilities=TTSCapabilities(streaming=True, aligned_transcript=True),
            sample_rate=tts.sample_rate,
            num_channels=tts.num_channels,
        )
        self._wrapped = tts
        self._tokenizer = sentence_tokenizer if is_given(sentence_tokenizer) else basic.SentenceTokenizer(retain_format=True)
        tts.on("metrics_collected", self._on_metrics)

    @property
    def model(self) -> str:
        """The voice's model."""
        return self._wrapped.model

    @property
    def provider(self) -> str:
        """Whose that is."""
        return self._wrapped.provider

    def synthesize(self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> ChunkedStream:
        """Begin to speak ``text``."""
        return self._wrapped.synthesize(text, conn_options=conn_options)

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> "StreamAdapterWrapper":
        """Begin a stream of text."""
        return StreamAdapterWrapper(tts=self, wrapped=self._wrapped, tokenizer=self._tokenizer, conn_options=conn_options)

    def prewarm(self) -> None:
        """Open a connection ahead."""
        self._wrapped.prewarm()

    async def aclose(self) -> None:
        """Listen to the voice no more; it is whose it was."""
        self._wrapped.off("metrics_collected", self._on_metrics)

    def _on_metrics(self, metrics: object) -> None:
        self.emit("metrics_collected", metrics)


class StreamAdapterWrapper(SynthesizeStream):
    """The stream of a `StreamAdapter`."""

    def __init__(self, *, tts: TTS[Any], wrapped: TTS[Any], tokenizer: SentenceTokenizer, conn_options: APIConnectOptions) -> None:
        self._wrapped = wrapped
        self._tokenizer = tokenizer
        self._wrapped_options = conn_options
        super().__init__(tts=tts, conn_options=APIConnectOptions(max_retry=0, timeout=conn_options.timeout))

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[SynthesizedAudio]) -> None:
        async for _ in event_aiter:
            pass  # what is wrapped tells them

    async def _run(self, output_emitter: AudioEmitter) -> None:
        sentences = self._tokenizer.stream()
        output_emitter.initialize(
            request_id=shortuuid(),
            sample_rate=self._tts.sample_rate,
            num_channels=self._tts.num_channels,
            mime_type="audio/pcm",
            stream=True,
        )
        output_emitter.start_segment(segment_id=shortuuid())

        async def forward() -> None:
            async for part in self._input_ch:
                if isinstance(part, str):
                    sentences.push_text(part)
                else:
                    sentences.flush()
            sentences.end_input()

        async def speak() -> None:
            spoken_s = 0.0
            async for sentence in sentences:
                output_emitter.push_timed_transcript(TimedString(sentence.token, start_time=spoken_s))
                if not sentence.token.strip():
                    continue
                self._mark_started()
                async with self._wrapped.synthesize(sentence.token.strip(), conn_options=self._wrapped_options) as audio_stream:
                    async for audio in audio_stream:
                        output_emitter.push_frame(audio.frame)
                        spoken_s += audio.frame.duration
                output_emitter.flush()

        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(forward())
                both.create_task(speak())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            await sentences.aclose()
