"""Voice activity in the caller's audio: read where it is kept, frame by frame, and judged.

The clock of the events is milliseconds since the sample from which is listened. Frames begin at multiples of their length, so that each
incarnation cuts the audio in the same places. Where the detection fails its audio is silence, and it begins anew behind. One that goes on
failing is replaced by the fallback, so that the call is not deaf; the next incarnation tries the first again.
"""

from collections.abc import Callable
from typing import Final

from actors.agent_session.core import Input
from actors.agent_session.core.inputs import HearingDegraded, HearingFailed
from actors.agent_session.engine.failures import failure_of
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.media import Resampler
from actors.providers import voice_events_of
from protocols import SESSION_RATE_HZ, VAD, AudioChunk, VADEvent, VADStream, VoiceActivity, VoiceEnded

MAX_DEAF_S: Final = 1.0
"""Of audio in which the detection fails, well again for `WELL_S` at no time; then the fallback detects, and where that fails so long the
incarnation ends."""
WELL_S: Final = 1.0
"""Of audio without a failure, after which the detection is well again."""
SAMPLES_PER_MS: Final = SESSION_RATE_HZ // 1000


class VoiceReader:
    """Judges the audio in ``memory`` with ``vad`` from `begin` on, or with what ``fallback`` gives; used on the event loop.

    `position` is the sample after the last frame, `origin` that of 0 ms.
    """

    def __init__(
        self, vad: VAD, memory: SharedAudioBuffer, report: Callable[[Input], None], *, fallback: Callable[[], VAD], position: int
    ) -> None:
        self._vad = vad
        self._fallback: Callable[[], VAD] | None = fallback
        self._memory = memory
        self._report = report
        self._stream: VADStream | None = None
        self._failing: tuple[int, int] | None = None  # the samples where it began to fail, and where it failed last
        self._last: VoiceActivity  # the last frame's
        self.position = self.origin = position

    @property
    def vad(self) -> VAD:
        """What judges now."""
        return self._vad

    @property
    def frame_ms(self) -> int:
        """The length of a frame."""
        return max(1, self._vad.capabilities.frame_ms)

    @property
    def _frame(self) -> int:
        return self.frame_ms * SAMPLES_PER_MS

    def begin(self, start: int) -> None:
        """Listen from the sample ``start`` on, or a little before, as if nothing had been heard until then."""
        aligned = start - start % self._frame
        self.position = self.origin = aligned if aligned >= self._memory.oldest else start
        self._restart()

    def ms(self, sample: int) -> float:
        """When the sample is, on the clock of the events."""
        return (sample - self.origin) / SAMPLES_PER_MS

    def sample(self, ms: float) -> int:
        """The sample at a time on the clock of the events."""
        return self.origin + round(ms * SAMPLES_PER_MS)

    def reaches(self, sample: int) -> bool:
        """Whether less than a frame before ``sample`` is not judged yet."""
        return self.position + self._frame > sample

    def next(self) -> tuple[VADEvent, ...] | None:
        """What the next frame comes to; None if it is not there yet."""
        if self.position < self._memory.oldest:  # too slow: what was overwritten counts as silence
            self.position += -(-(self._memory.oldest - self.position) // self._frame) * self._frame
            return self._break_off()
        pcm = self._memory.read(self.position, self.position + self._frame)
        if pcm is None:
            return None
        self.position += self._frame
        try:
            events = self._judge(pcm)
        except BaseException as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
            self._fail(failure)
            return self._break_off()
        if self._failing is not None and self.position - self._failing[1] >= WELL_S * SESSION_RATE_HZ:
            self._failing = None
        return events

    def forget(self) -> None:
        """Let voice that goes on be new voice."""
        if self._last.voiced_ms > 0:
            self._restart()

    def _judge(self, pcm: bytes) -> tuple[VADEvent, ...]:
        if self._stream is None:
            self._stream = self._vad.stream(start_ms=self._last.at_ms)
        pcm = self._resampler.process(pcm)
        if not pcm:
            return ()
        pushed = self._stream.push(AudioChunk(pcm=pcm, rate_hz=self._vad.capabilities.rate_hz))
        events = voice_events_of(self._vad, pushed, after_ms=self._last.at_ms, until_ms=self._now)
        self._last = next((event for event in reversed(events) if isinstance(event, VoiceActivity)), self._last)
        return events

    @property
    def _now(self) -> int:
        return round(self.ms(self.position))

    def _restart(self) -> None:
        """Have the next frame begin a new stream."""
        self._stream = None
        self._resampler = Resampler(SESSION_RATE_HZ, self._vad.capabilities.rate_hz)
        self._last = VoiceActivity(at_ms=self._now, probability=0.0, voiced_ms=0, silent_ms=0, speaking=False)

    def _break_off(self) -> tuple[VADEvent, ...]:
        """What it comes to that the audio up to now is not judged: silence, and the end of the voice before it."""
        last = self._last
        self._restart()
        if not last.speaking:
            return (self._last,)
        return (self._last, VoiceEnded(at_ms=self._last.at_ms, start_ms=last.at_ms, end_ms=last.at_ms - last.silent_ms))

    def _fail(self, failure: BaseException) -> None:
        """Tell of a detection that fails, once for each time that it begins to; one that goes on failing is replaced, and then a crash."""
        if self._failing is None:
            self._failing = self.position, self.position
            self._report(HearingFailed(text=failure_of(failure)[0]))
            return
        since = self._failing[0]
        self._failing = since, self.position
        if self.position - since < MAX_DEAF_S * SESSION_RATE_HZ:
            return
        if self._fallback is None:
            raise failure
        self._vad, self._fallback, self._failing = self._fallback(), None, None
        self._report(HearingDegraded(text=failure_of(failure)[0]))
