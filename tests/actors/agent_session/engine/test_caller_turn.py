"""The caller's turn as a pure machine: frames in, turns out."""

import pytest

from actors.agent_session.engine.caller_turn import CallerTurn, CallerTurnOptions, TurnBegan, TurnLasted, TurnOutput, TurnOver
from actors.providers.vad.segmentation import VoiceSegmenter
from actors.turn_taking import EndedBy, EndpointingOptions, PredictionWanted
from protocols import TurnPrediction, VADOptions

FRAME = 20
YES, NO = (TurnPrediction(probability=probability, threshold=0.5) for probability in (0.9, 0.1))


class Line:
    """A caller, by milliseconds of voice (positive) and silence (negative)."""

    def __init__(
        self, *, min_speech_ms: int = 100, min_interruption_ms: int = 400, rest: bool = False, max_turn_ms: int = 25_000, **delays: object
    ) -> None:
        given = {"min_delay_ms": 300, "max_delay_ms": 1_000, "transcribed": False, **delays}
        options = CallerTurnOptions(
            min_speech_ms=min_speech_ms,
            min_interruption_ms=min_interruption_ms,
            endpointing=EndpointingOptions(**given),  # type: ignore[arg-type]
            max_turn_ms=max_turn_ms,
        )
        self.turn = CallerTurn(options, at_ms=0, free_from_ms=0, rest=rest)
        self._segmenter = VoiceSegmenter(VADOptions(min_silence_ms=100), rate_hz=1_000, frame_samples=FRAME)

    def hear(self, *runs: int) -> list[TurnOutput]:
        told: list[TurnOutput] = []
        for run in runs:
            for _ in range(abs(run) // FRAME):
                assert not self.turn.awaits_prediction(FRAME)
                told += self.turn.feed(self._segmenter.feed(float(run > 0)))
        return told


def test_a_turn_begins_with_enough_voice_and_ends_after_the_least_delay() -> None:
    line = Line()
    assert line.hear(-500, 80) == []
    assert line.hear(20) == [TurnBegan(start_ms=300)]
    assert line.turn.open
    assert line.hear(200, -280) == []
    assert line.hear(-20) == [TurnOver(end_ms=1_000, voice_end_ms=800)]
    assert not line.turn.open


def test_voice_that_is_too_short_is_forgotten_unless_more_follows_soon() -> None:
    assert Line().hear(60, -100, 60, -1_000) == []
    assert Line().hear(60, -80, 60, -1_000) == [TurnBegan(start_ms=0), TurnOver(end_ms=400, voice_end_ms=200)]


def test_pauses_count_neither_for_a_turn_nor_for_an_interruption() -> None:
    assert TurnLasted() not in Line().hear(200, -200, 180, -300)
    assert TurnLasted() in Line().hear(200, -200, 200)


def test_voice_after_a_pause_of_the_least_delay_interrupts_only_if_it_lasts_itself() -> None:
    line = Line(predicted=True)
    line.hear(300, -100)
    line.turn.predict(1, NO)
    assert line.hear(-500, 300, -100) == [PredictionWanted(number=2, start_ms=0, end_ms=1_200)]
    line.turn.predict(2, NO)
    assert line.hear(-160, 200) == [TurnLasted()]


def test_a_turn_lasts_once() -> None:
    assert Line().hear(2_000).count(TurnLasted()) == 1


def test_voice_that_begins_before_the_turn_is_over_goes_on_with_it_and_a_click_does_not() -> None:
    assert len(Line().hear(200, -280, 200)) == 2  # begun and lasted
    line = Line()
    line.hear(200, -280)
    assert line.hear(20) == []
    assert line.hear(-200) == [TurnOver(end_ms=400, voice_end_ms=200)]


def test_where_the_least_delay_is_over_it_waits_for_the_prediction() -> None:
    line = Line(predicted=True)
    assert line.hear(200, -100)[-1] == PredictionWanted(number=1, start_ms=0, end_ms=200)
    line.hear(-160)
    assert not line.turn.awaits_prediction(FRAME)
    line.hear(-20)
    assert line.turn.awaits_prediction(FRAME)
    assert line.turn.predict(7, YES) == ()
    assert line.turn.awaits_prediction(FRAME)
    assert line.turn.predict(1, YES) == ()
    assert line.hear(-20) == [TurnOver(end_ms=400, voice_end_ms=200)]


@pytest.mark.parametrize(("prediction", "ends_ms"), [(YES, 300), (None, 300), (NO, 1_000)])
def test_a_prediction_decides_between_the_least_and_the_longest_delay(prediction: TurnPrediction | None, ends_ms: int) -> None:
    line = Line(predicted=True)
    line.hear(200, -100)
    line.turn.predict(1, prediction)
    assert line.hear(-(ends_ms - 120)) == []
    assert line.hear(-20) == [TurnOver(end_ms=400, voice_end_ms=200)]


def test_the_end_of_a_pause_is_known_once_its_padding_has_passed() -> None:
    line = Line()
    line.hear(200, -180)
    assert line.turn.paused_at is None
    line.hear(-20)
    assert line.turn.paused_at == 400
    line.hear(-100)
    assert line.turn.paused_at is None  # it is over


def test_padding_never_reaches_into_the_turn_before_nor_beyond_what_was_heard() -> None:
    line = Line(min_delay_ms=100)
    assert line.hear(200, -100)[-1] == TurnOver(end_ms=300, voice_end_ms=200)
    assert line.hear(100)[0] == TurnBegan(start_ms=300)


def test_what_may_still_be_asked_for_begins_before_the_onset() -> None:
    line = Line()
    line.hear(-500)
    assert line.turn.needed_from == 300
    line.hear(60, -40)
    assert line.turn.needed_from == 300
    line.hear(-500)
    assert line.turn.needed_from == 900


def test_a_commit_ends_what_goes_on_and_counts_what_was_too_short() -> None:
    line = Line()
    line.hear(200)
    assert line.turn.commit(190) == (TurnOver(end_ms=190, voice_end_ms=190, by=EndedBy.COMMIT),)
    assert line.turn.commit(200) == ()
    line = Line()
    line.hear(-500, 40, -1_000)
    assert line.turn.commit(1_540) == (TurnBegan(start_ms=300), TurnOver(end_ms=1_540, voice_end_ms=1_540, by=EndedBy.COMMIT))


def test_a_rest_is_over_after_the_least_delay_without_voice() -> None:
    assert Line(rest=True).hear(-300) == [TurnOver(end_ms=200, voice_end_ms=0)]
    assert Line(rest=True).hear(-100, 200, -300) == [TurnOver(end_ms=500, voice_end_ms=300)]


def test_whatever_does_not_end_is_ended() -> None:
    line = Line(manual=True)
    told = line.hear(*[400, -600] * 26)
    assert [output for output in told if isinstance(output, TurnOver)] == [TurnOver(end_ms=24_600, voice_end_ms=24_400, by=EndedBy.LIMIT)]


def test_whoever_speaks_too_long_is_ended_and_what_he_goes_on_with_is_another_turn() -> None:
    line = Line(max_turn_ms=1_000)
    told = line.hear(1_500, -400)
    assert told == [
        TurnBegan(start_ms=0),
        TurnLasted(),
        TurnOver(end_ms=1_000, voice_end_ms=1_000, by=EndedBy.LIMIT),
        TurnBegan(start_ms=1_000),
        TurnLasted(),
        TurnOver(end_ms=1_700, voice_end_ms=1_500),
    ]


def test_a_recogniser_ends_the_turn_and_takes_it_back_while_there_is_voice() -> None:
    line = Line(by_stt=True)
    line.hear(600)
    assert line.turn.end_turn(580) == ()
    assert line.hear(200) == [], "the least delay is not over"
    assert line.turn.begin_turn(700) == ()
    assert line.hear(200, -980) == []
    assert line.hear(-20) == [TurnOver(end_ms=1_200, voice_end_ms=1_000)], "where it finds no end, after the longest delay"


def test_a_beginning_that_is_told_late_or_without_voice_holds_no_turn_open() -> None:
    for start_ms in (0, 250):
        line = Line(by_stt=True)
        line.hear(200, -100)
        assert line.turn.begin_turn(start_ms) == ()
        assert line.hear(-880) == []
        assert line.hear(-20) == [TurnOver(end_ms=400, voice_end_ms=200)]


def test_without_a_detector_of_voice_a_turn_is_from_the_beginning_to_the_end_that_are_told() -> None:
    line = Line(by_stt=True)
    line.hear(-1_000)
    assert line.turn.begin_turn(800) == (TurnBegan(start_ms=600),)
    assert line.turn.begin_turn(900) == ()
    line.hear(-400)
    assert line.turn.end_turn(1_300) == ()
    assert line.turn.begin_turn(1_350) == (), "he goes on"
    line.hear(-400)
    assert line.turn.end_turn(1_500) == (TurnOver(end_ms=1_700, voice_end_ms=1_500, by=EndedBy.STT),), "at once: it came late"
    assert line.turn.end_turn(1_500) == ()
    assert line.turn.begin_turn(1_600) == (TurnBegan(start_ms=1_700),), "no sample is of two turns"
