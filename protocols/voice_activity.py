"""The contracts of voice activity detection: when somebody speaks, and since when.

A `VAD` is made once in a process and gives a `VADStream` for each stream of audio. A stream takes PCM16 in pieces of any length and tells,
for each frame of its own, how likely speech is, and where speech began and ended. A network or an algorithm that judges frame by frame
keeps `VADModel` alone, and ``actors.providers.vad`` makes a `VAD` of it.

Times are milliseconds since the stream's beginning. They count samples, not arrivals: late audio has the times of its samples.
"""

from dataclasses import dataclass
from typing import Protocol

from protocols.audio import SESSION_RATE_HZ, AudioChunk
from protocols.errors import ConfigurationError

__all__ = ["VAD", "VADCapabilities", "VADEvent", "VADModel", "VADOptions", "VADStream", "VoiceActivity", "VoiceEnded", "VoiceStarted"]

LOWEST_SENSITIVITY, HIGHEST_SENSITIVITY = 0.05, 0.95
DEACTIVATION_SHARE = 0.7
LONGEST_MS = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VADOptions:
    """How speech is told from silence, in the same words for each detector.

    ``sensitivity`` (0.05 to 0.95) is the one word for how readily something counts as speech: higher hears quieter and less certain speech,
    and more noise. Speech begins with a frame of at least `activation`, and goes on while frames stay at `deactivation` or above.

    It is announced after ``min_speech_ms`` of such frames, and is over after ``min_silence_ms`` without. ``max_speech_ms`` ends what does
    not end by itself; if it goes on, new speech begins.

    Raises:
        ConfigurationError: a sensitivity out of its range, a time that is not positive or longer than ten minutes, or speech that could
            not be announced before it is ended.
    """

    sensitivity: float = 0.5
    min_speech_ms: int = 50
    min_silence_ms: int = 200
    max_speech_ms: int = 60_000

    def __post_init__(self) -> None:
        if not LOWEST_SENSITIVITY <= self.sensitivity <= HIGHEST_SENSITIVITY:
            raise ConfigurationError(f"sensitivity={self.sensitivity!r} must be from {LOWEST_SENSITIVITY} to {HIGHEST_SENSITIVITY}")
        if not (0 < self.min_silence_ms <= LONGEST_MS and 0 < self.min_speech_ms < self.max_speech_ms <= LONGEST_MS):
            raise ConfigurationError(f"times must be positive, at most {LONGEST_MS} ms, and max_speech_ms longer than min_speech_ms")

    @property
    def activation(self) -> float:
        """The probability from which on a frame begins speech: 0.5 by default."""
        return 1.0 - self.sensitivity

    @property
    def deactivation(self) -> float:
        """The probability below which a frame is silence: 0.35 by default."""
        return self.activation * DEACTIVATION_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class VADCapabilities:
    """What a detector takes and gives.

    ``rate_hz`` is the only rate that its streams take. ``frame_ms`` is the time between two judgements. ``graded`` tells whether its
    probabilities have degrees; one that only says yes and no gives steps.
    """

    rate_hz: int = SESSION_RATE_HZ
    frame_ms: int
    graded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceActivity:
    """One frame was judged; it ended at ``at_ms``.

    ``voiced_ms`` is how much voice there was since its onset, pauses in it not counted, also while it is too short to be announced; 0
    without. ``silent_ms`` is the time since the last frame of it. ``speaking`` tells whether speech was announced and is not over.
    """

    at_ms: int
    probability: float
    voiced_ms: int
    silent_ms: int
    speaking: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceStarted:
    """Speech goes on at ``at_ms``; its first frame began at ``start_ms``."""

    at_ms: int
    start_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceEnded:
    """The speech that began at ``start_ms`` is over, as is known at ``at_ms``; its last frame ended at ``end_ms``."""

    at_ms: int
    start_ms: int
    end_ms: int


VADEvent = VoiceActivity | VoiceStarted | VoiceEnded


class VADStream(Protocol):
    """The detector on one stream of audio; not thread-safe."""

    def push(self, audio: AudioChunk) -> tuple[VADEvent, ...]:
        """The events of the frames that ``audio``, the next piece, makes whole; at most a millisecond of work for each.

        However a stream is cut into pieces, its events are the same. There is one `VoiceActivity` for each frame, in order; a
        `VoiceStarted` or `VoiceEnded` follows that of the frame that decides it. The two alternate, and speech never overlaps.

        Raises:
            InvalidAudioError: another rate than that of the capabilities; the stream is unchanged.
            ProviderError: the detector failed, or answered with what is no probability.
        """
        ...

    def flush(self) -> tuple[VADEvent, ...]:
        """The end of the speech that goes on, if any: the stream is over. Less than a frame is dropped."""
        ...

    def reset(self, *, start_ms: int = 0) -> None:
        """Forget the stream; the next piece begins a new one, at ``start_ms``."""
        ...


class VAD(Protocol):
    """Voice activity detection; its streams share what it loads."""

    @property
    def capabilities(self) -> VADCapabilities:
        """What it takes and gives."""
        ...

    def prewarm(self) -> None:
        """Load what streams need, so that the first frame is as fast as the others. Blocks; a second time does nothing.

        Raises:
            MissingExtraError: its library is not installed.
        """
        ...

    def stream(self, *, start_ms: int = 0) -> VADStream:
        """A new stream, whose first sample is at ``start_ms``. Loads what `prewarm` has not, and raises what that does."""
        ...

    async def aclose(self) -> None:
        """Give back what it holds; its streams are over. A second time does nothing."""
        ...


class VADModel(Protocol):
    """The judgement behind a `VAD`, frame by frame over a stream; one object per stream, not thread-safe."""

    @property
    def rate_hz(self) -> int:
        """The sample rate that `probability` expects."""
        ...

    @property
    def frame_samples(self) -> int:
        """The exact number of samples of one frame."""
        ...

    def probability(self, frame: bytes) -> float:
        """The probability of speech, 0 to 1, in the next frame of PCM16. At most a millisecond; keeps its stream's state."""
        ...

    def reset(self) -> None:
        """Forget the stream: the next frame begins a new one."""
        ...
