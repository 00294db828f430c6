"""Where speech begins and ends in a stream, decided from one probability for each frame.

A pure machine: it knows neither audio nor the clock, only frames of equal length.

How it works: silence, onset, speech. A frame of at least `VADOptions.activation` is an onset; then frames down to ``deactivation`` are
voice too, so that speech does not flicker where it is quiet. An onset whose voiced frames reach ``min_speech_ms`` is announced; one that is
silent for as long before that is forgotten: a click, a cough. Announced speech is over after ``min_silence_ms`` without voice.
"""

from math import ceil

from protocols import VADEvent, VADOptions, VoiceActivity, VoiceEnded, VoiceStarted


class VoiceSegmenter:
    """Turns probabilities into `VADEvent`; not thread-safe. A frame has ``frame_samples`` at ``rate_hz``; the first is at ``start_ms``."""

    def __init__(self, options: VADOptions, *, rate_hz: int, frame_samples: int, start_ms: int = 0) -> None:
        self._options = options
        self._rate_hz = rate_hz
        self._frame_samples = frame_samples
        self._min_speech = self._frames(options.min_speech_ms)
        self._min_silence = self._frames(options.min_silence_ms)
        self._max_speech = self._frames(options.max_speech_ms)
        self._onset: int | None  # the frame where voice began, announced or not yet
        self._announced: bool
        self._voiced: int  # frames since the onset
        self.reset(start_ms=start_ms)

    def reset(self, *, start_ms: int) -> None:
        """Forget the stream; the next frame begins a new one, at ``start_ms``."""
        self._start_ms = start_ms
        self._judged = 0  # frames
        self._voice_end = 0  # in frames, of the last voiced one
        self._forget()

    def feed(self, probability: float) -> tuple[VADEvent, ...]:
        """The events of the next frame: its `VoiceActivity`, and then what it decides."""
        self._judged += 1
        decided = self._voice() if probability >= self._threshold else self._silence()
        activity = VoiceActivity(
            at_ms=self._ms(self._judged),
            probability=probability,
            voiced_ms=self._ms(self._voiced) - self._start_ms,
            silent_ms=self._ms(self._judged) - self._ms(self._voice_end),
            speaking=self._announced,
        )
        return (activity, *decided)

    def finish(self) -> tuple[VADEvent, ...]:
        """The end of the speech that goes on, if any."""
        return self._end() if self._announced else ()

    @property
    def _threshold(self) -> float:
        return self._options.activation if self._onset is None else self._options.deactivation

    @property
    def _too_long(self) -> bool:
        return self._onset is not None and self._judged - self._onset >= self._max_speech

    def _voice(self) -> tuple[VADEvent, ...]:
        if self._onset is None:
            self._onset = self._judged - 1
        self._voiced += 1
        self._voice_end = self._judged
        if not self._announced:
            if self._voiced < self._min_speech:
                return ()
            self._announced = True
            return (VoiceStarted(at_ms=self._ms(self._judged), start_ms=self._ms(self._onset)),)
        return self._end() if self._too_long else ()

    def _silence(self) -> tuple[VADEvent, ...]:
        silent = self._judged - self._voice_end
        if self._announced:
            return self._end() if silent >= self._min_silence or self._too_long else ()
        if silent >= self._min_speech:
            self._forget()
        return ()

    def _end(self) -> tuple[VADEvent, ...]:
        onset = self._onset or 0  # there is one, or nothing would have been announced
        self._forget()
        return (VoiceEnded(at_ms=self._ms(self._judged), start_ms=self._ms(onset), end_ms=self._ms(self._voice_end)),)

    def _forget(self) -> None:
        self._onset, self._announced, self._voiced = None, False, 0

    def _ms(self, frames: int) -> int:
        return self._start_ms + frames * self._frame_samples * 1000 // self._rate_hz

    def _frames(self, ms: int) -> int:
        return ceil(ms * self._rate_hz / 1000 / self._frame_samples)
