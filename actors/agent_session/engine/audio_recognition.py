"""The caller's voice: from the call's memory through voice activity detection and endpointing to turns, and from a turn to its text.

Audio is read where the mailbox put it, outside the process, so there is no queue, and a new incarnation reads it again. Only audio passes
time (`CallerTurn`): where the agent's turn detector is asked about a pause, reading waits where the least delay is over until it has
answered. Recognition begins in the pause that may end the turn, ahead of its end: if the turn does end there, its text is ready or nearly
so. But nothing is recognised or predicted that the journal does not know of, since it may kill this incarnation.

Where the recogniser finds the ends of turns (``turn_detection="stt"``), its stream tells them, and other pauses are none of their business.
What it tells of a pause counts for nothing once the caller has gone on, so of audio that comes faster than it is spoken turns may be one.
Without a voice activity detection it tells the beginnings too, and so hears everything, also what the journal does not know of.
If that stream goes on failing, voice is told by its loudness.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, Protocol

from actors.agent_session.core import SAME_START, EndVoice, Heed, Input, Listen, Origin, Recognize, Settle
from actors.agent_session.core.inputs import AudioCommitted, TurnPredicted, VoiceBegan, VoiceEnded, VoiceLasted
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.caller_turn import (
    CallerTurn,
    CallerTurnOptions,
    TurnBegan,
    TurnLasted,
    TurnOutput,
    TurnOver,
)
from actors.agent_session.engine.loop import OwnedTask
from actors.agent_session.engine.part_supervision import Part
from actors.agent_session.engine.part_supervisor import PartSupervisor
from actors.agent_session.engine.recognised_voice import RecognisedVoice
from actors.agent_session.engine.speech_recognition import SpeechRecognition
from actors.agent_session.engine.turn_prediction import TurnPredictor
from actors.agent_session.engine.voice_reader import SAMPLES_PER_MS, VoiceReader
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.turn_taking import EndedBy, PredictionWanted, count_words
from protocols import STT, VAD, Clock, TurnDetector, TurnPrediction, VoiceActivity

FRAMES_AT_ONCE: Final = 32
"""After as many frames the loop's other work has its turn."""
ARRIVALS_KEPT: Final = 1_024
AT_ONCE_MS: Final = 300
"""What begins so soon where nothing is known has begun before, or is the next word of what has."""
LIVE_MS: Final = 500
"""Audio that is older when it is judged (a new incarnation hears it again) is not heard over the agent's speech of now."""
TOLD_LATE_MS: Final = 2_000
"""A recogniser that finds speech has told of it by then: audio that is older is not needed by another incarnation."""
REST_S: Final = 2.0
"""Where the rest of a turn is awaited and no audio comes for so long, there is none."""


class Follow(Protocol):
    """What takes the place of a recognition."""

    def __call__(self, position: int, *, listening: bool) -> None:
        """Listen from the sample ``position`` on; ``listening``: the one before did."""
        ...


class AudioRecognition:
    """Listens with ``vad`` and ``stt``, once it is told from where on; until then its `position` is ``start``.

    Without a ``vad`` the recogniser finds turns, as ``options`` have to want.

    ``detector`` predicts ends of turns, if ``options`` want that; ``detector_bulkhead`` makes its bulkhead for whoever is to know when it
    is lost; ``fallback_vad`` makes what detects voice where ``vad`` is given up; the caller's ``language`` is a BCP 47 tag. A short
    word while ``agent_speaks`` is nobody's turn, and no reason to wait for more. ``heard_voice`` is told of each frame that is judged as it
    comes, and ``echo_expected`` tells whether it may be the agent's own.

    All methods are called on the event loop, but for `position`, which may be read anywhere.
    """

    def __init__(
        self,
        vad: VAD | None,
        stt: STT,
        detector: TurnDetector | None,
        memory: SharedAudioBuffer,
        clock: Clock,
        *,
        start: int,
        options: CallerTurnOptions,
        language: str,
        fallback_vad: Callable[[], VAD],
        stt_bulkhead: Bulkhead,
        detector_bulkhead: Callable[[Callable[[BaseException], None]], Bulkhead],
        agent_speaks: Callable[[], bool],
        echo_expected: Callable[[], bool] = lambda: False,
        heard_voice: Callable[[VoiceActivity], None] = lambda _: None,
        spawn: Callable[[Coroutine[Any, Any, None]], OwnedTask],
        report: Callable[[Input], None],
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._options = options if vad is not None else replace(options, told_late_ms=TOLD_LATE_MS)
        self._agent_speaks = agent_speaks
        self._echo_expected = echo_expected
        self._heard_voice = heard_voice
        self._spawn = spawn
        self._report = report
        self._recognised = RecognisedVoice()
        self._voice = VoiceReader(vad or self._recognised, memory, report, fallback=fallback_vad, position=start)
        self._by_stt = options.endpointing.by_stt
        finder = self if self._by_stt else None
        self._recognition = SpeechRecognition(
            stt,
            memory,
            language=language,
            bulkhead=stt_bulkhead,
            spawn=spawn,
            now=clock.monotonic,
            report=report,
            finder=finder,
            understood=self._count_words,
        )
        self._predictor: TurnPredictor | None = None
        if detector is not None:
            self._predictor = TurnPredictor(
                detector,
                memory,
                language=language,
                bulkhead=detector_bulkhead,
                supervisor=PartSupervisor(Part.TURN_DETECTOR, clock.monotonic, report),
                spawn=spawn,
                answer=self._predicted,
            )
        self._arrivals: deque[tuple[int, float]] = deque(maxlen=ARRIVALS_KEPT)
        self._commits: deque[EndVoice] = deque()
        self._listening = False
        self._follow: Follow | None = None

    @property
    def position(self) -> int:
        """The sample of the caller's audio up to which was listened."""
        return self._voice.position

    def listen(self, wanted: Listen) -> None:
        """Listen from a sample on, as if nothing had been heard before."""
        self._recognition.listen()
        self._recognised.end()
        self._wanted, self._first, self._listening = wanted, True, True
        self._lost = wanted.origin is Origin.REST
        self._voice.begin(wanted.start)
        origin, free_from = self._voice.ms(self.position), self._voice.ms(wanted.start)
        self._turn = CallerTurn(self._options, at_ms=origin, free_from_ms=free_from, rest=self._lost)
        self._segment = self._start = wanted.start
        self._heeded = -1
        self._over_speech = False
        self._unsettled = wanted.start if self._lost else None
        self._lost_to = -1
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
            going_on = self._turn.open and self._segment >= wanted.until
            self._unsettled = self._segment if going_on else None
        self._mark()
        self._give_way()

    def heed(self, wanted: Heed) -> None:
        """The speech that began at a sample may be recognised before it ends."""
        self._heeded = wanted.start
        self._think_ahead()

    def end_voice(self, wanted: EndVoice) -> None:
        """End the caller's turn at a sample, as soon as everything before it has been listened to."""
        self._commits.append(wanted)
        self._go_on()

    def leave(self, follow: Follow) -> None:
        """Listen no more, as soon as no turn goes on and all before is settled; then let ``follow`` listen."""
        self._follow = follow
        self._give_way()

    def speech_began(self, sample: int) -> None:
        """The recogniser hears speech from a sample on."""
        if not self._listening:
            return
        if self._stands_by:
            self._recognised.begin()
        elif not self._turn.open:
            return  # the voice activity detection tells of beginnings
        self._tell(self._turn.begin_turn(self._voice.ms(sample)))

    def turn_ended(self, sample: int) -> None:
        """The recogniser finds that the turn is over."""
        if self._listening:
            self._recognised.end()
            self._tell(self._turn.end_turn(self._voice.ms(sample)))
            self._go_on()  # what follows may have been heard already, and is another turn's

    def stream_began(self) -> None:
        """The recogniser hears what comes."""
        self._recognised.work_again()

    def stream_lost(self, failure: Exception) -> None:
        """The recogniser hears nothing more; of a turn that goes on, what is recognised anew will be known."""
        self._recognised.fail(failure)

    async def recognize(self, wanted: Recognize) -> None:
        """The text of an utterance, or why there is none."""
        if wanted.start < self._memory.oldest:
            self._lost_to = wanted.end  # of speech without a pause the rest follows there
        await self._recognition.recognize(wanted)

    def _give_way(self) -> None:
        """Let who is to follow listen, if nothing stands in the way any more."""
        if self._follow is None or (self._listening and (self._turn.open or self._unsettled is not None or self._commits)):
            return
        follow, self._follow = self._follow, None
        listening, self._listening = self._listening, False
        position = self._voice.sample(self._turn.needed_from) if listening else self.position
        self._recognition.close()
        if self._predictor is not None:
            self._predictor.drop()
        follow(max(position, self._memory.oldest), listening=listening)

    async def _await_rest(self) -> None:
        """Let the rest of a turn be over when nothing more comes."""
        heard_to = -1
        while self._turn.open and self._lost and heard_to != self._memory.position:
            heard_to = self._memory.position
            await asyncio.sleep(REST_S)
        if self._turn.open and self._lost:
            self._tell(self._turn.commit(self._voice.ms(self.position), EndedBy.SILENCE))

    def _go_on(self) -> None:
        for _ in range(FRAMES_AT_ONCE):
            if not self._listening:
                return
            if self._commits and self._reached(self._commits[0].position):
                self._commit(self._commits.popleft())
            self._think_ahead()
            if self._turn.awaits_prediction(self._voice.frame_ms):
                return
            events = self._voice.next()
            if events is None:
                self._mark()
                self._give_way()
                return
            if self._memory.position - self.position < LIVE_MS * SAMPLES_PER_MS:
                for event in events:
                    if isinstance(event, VoiceActivity):
                        self._heard_voice(event)
            self._tell(self._turn.feed(events))
        asyncio.get_running_loop().call_soon(self._go_on)

    @property
    def _stands_by(self) -> bool:
        """Whether only the recogniser tells where there is voice."""
        return self._voice.vad is self._recognised

    def _reached(self, position: int) -> bool:
        """Whether everything before ``position`` was listened to; what a memory that was lost had held never comes."""
        return self._voice.reaches(position) or position > self._memory.position

    def _mark(self) -> None:
        """Note from where on another incarnation would have to listen: from speech that nobody has settled yet, or that may just begin."""
        self._memory.settle(self._voice.sample(self._turn.needed_from) if self._unsettled is None else self._unsettled)

    def _think_ahead(self) -> None:
        """In a pause, recognise and predict what is known to the journal: this is where the turn will end if nothing follows."""
        if self._listening and self._stands_by:
            self._recognition.stand_by(self.position, self._start if self._turn.open and not self._lost else None)
        if not self._listening or not self._turn.open or self._heeded != self._start:
            return
        if not self._lost:
            self._recognition.follow(self._start, self.position)
        if not self._by_stt and (end := self._turn.paused_at) is not None:
            self._recognition.begin(self._start, self._voice.sample(end))
        if self._predictor is not None:
            self._predictor.go_on()

    def _predicted(self, number: int, prediction: TurnPrediction | None) -> None:
        if prediction is not None:
            self._report(TurnPredicted(probability=prediction.probability, threshold=prediction.threshold))
        self._tell(self._turn.predict(number, prediction))
        self._go_on()

    def _tell(self, outputs: tuple[TurnOutput, ...]) -> None:
        for output in outputs:
            match output:
                case TurnBegan(start_ms=start):
                    self._begin(max(self._voice.sample(start), self._memory.oldest))
                case TurnLasted():
                    self._report(VoiceLasted(echo=self._over_speech and self._echo_expected()))
                case PredictionWanted(number=number, end_ms=end):
                    self._predict(number, self._voice.sample(end))
                case TurnOver(end_ms=end, voice_end_ms=voice_end, by=by):
                    self._end(self._voice.sample(end), self._voice.sample(voice_end), by)

    def _predict(self, number: int, end: int) -> None:
        hopeless = self._lost or (self._over_speech and not self._turn.lasted)  # of half a turn nobody could tell
        if self._predictor is None or hopeless:
            asyncio.get_running_loop().call_soon(self._predicted, number, None)
        else:
            self._predictor.want(number, self._start, end)

    def _begin(self, found: int) -> None:
        """A turn is found at a sample. If its beginning is lost, it is told to have begun before all audio that there is."""
        wanted, first = self._wanted, self._first
        at_once = found < wanted.start + AT_ONCE_MS * SAMPLES_PER_MS
        self._lost = found == self._lost_to or (first and wanted.origin is Origin.UNKNOWN and at_once)
        same = first and wanted.origin is Origin.SPEECH and found < wanted.start + SAME_START
        self._start = self._memory.oldest - 1 if self._lost else wanted.start if same else found
        self._segment, self._first, self._over_speech = found, False, self._agent_speaks()
        if self._unsettled is None:
            self._unsettled = found
        if not self._lost:
            self._recognition.take_up(self._start)
        self._report(VoiceBegan(start=self._start))

    def _end(self, end: int, voice_end: int, by: EndedBy) -> None:
        """The caller's turn is over before the sample ``end``; its last voice ended at the sample ``voice_end``."""
        self._recognition.settle(self._start, end, found=by is EndedBy.STT)
        if self._predictor is not None:
            self._predictor.drop()
        self._voice.forget()
        if self._lost:
            self._lost_to = end
        self._report(VoiceEnded(end=end, ended_s=self._arrived(voice_end - self._voice.frame_ms * SAMPLES_PER_MS + 1), by=by))

    def _count_words(self, text: str) -> None:
        """So much is understood of the turn that goes on: end it if that is as much as one may have."""
        most = self._options.max_turn_words
        if most and self._turn.open and count_words(text) >= most:
            self._tell(self._turn.commit(self._voice.ms(self.position), EndedBy.LIMIT))

    def _commit(self, wanted: EndVoice) -> None:
        """Speech that goes on ends here; so does speech that is too short to have been told, since the caller says that it was some."""
        self._tell(self._turn.commit(self._voice.ms(min(wanted.position, self._memory.position))))
        self._report(AudioCommitted(command_id=wanted.command_id))

    def _arrived(self, sample: int) -> float:
        """When the sample came in."""
        return next((at for position, at in self._arrivals if position >= sample), self._clock.monotonic())
