"""When somebody's turn is over: a pure machine, one total table, with the time as an argument.

How it works. A turn opens with voice, or with text where no voice was heard. Each time the voice ends the turn is *paused*, and a delay
runs from the end of the voice: ``min_delay_ms``, or ``max_delay_ms`` where the turn detector finds the turn not over, or has not answered.
Voice within it goes on with the same turn. After it the turn is *closing*: over, but for the text of its last words, which may take
``final_timeout_ms``. Then it has ended; a turn without a word (a cough) is dropped.

Where the recogniser finds the end of a turn (``by_stt``), the least delay runs from the end of speech that it tells, even if there still is
voice, which may be noise; without a word of it a pause is as long as the longest.

A manual turn has no delay: it ends when it is committed, and until then is held however long its pauses are.

With ``dynamic``, the least delay follows this caller's pauses: each that did not end his turn, or ended it wrongly, since he went on
within half a second after that, moves it a tenth of the way (the filter of livekit-agents, ``voice/endpointing.py``).

All times are milliseconds on the clock of `protocols.VADEvent`. The order of events is that in which they are known; a timer that is
late costs nothing but its lateness.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, cast

from actors.turn_taking.events import (
    EndedBy,
    EndOfTurn,
    EndpointingEvent,
    EndpointingOptions,
    EndpointingOutput,
    Predicted,
    PredictionWanted,
    TimePassed,
    Transcribed,
    TurnCleared,
    TurnCommitted,
    TurnDropped,
    TurnEnded,
)
from protocols import VoiceEnded, VoiceStarted

_SMOOTHING: Final = 0.9
_CUT_IN_MS: Final = 500
"""Who speaks again so soon after his turn was ended had not finished it."""
_FOR_GOOD: Final = frozenset({EndedBy.COMMIT, EndedBy.LIMIT})
"""What ends a turn also for him who goes on."""
_COVERED_MS: Final = 300
"""A text that ends as much before the voice does is its last: recognisers and detectors differ about ends."""


class TurnState(StrEnum):
    """Where the turn is."""

    IDLE = "idle"
    SPEAKING = "speaking"
    PAUSED = "paused"
    CLOSING = "closing"


class Verdict(StrEnum):
    """What the detector, or the recogniser, says of this pause."""

    NONE = "none"
    PENDING = "pending"
    OVER = "over"
    NOT_OVER = "not_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpointing:
    """The open turn, and what was learnt; as it is made, nobody has spoken yet."""

    state: TurnState = TurnState.IDLE
    start_ms: float = 0.0
    end_ms: float = 0.0
    """Of the last voice; while it lasts, of that before."""
    voice_ms: float = 0.0
    """When the last voice began."""
    covered_ms: float = 0.0
    """Up to where the final text goes."""
    worded: bool = False
    voice: bool = False
    """Whether there is voice now."""
    voiced: bool = False
    """Whether there was voice in the turn: then it alone tells when it pauses."""
    verdict: Verdict = Verdict.NONE
    asked: int = 0
    closing_ms: float = 0.0
    by: EndedBy = EndedBy.SILENCE
    cleared_ms: float = float("-inf")
    last_end_ms: float = float("-inf")
    last_known_ms: float = float("-inf")
    """When the last voice of the turn before ended, and when that turn did."""
    usual_pause_ms: float = 0.0
    """The mean of the pauses within turns, at least the least delay; 0 before the first."""


Step = tuple[Endpointing, tuple[EndpointingOutput, ...]]


def endpointing_step(turn: Endpointing, event: EndpointingEvent, options: EndpointingOptions) -> Step:
    """The turn after ``event``, and what is to be done in this order. Defined for each event in each state."""
    return ENDPOINTING_TABLE[turn.state, type(event)](turn, event, options)


def deadline_ms(turn: Endpointing, options: EndpointingOptions) -> float | None:
    """When a `TimePassed` is due; None if only another event can change anything."""
    if turn.state is TurnState.CLOSING:
        return turn.closing_ms + options.final_timeout_ms
    if turn.state is not TurnState.PAUSED or options.manual:
        return None
    waits = turn.verdict is not Verdict.OVER if options.by_stt else turn.verdict in {Verdict.PENDING, Verdict.NOT_OVER}
    return turn.end_ms + (options.max_delay_ms if waits else least_delay_ms(turn, options))


def awaits_prediction(turn: Endpointing) -> bool:
    """Whether the turn pauses, and what the detector says of this pause is not known yet."""
    return turn.state is TurnState.PAUSED and turn.verdict is Verdict.PENDING


def least_delay_ms(turn: Endpointing, options: EndpointingOptions) -> float:
    """The delay of a turn that is likely over: fixed, or what was learnt of this caller."""
    usual = turn.usual_pause_ms if options.dynamic else 0.0
    return min(max(options.min_delay_ms, usual), options.max_delay_ms)


def _stay(turn: Endpointing, _event: EndpointingEvent, _options: EndpointingOptions) -> Step:
    return turn, ()


def _open(turn: Endpointing, event: VoiceStarted, options: EndpointingOptions) -> Step:
    if event.start_ms - turn.last_known_ms <= _CUT_IN_MS:
        turn = _learn(turn, event.start_ms - turn.last_end_ms, options)
    start = event.start_ms
    turn = replace(turn, start_ms=start, end_ms=start, voice_ms=start)
    return replace(turn, state=TurnState.SPEAKING, worded=False, voice=True, voiced=True), ()


def _open_by_text(turn: Endpointing, event: Transcribed, options: EndpointingOptions) -> Step:
    end = event.at_ms if event.end_ms is None else event.end_ms
    if end <= turn.cleared_ms:
        return turn, ()
    turn = replace(turn, start_ms=end, end_ms=end, covered_ms=end, worded=True, voiced=turn.voice)
    # Voice that outlasts its turn, which was committed or cleared, begins the next one.
    return (replace(turn, state=TurnState.SPEAKING), ()) if turn.voice else _pause(turn, options)


def _go_on(turn: Endpointing, event: VoiceStarted, options: EndpointingOptions) -> Step:
    turn = _learn(turn, event.start_ms - turn.end_ms, options)
    return replace(turn, state=TurnState.SPEAKING, voice=True, voiced=True, voice_ms=event.start_ms), ()


def _find_over(turn: Endpointing, event: EndOfTurn, options: EndpointingOptions) -> Step:
    if not options.by_stt or event.end_ms <= turn.voice_ms:  # he has gone on since
        return turn, ()
    end = turn.end_ms if turn.state is TurnState.PAUSED else event.end_ms
    return replace(turn, state=TurnState.PAUSED, end_ms=end, verdict=Verdict.OVER), ()


def _voice_ended(turn: Endpointing, event: VoiceEnded, options: EndpointingOptions) -> Step:
    if options.by_stt and turn.state is TurnState.PAUSED:  # the recogniser knew before
        return replace(turn, voice=False), ()
    return _pause(replace(turn, end_ms=max(turn.end_ms, event.end_ms), voice=False), options)


def _fall_silent(turn: Endpointing, _event: VoiceEnded, _options: EndpointingOptions) -> Step:
    return replace(turn, voice=False), ()


def _pause(turn: Endpointing, options: EndpointingOptions) -> Step:
    turn = replace(turn, state=TurnState.PAUSED, verdict=Verdict.NONE)
    return _ask(turn) if options.predicted and not options.manual else (turn, ())


def _ask(turn: Endpointing) -> Step:
    turn = replace(turn, verdict=Verdict.PENDING, asked=turn.asked + 1)
    return turn, (PredictionWanted(number=turn.asked, start_ms=turn.start_ms, end_ms=turn.end_ms),)


def _add_text(turn: Endpointing, event: Transcribed, _options: EndpointingOptions) -> Step:
    end = event.at_ms if event.end_ms is None else event.end_ms
    return replace(turn, worded=True, covered_ms=max(turn.covered_ms, end)), ()


def _add_text_in_pause(turn: Endpointing, event: Transcribed, options: EndpointingOptions) -> Step:
    turn, _ = _add_text(turn, event, options)
    if not turn.voiced:
        return _pause(replace(turn, end_ms=max(turn.end_ms, turn.covered_ms)), options)
    asks = options.predicted and options.predicted_from_text and not options.manual
    return _ask(turn) if asks else (turn, ())


def _add_last_text(turn: Endpointing, event: Transcribed, options: EndpointingOptions) -> Step:
    turn, _ = _add_text(turn, event, options)
    # After a commit the recogniser was told to finish: whatever it gives then is the rest.
    complete = turn.by in _FOR_GOOD or _covered(turn, options)
    return _end(turn, event.at_ms, options) if complete else (turn, ())


def _judge(turn: Endpointing, event: Predicted, _options: EndpointingOptions) -> Step:
    if event.number != turn.asked:
        return turn, ()
    if event.prediction is None:
        return replace(turn, verdict=Verdict.NONE), ()
    return replace(turn, verdict=Verdict.OVER if event.prediction.likely_over else Verdict.NOT_OVER), ()


def _pass_time_paused(turn: Endpointing, event: TimePassed, options: EndpointingOptions) -> Step:
    due = deadline_ms(turn, options)
    if due is None or event.at_ms < due:
        return turn, ()
    found = options.by_stt and turn.verdict is Verdict.OVER
    return _close(turn, event.at_ms, EndedBy.STT if found else EndedBy.SILENCE, options)


def _pass_time_closing(turn: Endpointing, event: TimePassed, options: EndpointingOptions) -> Step:
    late = event.at_ms >= turn.closing_ms + options.final_timeout_ms
    return _end(turn, event.at_ms, options) if late else (turn, ())


def _commit(turn: Endpointing, event: TurnCommitted, options: EndpointingOptions) -> Step:
    end = event.at_ms if turn.state is TurnState.SPEAKING else turn.end_ms
    return _close(replace(turn, end_ms=end), event.at_ms, event.by, options)


def _close(turn: Endpointing, at_ms: float, by: EndedBy, options: EndpointingOptions) -> Step:
    turn = replace(turn, state=TurnState.CLOSING, by=by, closing_ms=at_ms)
    return _end(turn, at_ms, options) if _covered(turn, options) else (turn, ())


def _go_on_closing(turn: Endpointing, event: VoiceStarted, options: EndpointingOptions) -> Step:
    if turn.by not in _FOR_GOOD:
        return _go_on(turn, event, options)
    # A commit stands: this voice is the next turn's, and so is text that is still missing.
    turn, ended = _end(turn, event.at_ms, options)
    turn, _ = _open(turn, event, options)
    return turn, ended


def _clear(turn: Endpointing, event: TurnCleared, _options: EndpointingOptions) -> Step:
    dropped = () if turn.state is TurnState.IDLE else (TurnDropped(at_ms=event.at_ms, start_ms=turn.start_ms),)
    return replace(turn, state=TurnState.IDLE, cleared_ms=event.at_ms), dropped


def _end(turn: Endpointing, at_ms: float, options: EndpointingOptions) -> Step:
    if options.transcribed and not turn.worded:
        return replace(turn, state=TurnState.IDLE), (TurnDropped(at_ms=at_ms, start_ms=turn.start_ms),)
    idle = replace(turn, state=TurnState.IDLE, last_end_ms=turn.end_ms, last_known_ms=at_ms)
    return idle, (TurnEnded(at_ms=at_ms, start_ms=turn.start_ms, end_ms=turn.end_ms, by=turn.by),)


def _covered(turn: Endpointing, options: EndpointingOptions) -> bool:
    return not options.transcribed or (turn.worded and turn.covered_ms >= turn.end_ms - _COVERED_MS)


def _learn(turn: Endpointing, pause_ms: float, options: EndpointingOptions) -> Endpointing:
    """What the caller's pauses are like, after another one within a turn; a manual turn's say nothing about him.

    A pause that the least delay covers counts as that delay: it is no sign that a shorter one would do.
    """
    if options.manual:
        return turn
    usual = max(turn.usual_pause_ms, options.min_delay_ms)
    pause = min(max(pause_ms, options.min_delay_ms), options.max_delay_ms)
    return replace(turn, usual_pause_ms=_SMOOTHING * usual + (1 - _SMOOTHING) * pause)


_Handler = Callable[[Endpointing, EndpointingEvent, EndpointingOptions], Step]

# fmt: off
_ROWS: Final = {
    #                   idle            speaking      paused              closing
    VoiceStarted:      (_open,          _stay,        _go_on,             _go_on_closing),
    VoiceEnded:        (_fall_silent,   _voice_ended, _voice_ended,       _fall_silent),
    Transcribed:   (_open_by_text,  _add_text,    _add_text_in_pause, _add_last_text),
    Predicted:         (_stay,          _stay,        _judge,             _stay),
    EndOfTurn:         (_stay,          _find_over,   _find_over,         _stay),
    TurnCommitted:     (_stay,          _commit,      _commit,            _stay),
    TurnCleared:       (_clear,         _clear,       _clear,             _clear),
    TimePassed:        (_stay,          _stay,        _pass_time_paused,  _pass_time_closing),
}
# fmt: on
ENDPOINTING_TABLE: Final[Mapping[tuple[TurnState, type], _Handler]] = MappingProxyType(
    {(state, event): cast("_Handler", handler) for event, row in _ROWS.items() for state, handler in zip(TurnState, row, strict=True)}
)
"""What each event does in each state."""
