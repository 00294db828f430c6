from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.turn_taking import (
    ENDPOINTING_TABLE,
    EndedBy,
    EndOfTurn,
    Endpointing,
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
    TurnState,
    deadline_ms,
    endpointing_step,
    least_delay_ms,
)
from protocols import ConfigurationError, TurnPrediction, VoiceEnded, VoiceStarted

IDLE, SPEAKING, PAUSED, CLOSING = TurnState
PLAIN = EndpointingOptions()
PREDICTED = EndpointingOptions(min_delay_ms=300, max_delay_ms=2_500, predicted=True)
LATENCY_MS = 200


def started(start_ms: int) -> VoiceStarted:
    return VoiceStarted(at_ms=start_ms + 60, start_ms=start_ms)


def ended(end_ms: int, start_ms: int = 0) -> VoiceEnded:
    return VoiceEnded(at_ms=end_ms + LATENCY_MS, start_ms=start_ms, end_ms=end_ms)


def final(at_ms: float, end_ms: float | None = None) -> Transcribed:
    return Transcribed(at_ms=at_ms, end_ms=end_ms)


def wanted(number: int, end_ms: int = 2_000) -> PredictionWanted:
    return PredictionWanted(number=number, start_ms=1_000, end_ms=end_ms)


def predicted(at_ms: float, number: int, probability: float | None) -> Predicted:
    return Predicted(
        at_ms=at_ms, number=number, prediction=None if probability is None else TurnPrediction(probability=probability, threshold=0.5)
    )


def run(*events: EndpointingEvent, options: EndpointingOptions = PLAIN, turn: Endpointing | None = None) -> tuple[Endpointing, list[Any]]:
    turn, outputs = turn or Endpointing(), list[EndpointingOutput]()
    for event in events:
        turn, more = endpointing_step(turn, event, options)
        outputs += more
    return turn, outputs


def test_the_table_is_total() -> None:
    kinds = {VoiceStarted, VoiceEnded, Transcribed, Predicted, EndOfTurn, TurnCommitted, TurnCleared, TimePassed}
    assert set(ENDPOINTING_TABLE) == {(state, kind) for state in TurnState for kind in kinds}
    assert kinds == set(EndpointingEvent.__args__)


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_delay_ms": -1},
        {"min_delay_ms": 3_001},
        {"max_delay_ms": 60_001},
        {"final_timeout_ms": -1},
        {"final_timeout_ms": 60_001},
        {"max_delay_ms": float("nan")},
    ],
)
def test_times_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="must hold"):
        EndpointingOptions(**wrong)  # type: ignore[arg-type]


def test_a_turn_ends_the_least_delay_after_its_voice() -> None:
    turn, outputs = run(started(1_000), ended(2_000), final(2_300, 1_990))
    assert (turn.state, deadline_ms(turn, PLAIN), outputs) == (PAUSED, 2_500, [])
    turn, outputs = run(TimePassed(at_ms=2_499), turn=turn)
    assert (turn.state, outputs) == (PAUSED, [])
    turn, outputs = run(TimePassed(at_ms=2_500), turn=turn)
    assert (turn.state, deadline_ms(turn, PLAIN)) == (IDLE, None)
    assert outputs == [TurnEnded(at_ms=2_500, start_ms=1_000, end_ms=2_000, by=EndedBy.SILENCE)]


def test_voice_within_the_delay_goes_on_with_the_turn() -> None:
    turn, outputs = run(started(1_000), ended(2_000), final(2_300), started(2_400), TimePassed(at_ms=2_600), ended(3_000), final(3_100))
    assert outputs == []
    _, outputs = run(TimePassed(at_ms=3_500), turn=turn)
    assert outputs == [TurnEnded(at_ms=3_500, start_ms=1_000, end_ms=3_000, by=EndedBy.SILENCE)]


@pytest.mark.parametrize(("end_ms", "is_last"), [(None, True), (1_990, True), (1_700, True), (1_699, False)])
def test_a_turn_waits_for_the_text_of_its_last_words(end_ms: float | None, is_last: bool) -> None:
    turn, outputs = run(started(1_000), ended(2_000), TimePassed(at_ms=2_500))
    assert (turn.state, deadline_ms(turn, PLAIN), outputs) == (CLOSING, 4_500, [])
    turn, outputs = run(final(2_900, end_ms), turn=turn)
    assert outputs == ([TurnEnded(at_ms=2_900, start_ms=1_000, end_ms=2_000, by=EndedBy.SILENCE)] if is_last else [])
    assert turn.state is (IDLE if is_last else CLOSING)


def test_text_that_does_not_come_is_waited_for_as_long_as_is_said() -> None:
    some, _ = run(started(1_000), final(1_500, 1_400), ended(2_000), TimePassed(at_ms=2_500), TimePassed(at_ms=4_499))
    assert some.state is CLOSING
    assert run(TimePassed(at_ms=4_500), turn=some)[1] == [TurnEnded(at_ms=4_500, start_ms=1_000, end_ms=2_000, by=EndedBy.SILENCE)]
    none, outputs = run(started(1_000), ended(1_100), TimePassed(at_ms=1_600), TimePassed(at_ms=3_600))
    assert (none.state, outputs) == (IDLE, [TurnDropped(at_ms=3_600, start_ms=1_000)])


def test_text_that_comes_after_all_opens_a_turn() -> None:
    turn, _ = run(started(1_000), ended(1_100), TimePassed(at_ms=1_600), TimePassed(at_ms=3_600))
    turn, outputs = run(final(3_700, 1_100), turn=turn)
    assert (turn.state, deadline_ms(turn, PLAIN), outputs) == (PAUSED, 1_600, [])
    assert run(TimePassed(at_ms=3_700), turn=turn)[1] == [TurnEnded(at_ms=3_700, start_ms=1_100, end_ms=1_100, by=EndedBy.SILENCE)]


def test_voice_while_text_is_missing_goes_on_with_the_turn() -> None:
    turn, outputs = run(started(1_000), ended(2_000), TimePassed(at_ms=2_500), started(2_600))
    assert (turn.state, turn.start_ms, outputs) == (SPEAKING, 1_000, [])


def test_without_a_recogniser_the_voice_is_the_turn() -> None:
    options = EndpointingOptions(transcribed=False)
    _, outputs = run(started(1_000), ended(2_000), TimePassed(at_ms=2_500), options=options)
    assert outputs == [TurnEnded(at_ms=2_500, start_ms=1_000, end_ms=2_000, by=EndedBy.SILENCE)]


def test_without_voice_the_text_is_the_turn_and_each_text_begins_the_delay_anew() -> None:
    turn, _ = run(final(2_100, 2_000), final(2_400), final(2_450, 1_000))
    assert (turn.state, turn.start_ms, deadline_ms(turn, PLAIN)) == (PAUSED, 2_000, 2_900)
    turn, _ = run(final(2_100))
    assert deadline_ms(turn, PLAIN) == 2_600


@pytest.mark.parametrize(("probability", "due"), [(0.5, 2_300), (1.0, 2_300), (0.49, 4_500), (None, 2_300)])
def test_the_detector_chooses_the_delay_and_its_failure_is_none(probability: float | None, due: float) -> None:
    turn, outputs = run(started(1_000), ended(2_000), options=PREDICTED)
    assert outputs == [wanted(1)]
    assert deadline_ms(turn, PREDICTED) == 4_500
    turn, outputs = run(predicted(2_260, 1, probability), options=PREDICTED, turn=turn)
    assert (deadline_ms(turn, PREDICTED), outputs) == (due, [])


def test_a_prediction_of_another_pause_counts_for_nothing() -> None:
    turn, outputs = run(started(1_000), ended(2_000), started(2_300), predicted(2_310, 1, 1.0), ended(3_000), options=PREDICTED)
    assert outputs == [wanted(1), wanted(2, 3_000)]
    turn, _ = run(predicted(3_210, 1, 1.0), options=PREDICTED, turn=turn)
    assert deadline_ms(turn, PREDICTED) == 5_500
    turn, _ = run(predicted(3_260, 2, 1.0), options=PREDICTED, turn=turn)
    assert deadline_ms(turn, PREDICTED) == 3_300


def test_a_detector_that_reads_is_asked_again_with_each_final_text() -> None:
    reads = replace(PREDICTED, predicted_from_text=True)
    turn, outputs = run(started(1_000), ended(2_000), predicted(2_250, 1, 0.9), final(2_260), options=reads)
    assert outputs == [wanted(1), wanted(2)]
    assert deadline_ms(turn, reads) == 4_500
    assert run(started(1_000), ended(2_000), final(2_260), options=PREDICTED)[1] == [wanted(1)]


def test_a_manual_turn_is_held_until_it_is_committed() -> None:
    manual = replace(PREDICTED, predicted_from_text=True, manual=True)
    turn, outputs = run(
        started(1_000), ended(2_000), final(2_300), TimePassed(at_ms=50_000), started(60_000), ended(61_000), options=manual
    )
    assert (turn.state, deadline_ms(turn, manual), outputs) == (PAUSED, None, [])
    turn, outputs = run(TurnCommitted(at_ms=62_000), final(62_100, 60_500), options=manual, turn=turn)
    assert outputs == [TurnEnded(at_ms=62_100, start_ms=1_000, end_ms=61_000, by=EndedBy.COMMIT)]
    assert turn.usual_pause_ms == 0


def test_a_turn_that_becomes_automatic_while_it_is_paused_has_its_delay() -> None:
    turn, _ = run(started(1_000), ended(2_000), options=replace(PLAIN, manual=True))
    assert deadline_ms(turn, PLAIN) == 2_500


def test_a_commit_in_the_middle_of_speech_ends_it_there() -> None:
    turn, outputs = run(started(1_000), final(1_900, 1_800), TurnCommitted(at_ms=2_000))
    assert outputs == [TurnEnded(at_ms=2_000, start_ms=1_000, end_ms=2_000, by=EndedBy.COMMIT)]
    turn, outputs = run(started(1_000), TurnCommitted(at_ms=2_000), TurnCommitted(at_ms=2_010), ended(2_050), final(2_200, 1_000))
    assert outputs == [TurnEnded(at_ms=2_200, start_ms=1_000, end_ms=2_000, by=EndedBy.COMMIT)]
    assert (turn.state, turn.voice) == (IDLE, False)


def test_voice_that_outlasts_its_turn_begins_the_next_one_with_its_text() -> None:
    turn, _ = run(started(1_000), final(1_900, 1_800), TurnCommitted(at_ms=2_000))
    turn, outputs = run(final(3_000, 2_900), TimePassed(at_ms=9_000), turn=turn)
    assert (turn.state, outputs) == (SPEAKING, [])
    turn, outputs = run(ended(9_500), final(9_800), TimePassed(at_ms=10_000), turn=turn)
    assert outputs == [TurnEnded(at_ms=10_000, start_ms=2_900, end_ms=9_500, by=EndedBy.SILENCE)]


def test_a_commit_stands_when_the_caller_speaks_again_before_its_text_has_come() -> None:
    turn, outputs = run(started(1_000), final(1_200, 1_100), ended(2_000), TurnCommitted(at_ms=2_300), started(2_500))
    assert outputs == [TurnEnded(at_ms=2_560, start_ms=1_000, end_ms=2_000, by=EndedBy.COMMIT)]
    assert (turn.state, turn.start_ms) == (SPEAKING, 2_500)


@pytest.mark.parametrize(
    "events", [[], [started(1_000)], [started(1_000), ended(2_000)], [started(1_000), ended(2_000), TimePassed(at_ms=2_500)]]
)
def test_what_is_cleared_is_forgotten_with_its_text(events: list[EndpointingEvent]) -> None:
    turn, outputs = run(*events, TurnCleared(at_ms=2_600), final(2_700, 2_000))
    assert outputs == ([TurnDropped(at_ms=2_600, start_ms=1_000)] if events else [])
    assert turn.state is IDLE


def test_nothing_is_committed_where_nothing_was_said() -> None:
    assert run(TurnCommitted(at_ms=100)) == (Endpointing(), [])


def test_the_least_delay_follows_the_pauses_of_the_caller() -> None:
    dynamic = replace(PREDICTED, dynamic=True)
    turn, _ = run(started(1_000), ended(2_000), started(3_300), options=dynamic)
    assert least_delay_ms(turn, dynamic) == pytest.approx(0.9 * 300 + 0.1 * 1_300)
    assert least_delay_ms(turn, PREDICTED) == 300
    for at in range(10_000, 10_000 + 4_000 * 60, 4_000):
        turn, _ = run(ended(at), started(at + 2_000), options=dynamic, turn=turn)
    assert least_delay_ms(turn, dynamic) == pytest.approx(2_000, abs=10)


@pytest.mark.parametrize(("start_ms", "learns"), [(2_800, True), (3_000, True), (3_001, False)])
def test_who_speaks_again_at_once_was_cut_off_and_the_delay_learns_it(start_ms: int, learns: bool) -> None:
    turn, _ = run(started(1_000), ended(2_000), final(2_300), TimePassed(at_ms=2_500), started(start_ms))
    assert turn.usual_pause_ms == pytest.approx(0.9 * 500 + 0.1 * (start_ms - 2_000) if learns else 0)


def test_a_pause_is_learnt_as_the_longest_delay_at_most_and_never_of_a_manual_turn() -> None:
    short = EndpointingOptions(min_delay_ms=500, max_delay_ms=600)
    events = (started(1_000), ended(2_000), TimePassed(at_ms=2_500), started(3_500))
    assert run(*events, options=short)[0].usual_pause_ms == pytest.approx(0.9 * 500 + 0.1 * 600)
    assert run(*events, options=replace(short, manual=True))[0].usual_pause_ms == 0


def test_a_pause_that_is_covered_does_not_shorten_what_was_learnt() -> None:
    dynamic = replace(PLAIN, dynamic=True)
    turn, _ = run(started(1_000), ended(2_000), started(2_010), options=dynamic, turn=Endpointing(usual_pause_ms=1_000))
    assert least_delay_ms(turn, dynamic) == pytest.approx(0.9 * 1_000 + 0.1 * 500)


def test_a_detector_that_is_taken_away_delays_the_next_pause_no_more() -> None:
    turn, _ = run(started(1_000), ended(2_000), options=PREDICTED)
    turn, _ = run(started(2_500), ended(3_000), turn=turn)
    assert deadline_ms(turn, PLAIN) == 3_500


def test_text_that_comes_out_of_order_uncovers_nothing() -> None:
    _, outputs = run(started(1_000), ended(2_000), final(2_100, 1_900), final(2_200, 1_200), TimePassed(at_ms=2_500))
    assert outputs == [TurnEnded(at_ms=2_500, start_ms=1_000, end_ms=2_000, by=EndedBy.SILENCE)]


def test_the_words_of_a_turn_are_not_those_of_the_turn_before() -> None:
    turn, _ = run(started(1_000), ended(2_000), final(2_500), TimePassed(at_ms=2_500))
    turn, outputs = run(started(2_600), ended(2_700), TimePassed(at_ms=3_200), turn=turn)
    assert (turn.state, outputs) == (CLOSING, [])
    assert run(TimePassed(at_ms=5_200), turn=turn)[1] == [TurnDropped(at_ms=5_200, start_ms=2_600)]


def test_once_there_was_voice_text_moves_the_delay_no_more() -> None:
    turn, _ = run(final(2_000), started(2_100), ended(3_000), final(3_400))
    assert deadline_ms(turn, PLAIN) == 3_500


def test_voice_that_ends_before_its_text_does_ends_the_turn_with_the_text() -> None:
    turn, _ = run(started(1_000), TurnCleared(at_ms=2_000), final(3_000, 2_950), ended(2_900))
    assert (turn.state, deadline_ms(turn, PLAIN)) == (PAUSED, 3_450)


# What speaker, recogniser and detector do, in an order that can be: times only grow, voice alternates.
OPTIONS = st.builds(
    lambda least, more, **other: EndpointingOptions(min_delay_ms=least, max_delay_ms=least + more, **other),
    st.integers(0, 1_000),
    st.integers(0, 3_000),
    final_timeout_ms=st.integers(0, 3_000),
    dynamic=st.booleans(),
    predicted=st.booleans(),
    predicted_from_text=st.booleans(),
    transcribed=st.booleans(),
)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["voice", "voice", "text", "text_with_end", "answer", "stale_answer", "time", "commit", "clear"]),
        st.integers(0, 1_500),
        st.sampled_from([0.1, 0.9, None]),
    ),
    max_size=40,
)


Act = tuple[str, int, float | None]


def event_of(act: Act, now: int, turn: Endpointing, *, voice: bool) -> EndpointingEvent:
    kind, _, probability = act
    begins_or_ends = (
        VoiceEnded(at_ms=now, start_ms=0, end_ms=max(0, now - 200)) if voice else VoiceStarted(at_ms=now, start_ms=max(0, now - 60))
    )
    return {
        "voice": begins_or_ends,
        "text": Transcribed(at_ms=now),
        "text_with_end": Transcribed(at_ms=now, end_ms=max(0, now - 300)),
        "answer": predicted(now, turn.asked, probability),
        "stale_answer": predicted(now, turn.asked - 1, probability),
        "commit": TurnCommitted(at_ms=now),
        "clear": TurnCleared(at_ms=now),
        "time": TimePassed(at_ms=now),
    }[kind]


def play(acts: list[Act], options: EndpointingOptions) -> list[tuple[Endpointing, EndpointingEvent, Endpointing, tuple[Any, ...]]]:
    """Each step of a call in which every deadline is kept."""
    turn, now, voice, steps = Endpointing(), 0, False, []

    def take(event: EndpointingEvent) -> None:
        nonlocal turn
        before = turn
        turn, outputs = endpointing_step(turn, event, options)
        steps.append((before, event, turn, outputs))

    for act in acts:
        until = now + act[1]
        while (due := deadline_ms(turn, options)) is not None and due <= until:
            now = max(now, int(due) + 1)
            take(TimePassed(at_ms=now))
        now = max(now, until)
        take(event_of(act, now, turn, voice=voice))
        voice ^= act[0] == "voice"
    return steps


@given(acts=ACTS, options=OPTIONS)
def test_a_turn_ends_once_and_never_in_voice_too_soon_or_too_late(acts: list[Act], options: EndpointingOptions) -> None:
    for before, event, after, outputs in play(acts, options):
        over = [output for output in outputs if isinstance(output, TurnEnded | TurnDropped)]
        assert len(over) <= 1
        assert bool(over) <= (before.state is not IDLE)
        assert options.min_delay_ms <= least_delay_ms(after, options) <= options.max_delay_ms
        for output in over:
            assert output.start_ms == before.start_ms
            if isinstance(output, TurnEnded) and output.by is EndedBy.SILENCE:
                assert not before.voice
                assert output.at_ms >= output.end_ms + options.min_delay_ms
                assert before.worded or isinstance(event, Transcribed) or not options.transcribed
        due = deadline_ms(after, options)
        assert (due is None) is (after.state in {IDLE, SPEAKING})
        if after.state is PAUSED:
            assert due is not None
            assert due <= after.end_ms + options.max_delay_ms
        assert after.asked - before.asked == sum(isinstance(output, PredictionWanted) for output in outputs)
        assert options.predicted or after.asked == 0


@given(acts=ACTS, options=OPTIONS)
def test_a_manual_turn_ends_by_command_alone(acts: list[Act], options: EndpointingOptions) -> None:
    for before, event, _, outputs in play(acts, replace(options, manual=True)):
        if before.state is not CLOSING and outputs:
            assert isinstance(event, TurnCommitted | TurnCleared)
        assert not any(isinstance(output, TurnEnded) and output.by is EndedBy.SILENCE for output in outputs)


@given(acts=ACTS, options=OPTIONS)
def test_every_turn_is_over_some_time_after_the_last_voice(acts: list[Act], options: EndpointingOptions) -> None:
    steps = play(acts, options)
    turn = steps[-1][2] if steps else Endpointing()
    if turn.state is SPEAKING:
        turn, _ = endpointing_step(turn, VoiceEnded(at_ms=100_000, start_ms=0, end_ms=99_000), options)
    fired = 0
    while (due := deadline_ms(turn, options)) is not None:
        turn, _ = endpointing_step(turn, TimePassed(at_ms=due), options)
        fired += 1
    assert turn.state is IDLE
    assert fired <= 2


BY_STT = EndpointingOptions(min_delay_ms=300, max_delay_ms=2_000, by_stt=True, transcribed=False)


def found(at_ms: float, end_ms: float) -> EndOfTurn:
    return EndOfTurn(at_ms=at_ms, end_ms=end_ms)


def over(at_ms: float, end_ms: float, by: EndedBy = EndedBy.STT) -> TurnEnded:
    return TurnEnded(at_ms=at_ms, start_ms=1_000, end_ms=end_ms, by=by)


def test_the_least_delay_runs_from_the_end_that_the_recogniser_finds() -> None:
    turn, outputs = run(started(1_000), ended(2_000), TimePassed(at_ms=2_400), options=BY_STT)
    assert (turn.state, deadline_ms(turn, BY_STT), outputs) == (PAUSED, 4_000, []), "a pause is none of its business"
    turn, _ = run(found(2_200, 2_010), turn=turn, options=BY_STT)
    assert deadline_ms(turn, BY_STT) == 2_300, "where the voice ended is known best by who detects voice"
    assert run(TimePassed(at_ms=2_299), turn=turn, options=BY_STT)[1] == []
    assert run(TimePassed(at_ms=2_300), turn=turn, options=BY_STT)[1] == [over(2_300, 2_000)]


def test_where_the_recogniser_says_nothing_the_longest_pause_ends_the_turn() -> None:
    turn, outputs = run(started(1_000), ended(2_000), TimePassed(at_ms=3_999), options=BY_STT)
    assert outputs == []
    assert run(TimePassed(at_ms=4_000), turn=turn, options=BY_STT)[1] == [over(4_000, 2_000, EndedBy.SILENCE)]


def test_the_recogniser_ends_a_turn_though_there_is_noise() -> None:
    turn, outputs = run(started(1_000), found(2_400, 2_000), TimePassed(at_ms=2_299), options=BY_STT)
    assert (turn.state, deadline_ms(turn, BY_STT), outputs) == (PAUSED, 2_300, [])
    assert run(TimePassed(at_ms=2_400), turn=turn, options=BY_STT)[1] == [over(2_400, 2_000)]
    turn, _ = run(ended(2_350), turn=turn, options=BY_STT)
    assert deadline_ms(turn, BY_STT) == 2_300, "the voice that was taken for more is over too"


def test_who_goes_on_before_the_least_delay_is_over_has_not_finished() -> None:
    turn, outputs = run(started(1_000), ended(2_000), found(2_150, 2_000), started(2_250), options=BY_STT)
    assert (turn.state, outputs) == (SPEAKING, [])
    turn, _ = run(found(2_400, 2_200), turn=turn, options=BY_STT)
    assert turn.state is SPEAKING, "that was the end before"
    turn, _ = run(ended(3_000), TimePassed(at_ms=3_400), turn=turn, options=BY_STT)
    assert deadline_ms(turn, BY_STT) == 5_000
    assert run(found(3_500, 3_000), TimePassed(at_ms=3_500), turn=turn, options=BY_STT)[1] == [over(3_500, 3_000)]


@pytest.mark.parametrize("options", [PLAIN, PREDICTED, EndpointingOptions(manual=True)])
def test_a_recogniser_that_is_not_to_decide_decides_nothing(options: EndpointingOptions) -> None:
    turn, _ = run(started(1_000), ended(2_000), options=options)
    assert run(found(2_100, 2_000), turn=turn, options=options) == (turn, [])
    assert run(found(2_100, 2_000), options=BY_STT) == (Endpointing(), []), "nor one who hears a turn where there is none"


def test_what_reaches_its_limit_is_ended_for_good() -> None:
    limit = TurnCommitted(at_ms=2_000, by=EndedBy.LIMIT)
    assert run(started(1_000), limit, options=BY_STT)[1] == [over(2_000, 2_000, EndedBy.LIMIT)]
    turn, outputs = run(started(1_000), limit, started(2_100), options=PLAIN)
    assert (turn.state, outputs) == (SPEAKING, [TurnDropped(at_ms=2_160, start_ms=1_000)]), "who goes on begins the next"
