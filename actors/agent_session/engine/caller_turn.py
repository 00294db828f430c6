"""The caller's turn as its voice tells it, frame by frame: when it begins, whether it lasts, and when it is over.

A pure machine around `endpointing_step`. Its clock is the audio's: milliseconds as in `VADEvent`, and nothing else passes time. So audio
that comes late, all at once, or again in another incarnation is cut in the same places. What a detector says of a pause counts from where
the least delay is over: no frame beyond is to be fed before it is known (`awaits_prediction`).

How it works. Voice begins with an onset. With ``min_speech_ms`` of it, pauses left out, it is a turn, from its onset on; what is silent
for as long before that is forgotten: a cough. ``min_interruption_ms`` of voice last; a pause of the least delay begins that count anew.
Whatever is not over after ``max_turn_ms`` is ended, at the latest after `MAX_TURN_MS`, since no more of it is kept.

A recogniser that finds the ends of turns tells them when it does (`end_turn`), and beginnings too where there is no voice activity
detection (`begin_turn`). These come late, and not always equally late: only audio that is cut by them alone may be cut elsewhere in another
incarnation.
"""

from dataclasses import dataclass, replace
from typing import Final

from actors.turn_taking import (
    EndedBy,
    EndOfTurn,
    Endpointing,
    EndpointingEvent,
    EndpointingOptions,
    Predicted,
    PredictionWanted,
    TimePassed,
    TurnCommitted,
    TurnEnded,
    TurnState,
    awaits_prediction,
    endpointing_step,
    least_delay_ms,
)
from protocols import TurnPrediction, VADEvent, VoiceActivity, VoiceStarted

PADDING_MS: Final = 200
"""Of what lies around the voice that belongs to a turn: unvoiced sounds, on which no detector of voice can be relied."""
MAX_TURN_MS: Final = 25_000
"""Of one turn; what follows is another. The caller's audio is kept for 30 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerTurnOptions:
    """How much voice is a turn, how much interrupts, when a turn is over, and when it has to be.

    As many as ``max_turn_words`` end it too, where they are known while it lasts (0: it does not matter how many). Speech may be told of
    ``told_late_ms`` after it began, beside what the voice activity detection takes (0).
    """

    min_speech_ms: int
    min_interruption_ms: int
    endpointing: EndpointingOptions
    max_turn_ms: int = MAX_TURN_MS
    max_turn_words: int = 0
    told_late_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnBegan:
    """The caller speaks; with its padding his turn began at ``start_ms``."""

    start_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLasted:
    """He has spoken for long enough to interrupt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOver:
    """His turn is over; with its padding it ended before ``end_ms``, and its last voice at ``voice_end_ms``."""

    end_ms: float
    voice_end_ms: float
    by: EndedBy = EndedBy.SILENCE


TurnOutput = TurnBegan | TurnLasted | TurnOver | PredictionWanted


class CallerTurn:
    """Follows one caller from ``at_ms`` on; ``rest``: he spoke there, or did just now, and his turn is already known."""

    def __init__(self, options: CallerTurnOptions, *, at_ms: float, free_from_ms: float, rest: bool = False) -> None:
        self._options = options
        self._at = at_ms
        self._free_from = free_from_ms  # what lies before is gone, or belongs to the turn before
        self._turn = Endpointing(state=TurnState.PAUSED, start_ms=at_ms, end_ms=at_ms, voiced=True) if rest else Endpointing()
        self._onset: float | None = None  # of voice that is no turn yet, or of the turn
        self._heard_from: float | None = None  # the first voice since the last turn, also if it was forgotten
        self._voice_end = at_ms
        self._voiced = 0.0
        self._beginning = False  # voice that no detector has announced yet
        self._lasted = False

    @property
    def open(self) -> bool:
        """Whether there is a turn that is not over."""
        return self._turn.state is not TurnState.IDLE

    @property
    def lasted(self) -> bool:
        """Whether he has spoken for long enough to interrupt."""
        return self._lasted

    @property
    def paused_at(self) -> float | None:
        """Where the voice of the open turn ended, with its padding, if that has passed: there the turn ends if nothing follows."""
        end = self._turn.end_ms + PADDING_MS
        return end if self._turn.state is TurnState.PAUSED and self._at >= end else None

    @property
    def needed_from(self) -> float:
        """From where on audio may still be asked for by a turn that is not told yet."""
        onset = self._at - self._options.told_late_ms if self._onset is None else self._onset
        return max(self._free_from, onset - PADDING_MS)

    def awaits_prediction(self, frame_ms: float) -> bool:
        """Whether another frame would come to where the least delay is over before it is known what the detector says."""
        due = self._turn.end_ms + least_delay_ms(self._turn, self._options.endpointing)
        return awaits_prediction(self._turn) and not self._beginning and self._at + frame_ms >= due

    def feed(self, events: tuple[VADEvent, ...]) -> tuple[TurnOutput, ...]:
        """What the events of the next audio come to."""
        outputs: list[TurnOutput] = []
        for event in events:
            if isinstance(event, VoiceActivity):
                outputs += self._judge_frame(event)
            elif self.open:
                outputs += self._step(event)
        if self.open and self._at - self._turn.start_ms >= self._options.max_turn_ms:
            outputs += self.commit(self._at, EndedBy.LIMIT)
        else:
            outputs += self._pass_time()
        return tuple(outputs)

    def begin_turn(self, start_ms: float) -> tuple[TurnOutput, ...]:
        """The recogniser hears speech from ``start_ms`` on: his turn begins there, or goes on after an end that it had found.

        In a pause of the voice that is late news, or no voice: nobody would tell its end.
        """
        if self.open:
            if not self._turn.voice or start_ms <= self._turn.end_ms:
                return ()
            return self._step(VoiceStarted(at_ms=round(self._at), start_ms=round(start_ms)))
        if self._heard_from is None:
            self._heard_from = start_ms
        return self._begin(max(start_ms, self._free_from))

    def end_turn(self, end_ms: float) -> tuple[TurnOutput, ...]:
        """The recogniser finds his turn over, whose speech ended at ``end_ms``."""
        return self._step(EndOfTurn(at_ms=self._at, end_ms=min(end_ms, self._at))) + self._pass_time()

    def predict(self, number: int, prediction: TurnPrediction | None) -> tuple[TurnOutput, ...]:
        """What the detector's answer to the `PredictionWanted` of this number comes to; None where it has none."""
        return self._step(Predicted(at_ms=self._at, number=number, prediction=prediction))

    def commit(self, at_ms: float, by: EndedBy = EndedBy.COMMIT) -> tuple[TurnOutput, ...]:
        """End the turn: the caller says so, or nothing more of it comes. Then voice that is too short for a turn is one, too."""
        outputs: tuple[TurnOutput, ...] = ()
        if not self.open and self._heard_from is not None:
            outputs = self._begin(self._heard_from if self._onset is None else min(self._heard_from, self._onset))
        return outputs + self._step(TurnCommitted(at_ms=at_ms, by=by))

    def _pass_time(self) -> tuple[TurnOutput, ...]:
        if self._beginning:  # voice that begins before the turn is over goes on with it, however late it is announced
            return ()
        return self._step(TimePassed(at_ms=self._at))

    def _judge_frame(self, event: VoiceActivity) -> tuple[TurnOutput, ...]:
        before, self._at = self._at, event.at_ms
        self._beginning = event.voiced_ms > 0 and not event.speaking
        if event.voiced_ms == 0 or event.silent_ms > 0:
            self._fall_silent(self._at - self._voice_end)
            return ()
        self._voice_end = self._at
        self._voiced += self._at - before
        if self._onset is None:
            self._onset = before
        if self._heard_from is None:
            self._heard_from = before
        outputs: tuple[TurnOutput, ...] = ()
        if not self.open and event.speaking and self._voiced >= self._options.min_speech_ms:
            outputs = self._begin(self._onset)
        if self.open and not self._lasted and self._voiced >= self._options.min_interruption_ms:
            self._lasted = True
            outputs += (TurnLasted(),)
        return outputs

    def _fall_silent(self, silent_ms: float) -> None:
        if self.open:
            if silent_ms >= least_delay_ms(self._turn, self._options.endpointing):
                self._voiced = 0.0
        elif silent_ms >= self._options.min_speech_ms:
            self._onset, self._voiced = None, 0.0

    def _begin(self, onset: float) -> tuple[TurnOutput, ...]:
        start = max(self._free_from, onset - PADDING_MS)
        self._step(VoiceStarted(at_ms=round(self._at), start_ms=round(onset)))
        self._turn = replace(self._turn, start_ms=start)
        return (TurnBegan(start_ms=start),)

    def _step(self, event: EndpointingEvent) -> tuple[TurnOutput, ...]:
        self._turn, outputs = endpointing_step(self._turn, event, self._options.endpointing)
        told: list[TurnOutput] = []
        for output in outputs:
            if isinstance(output, PredictionWanted):
                told.append(output)
            elif isinstance(output, TurnEnded):
                told.append(self._end(output))
        return tuple(told)

    def _end(self, ended: TurnEnded) -> TurnOver:
        known_ms = ended.at_ms if ended.by is EndedBy.COMMIT else self._at
        end = min(ended.end_ms + PADDING_MS, known_ms)
        self._free_from = end
        self._onset, self._heard_from, self._voiced, self._lasted = None, None, 0.0, False
        return TurnOver(end_ms=end, voice_end_ms=min(ended.end_ms, end), by=ended.by)
