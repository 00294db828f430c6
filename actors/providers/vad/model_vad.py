"""A `VAD` from a `VADModel`: cuts a stream into the model's frames, checks its answers, and finds speech in them."""

from collections.abc import Callable
from typing import Final

from actors.providers.vad.segmentation import VoiceSegmenter
from protocols import (
    BYTES_PER_SAMPLE,
    AudioChunk,
    InvalidAudioError,
    ProviderError,
    VADCapabilities,
    VADEvent,
    VADModel,
    VADOptions,
    VADStream,
)


class ModelVAD:
    """A `VAD` whose streams judge by a model that ``make_model`` gives, each by one of its own."""

    def __init__(self, make_model: Callable[[], VADModel], options: VADOptions, capabilities: VADCapabilities) -> None:
        self._make_model = make_model
        self._options = options
        self.capabilities: Final = capabilities

    def prewarm(self) -> None:
        """Load the model and judge one frame of silence."""
        model = self._make_model()
        model.probability(bytes(model.frame_samples * BYTES_PER_SAMPLE))

    def stream(self, *, start_ms: int = 0) -> VADStream:
        """A new stream, whose first sample is at ``start_ms``."""
        return ModelVADStream(self._make_model(), self._options, start_ms=start_ms)

    async def aclose(self) -> None:
        """Nothing: what a model loads belongs to the process, for its next session too."""


class ModelVADStream:
    """A `VADStream` that judges by ``model``."""

    def __init__(self, model: VADModel, options: VADOptions, *, start_ms: int) -> None:
        self._model = model
        self._frame_bytes = model.frame_samples * BYTES_PER_SAMPLE
        self._segmenter = VoiceSegmenter(options, rate_hz=model.rate_hz, frame_samples=model.frame_samples, start_ms=start_ms)
        self._held = b""  # less than a frame

    def push(self, audio: AudioChunk) -> tuple[VADEvent, ...]:
        """The events of the frames that ``audio`` makes whole.

        Raises:
            InvalidAudioError: another rate than the model's; the stream is unchanged.
            ProviderError: the model failed, or answered with what is no probability; what was pushed with it is lost.
        """
        if audio.rate_hz != self._model.rate_hz:
            raise InvalidAudioError(f"voice activity detection takes {self._model.rate_hz} Hz, not {audio.rate_hz}: resample before")
        pcm = self._held + audio.pcm
        whole = len(pcm) - len(pcm) % self._frame_bytes
        self._held = pcm[whole:]
        events: list[VADEvent] = []
        for at in range(0, whole, self._frame_bytes):
            events += self._segmenter.feed(self._judge(pcm[at : at + self._frame_bytes]))
        return tuple(events)

    def flush(self) -> tuple[VADEvent, ...]:
        """The end of the speech that goes on, if any. Less than a frame is dropped."""
        self._held = b""
        return self._segmenter.finish()

    def reset(self, *, start_ms: int = 0) -> None:
        """Forget the stream; the next piece begins a new one, at ``start_ms``."""
        self._held = b""
        self._model.reset()
        self._segmenter.reset(start_ms=start_ms)

    def _judge(self, frame: bytes) -> float:
        probability = self._model.probability(frame)
        if not 0.0 <= probability <= 1.0:  # NaN is neither
            raise ProviderError(f"{type(self._model).__name__} answered {probability!r}, which is no probability", retryable=False)
        return probability
