"""The caller's voice: from the call's memory through voice activity detection to utterances, and from an utterance to its text.

Audio is read where the mailbox put it, outside the process, so there is no queue, and a new life reads it again. Recognition begins in the
silence that may end the turn, ahead of its end: if the turn does end there, its text is ready or nearly so. But nothing is recognised that
the journal does not know of, since it may kill this life.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from actors.agent_session.core import SAME_START, EndVoice, Heed, Input, Listen, Origin, Recognize, Settle
from actors.agent_session.core.inputs import (
    AudioCommitted,
    AudioLost,
    HearingFailed,
    RecognitionFailed,
    Recognized,
    VoiceBegan,
    VoiceEnded,
    VoiceLasted,
)
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.failures import failure_of
from actors.agent_session.engine.loop import OwnedTask
from actors.agent_session.engine.provider_values import answer_of, probability_of, text_of
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.media import Resampler, SegmenterOptions, SpeechEnded, SpeechEvent, SpeechSegmenter, SpeechStarted, resample
from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ, STT, Clock, VADModel

RECOGNITION_TIMEOUT_S: Final = 20.0
MAX_DEAF_S: Final = 5.0
"""Of audio for which the voice activity detection fails without a break, after which the life ends; until then such frames are silence."""
ATTEMPTS: Final = 2
FRAMES_AT_ONCE: Final = 32
"""After as many frames the loop's other work has its turn."""
ARRIVALS_KEPT: Final = 1_024
READ_S: Final = 1.0
"""Seconds of audio that are taken from the memory at a time."""
REST_S: Final = 2.0
"""Where the rest of a turn is awaited and no audio comes for so long, there is none."""


@dataclass(eq=False)
class _Guess:
    """What may be the caller's turn, and its text once that is known."""

    start: int
    end: int
    text: str | None = None
    task: OwnedTask = field(init=False)


class Ears:
    """Listens with ``vad`` and ``stt``, once it is told from where on; until then its `position` is ``start``.

    All methods are called on the event loop, but for `position`, which may be read anywhere.
    """

    def __init__(
        self,
        vad: VADModel,
        stt: STT,
        memory: SharedAudioBuffer,
        clock: Clock,
        *,
        start: int,
        min_speech_ms: int,
        end_silence_ms: int,
        min_interruption_ms: int,
        bulkhead: Bulkhead,
        spawn: Callable[[Coroutine[Any, Any, None]], OwnedTask],
        report: Callable[[Input], None],
    ) -> None:
        self._vad = vad
        self._stt = stt
        self._memory = memory
        self._clock = clock
        self._bulkhead = bulkhead
        self._spawn = spawn
        self._report = report
        self._guess: _Guess | None = None
        self._options = SegmenterOptions(
            frame_samples=vad.frame_samples * SESSION_RATE_HZ // vad.rate_hz, min_speech_ms=min_speech_ms, hangover_ms=end_silence_ms
        )
        self._padding = self._options.samples(self._options.padding_ms)
        self._interruption = self._options.samples(min_interruption_ms)
        self._arrivals: deque[tuple[int, float]] = deque(maxlen=ARRIVALS_KEPT)
        self._commits: deque[EndVoice] = deque()
        self._deaf_from: int | None = None
        self._listening = False
        self.position = start

    def listen(self, wanted: Listen) -> None:
        """Listen from a sample on, as if nothing had been heard before."""
        self._wanted, self._first, self._listening = wanted, True, True
        self.position = wanted.start
        if wanted.origin is Origin.SPEECH:  # cut into frames as in the life before, so that it ends in the same place
            self.position = max(self._memory.oldest, wanted.start - wanted.start % self._options.frame_samples)
        self._lost = wanted.origin is Origin.REST
        self._segmenter = SpeechSegmenter(self._options, first_sample=self.position, speaking=self._lost)
        self._resampler = Resampler(SESSION_RATE_HZ, self._vad.rate_hz)
        self._pending = b""
        self._read_to = self.position
        self._voiced_from: int | None = None
        self._voiced_to = self.position
        self._segment = self._start = wanted.start
        self._heeded = -1
        self._lasted = False
        self._unsettled = wanted.start if self._lost else None
        self._lost_to = -1
        self._reset()
        if self._lost:
            self._spawn(self._await_rest())
        self.hear()

    def hear(self) -> None:
        """There may be new audio: listen to it."""
        self._arrivals.append((self._memory.position, self._clock.monotonic()))
        self._go_on()

    def settle(self, wanted: Settle) -> None:
        """Nothing before a sample will be asked for again."""
        if self._unsettled is not None and self._unsettled < wanted.until:
            going_on = self._segmenter.speaking and self._segment >= wanted.until
            self._unsettled = self._segment if going_on else None
        self._mark()

    def heed(self, wanted: Heed) -> None:
        """The speech that began at a sample may be recognised before it ends."""
        self._heeded = wanted.start
        if self._segmenter.speaking:
            self._guess_end()

    def end_voice(self, wanted: EndVoice) -> None:
        """End the caller's turn at a sample, as soon as everything before it has been listened to."""
        self._commits.append(wanted)
        self._go_on()

    async def recognize(self, wanted: Recognize) -> None:
        """The text of an utterance, or why there is none."""
        guess = self._guess
        if guess is not None and (guess.start, guess.end) == (wanted.start, wanted.end):
            await asyncio.wait((guess.task,))
            if guess.text is not None:
                self._report(Recognized(token=wanted.token, text=guess.text))
                return
        pcm = self._memory.read(wanted.start, wanted.end)
        if pcm is None:
            self._lost_to = wanted.end  # of speech without a pause the rest follows there
            self._report(AudioLost(token=wanted.token))
            return
        for attempt in range(1, ATTEMPTS + 1):
            try:
                text = await self._text(pcm)
            except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
                what, retryable = failure_of(failure)
                if retryable and attempt < ATTEMPTS:
                    continue
                self._report(RecognitionFailed(token=wanted.token, text=what, retryable=retryable))
            else:
                self._report(Recognized(token=wanted.token, text=text))
            return

    async def _text(self, pcm: bytes) -> str:
        audio = resample(pcm, SESSION_RATE_HZ, self._stt.rate_hz)
        text = await self._bulkhead.call(lambda: answer_of(self._stt, "recognize", self._stt.recognize(audio)), RECOGNITION_TIMEOUT_S)
        return text_of(self._stt, "recognize() gives", text).strip()

    async def _recognize_ahead(self, guess: "_Guess") -> None:
        """Recognise what may be the whole turn; what goes wrong here is tried again once it is."""
        pcm = self._memory.read(guess.start, guess.end)
        if pcm is not None:
            with suppress(Exception):
                guess.text = await self._text(pcm)

    async def _await_rest(self) -> None:
        """Let the rest of a turn be over when nothing more comes."""
        heard_to = -1
        while self._segmenter.speaking and self._lost and heard_to != self._memory.position:
            heard_to = self._memory.position
            await asyncio.sleep(REST_S)
        if self._segmenter.speaking and self._lost:
            self._tell(self._segmenter.finish())

    def _go_on(self) -> None:
        for _ in range(FRAMES_AT_ONCE):
            if not self._listening:
                return
            if self._commits and self._reached(self._commits[0].position):
                self._commit(self._commits.popleft())
            frame = self._next_frame()
            if frame is None:
                self._mark()
                return
            self._feed(self._probability(frame))
        asyncio.get_running_loop().call_soon(self._go_on)

    def _probability(self, frame: bytes) -> float:
        """The probability of speech in ``frame``; none where the detection fails."""
        try:
            probability = probability_of(self._vad, self._vad.probability(frame))
        except BaseException as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
            self._fail(failure)
            return 0.0
        self._deaf_from = None
        return probability

    def _reset(self) -> None:
        try:
            self._vad.reset()
        except BaseException as failure:  # noqa: BLE001 - as above
            self._fail(failure)

    def _fail(self, failure: BaseException) -> None:
        """Tell of a detection that fails, once for each time that it begins to; one that goes on failing is a crash."""
        if self._deaf_from is None:
            self._deaf_from = self.position
            self._report(HearingFailed(text=failure_of(failure)[0]))
        elif self.position - self._deaf_from >= MAX_DEAF_S * SESSION_RATE_HZ:
            raise failure

    def _mark(self) -> None:
        """Note from where on another life would have to listen: from speech that nobody has settled yet, or that may just begin."""
        self._memory.settle(self._segmenter.needed_from if self._unsettled is None else self._unsettled)

    def _reached(self, position: int) -> bool:
        """Whether everything before ``position`` was listened to; what a memory that was lost had held never comes."""
        return self.position + self._options.frame_samples > position or position > self._memory.position

    def _next_frame(self) -> bytes | None:
        size = self._vad.frame_samples * BYTES_PER_SAMPLE
        while len(self._pending) < size:
            start = max(self._read_to, self._memory.oldest)
            end = min(self._memory.position, start + int(READ_S * SESSION_RATE_HZ))
            pcm = self._memory.read(start, end) if end > start else None
            if pcm is None:
                return None
            self._read_to = end
            self._pending += self._resampler.process(pcm)
        frame, self._pending = self._pending[:size], self._pending[size:]
        return frame

    def _feed(self, probability: float) -> None:
        if probability >= self._options.on_threshold and self._voiced_from is None:
            self._voiced_from = self.position
        events = self._segmenter.feed(probability)
        self.position = self._segmenter.position
        if probability >= self._options.off_threshold:
            self._voiced_to = self.position
        self._tell(events)
        if not self._segmenter.speaking:
            return
        if not self._lasted and self._segmenter.voiced >= self._interruption:
            self._lasted = True
            self._report(VoiceLasted())
        self._guess_end()

    def _guess_end(self) -> None:
        """Once the silence is as long as the padding behind speech: this is where the turn will end if nothing follows."""
        end = self._voiced_to + self._padding
        if self.position < end or self._heeded != self._start or (self._guess is not None and self._guess.end == end):
            return
        if self._guess is not None:
            self._guess.task.drop()
        self._guess = guess = _Guess(self._start, end)
        guess.task = self._spawn(self._recognize_ahead(guess))

    def _tell(self, events: tuple[SpeechEvent, ...]) -> None:
        for event in events:
            match event:
                case SpeechStarted(at_sample=start):
                    self._begin(start)
                case SpeechEnded(at_sample=end):
                    self._end(end, end - self._padding - self._options.frame_samples + 1)

    def _begin(self, found: int) -> None:
        """Speech is found at a sample. If its beginning is lost, it is told to have begun before all audio that there is."""
        wanted, first = self._wanted, self._first
        at_once = found < wanted.start + max(1, self._options.samples(self._options.hangover_ms) - self._padding)
        self._lost = found == self._lost_to or (first and wanted.origin is Origin.UNKNOWN and at_once)
        same = first and wanted.origin is Origin.SPEECH and found < wanted.start + SAME_START
        self._start = self._memory.oldest - 1 if self._lost else wanted.start if same else found
        self._segment, self._first, self._lasted = found, False, False
        if self._unsettled is None:
            self._unsettled = found
        self._report(VoiceBegan(start=self._start))

    def _end(self, end: int, sounded: int) -> None:
        """The caller's speech is over before the sample ``end``; its last sound is around the sample ``sounded``."""
        self._voiced_from = None
        if self._lost:
            self._lost_to = end
        self._report(VoiceEnded(end=end, ended_s=self._arrived(sounded)))

    def _commit(self, wanted: EndVoice) -> None:
        """Speech that goes on ends here; so does speech that is too short to have been told, since the caller says that it was some."""
        if not self._segmenter.speaking and self._voiced_from is not None:
            self._begin(max(min(self._voiced_from, self._segmenter.needed_from), self._memory.oldest))
        if self._segmenter.speaking or self._voiced_from is not None:
            self._segmenter.finish()
            end = min(wanted.position, self._memory.position)
            self._end(end, end)
        self._report(AudioCommitted(command_id=wanted.command_id))

    def _arrived(self, sample: int) -> float:
        """When the sample came in."""
        return next((at for position, at in self._arrivals if position >= sample), self._clock.monotonic())
