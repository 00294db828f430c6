"""Voice activity in the caller's audio: read where it is kept, frame by frame, and judged.

The clock of the events is milliseconds since the sample from which is listened. Frames begin at multiples of their length, so that each
incarnation cuts the audio in the same places. Where the detection fails its audio is silence, and it begins anew behind, when its
supervisor says so, by the clock of the audio. One that is given up is replaced by the fallback, so that the call is not deaf; the next
incarnation tries the first again. A fallback that is given up ends the incarnation.
"""

from collections.abc import Callable
from typing import Final

from actors.agent_session.core import Input
from actors.agent_session.engine.part_supervision import Part
from actors.agent_session.engine.part_supervisor import PartSupervisor
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.media import Resampler
from actors.providers import voice_events_of
from protocols import SESSION_RATE_HZ, VAD, AudioChunk, VADEvent, VADStream, VoiceActivity, VoiceEnded

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
        self._supervisor = self._supervise()
        self._restart_at = position  # the sample from which it is asked again
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
        self.position = self.origin = self._restart_at = aligned if aligned >= self._memory.oldest else start
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
        deaf = self.position < self._restart_at
        self.position += self._frame
        if deaf:
            return self._break_off()
        self._supervisor.asked()
        try:
            events = self._judge(pcm)
        except BaseException as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
            self._fail(failure)
            return self._break_off()
        self._supervisor.worked()
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
        """Have a detection that failed begin anew when it may, or replace it; a fallback that cannot be helped is a crash."""
        delay_s = self._supervisor.failed(failure, restart_helps=True)
        if delay_s is not None:
            self._restart_at = self.position + round(delay_s * SESSION_RATE_HZ)
            return
        if self._fallback is None:
            raise failure
        self._vad, self._fallback, self._supervisor = self._fallback(), None, self._supervise()

    def _supervise(self) -> PartSupervisor:
        return PartSupervisor(Part.VAD, lambda: self.position / SESSION_RATE_HZ, self._report)
