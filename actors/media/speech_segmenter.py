"""Where speech begins and ends in a stream, decided from one probability per frame.

A pure machine: it knows neither audio nor time, only frames. Positions are samples since the start of the stream, so whoever holds
the audio cuts exactly what is meant, and a stream that goes on in another process keeps its numbers (``first_sample``).
"""

from dataclasses import dataclass
from math import ceil

from protocols import SESSION_RATE_HZ, ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmenterOptions:
    """How speech is told from silence.

    Speech begins with a frame of at least ``on_threshold`` and goes on while frames stay at ``off_threshold`` or above. It is announced
    after ``min_speech_ms`` of such frames (a cough is no speech), and is over after ``hangover_ms`` below. Both ends
    are padded by ``padding_ms`` of what lies around. ``max_speech_ms`` ends speech that does not end; what follows is new speech.

    Raises:
        ConfigurationError: thresholds that are no probabilities or in the wrong order, or a time that is not positive.
    """

    rate_hz: int = SESSION_RATE_HZ
    frame_samples: int = 512
    on_threshold: float = 0.5
    off_threshold: float = 0.35
    min_speech_ms: int = 250
    hangover_ms: int = 500
    padding_ms: int = 200
    max_speech_ms: int = 25_000

    def __post_init__(self) -> None:
        if not 0.0 < self.off_threshold <= self.on_threshold < 1.0:
            raise ConfigurationError("thresholds: 0 < off_threshold <= on_threshold < 1 must hold")
        times = (self.min_speech_ms, self.hangover_ms, self.padding_ms + 1, self.rate_hz, self.frame_samples)
        if min(times) <= 0 or self.max_speech_ms <= self.min_speech_ms:
            raise ConfigurationError("times must be positive, and max_speech_ms longer than min_speech_ms")

    def frames(self, ms: int) -> int:
        """The number of frames that last at least ``ms`` milliseconds."""
        return ceil(ms * self.rate_hz / 1000 / self.frame_samples)

    def samples(self, ms: int) -> int:
        """The number of samples in ``ms`` milliseconds."""
        return ms * self.rate_hz // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """Speech goes on now; with its padding it began at the sample ``at_sample``."""

    at_sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechEnded:
    """The speech is over; with its padding it ended before the sample ``at_sample``."""

    at_sample: int


SpeechEvent = SpeechStarted | SpeechEnded


class SpeechSegmenter:
    """Turns probabilities into `SpeechStarted` and `SpeechEnded`, which alternate; segments never overlap.

    An event comes with the frame that decides it. ``first_sample`` is the position of the first frame. If it is ``speaking`` there already,
    the first event is the end of that.
    """

    def __init__(self, options: SegmenterOptions | None = None, *, first_sample: int = 0, speaking: bool = False) -> None:
        self.options = options or SegmenterOptions()
        self._at = first_sample
        self._free_from = first_sample  # what lies before is gone, or belongs to the last segment
        self._onset: int | None = first_sample if speaking else None  # of speech, announced or not yet
        self._announced = speaking
        self._voiced = 0
        self._silent = 0
        self._last_voiced_end = first_sample

    @property
    def speaking(self) -> bool:
        """Whether speech was announced and has not ended."""
        return self._announced

    @property
    def position(self) -> int:
        """The sample after the last frame."""
        return self._at

    @property
    def voiced(self) -> int:
        """The samples of the frames since its beginning in which speech, announced or not yet, was heard: pauses in it do not count."""
        return self._voiced * self.options.frame_samples

    @property
    def needed_from(self) -> int:
        """The sample from which audio may still be asked for by an event; what is older can be dropped."""
        onset = self._at if self._onset is None else self._onset
        return max(self._free_from, onset - self.options.samples(self.options.padding_ms))

    def feed(self, probability: float) -> tuple[SpeechEvent, ...]:
        """The events of the next frame, whose probability of speech is ``probability``."""
        start, self._at = self._at, self._at + self.options.frame_samples
        if self._onset is None:
            if probability < self.options.on_threshold:
                return ()
            self._onset, self._voiced = start, 0
        if probability < self.options.off_threshold:
            return self._silence()
        self._voiced += 1
        self._silent = 0
        self._last_voiced_end = self._at
        return self._speech()

    def finish(self) -> tuple[SpeechEvent, ...]:
        """The events of the stream's end, or of the caller's word that the turn is over; too short a speech is none."""
        return self._end() if self._announced else self._forget()

    def _speech(self) -> tuple[SpeechEvent, ...]:
        if not self._announced:
            if self._voiced < self.options.frames(self.options.min_speech_ms):
                return ()
            self._announced = True
            return (SpeechStarted(at_sample=self.needed_from),)
        if self._onset is not None and self._at - self._onset >= self.options.samples(self.options.max_speech_ms):
            return self._end()
        return ()

    def _silence(self) -> tuple[SpeechEvent, ...]:
        self._silent += 1
        if self._announced:
            return self._end() if self._silent >= self.options.frames(self.options.hangover_ms) else ()
        return self._forget() if self._silent >= self.options.frames(self.options.min_speech_ms) else ()

    def _end(self) -> tuple[SpeechEvent, ...]:
        end = min(self._last_voiced_end + self.options.samples(self.options.padding_ms), self._at)
        self._free_from = end
        self._forget()
        return (SpeechEnded(at_sample=end),)

    def _forget(self) -> tuple[SpeechEvent, ...]:
        self._onset, self._announced, self._voiced, self._silent = None, False, 0, 0
        return ()
