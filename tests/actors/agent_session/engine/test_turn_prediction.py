"""The caller's turn where a detector predicts its end: one that answers, at whatever pace the audio comes, and one that does not."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.agent_session.core import EndVoice, Heed, Listen, Origin, Recognize
from actors.agent_session.core.inputs import AudioCommitted, Recognized, VoiceBegan, VoiceEnded
from protocols import SESSION_RATE_HZ, Degraded, OpenTurn, PartRestarted, ProviderError, TurnDetectorCapabilities, TurnPrediction
from support import virtual_time
from support.recognition_room import PADDING, Room, room_after
from support.scripted_providers import read_aloud, spoken

MS = SESSION_RATE_HZ // 1000
HESITANT = "I'd really like,"
REST = "two pizzas, please"
QUIET = bytes(2 * SESSION_RATE_HZ)


class Detector:
    """Finds a turn over that does not end in a comma, after ``takes_s``; notes what it was asked."""

    capabilities = TurnDetectorCapabilities(audio_s=8.0, silence_ms=100)

    def __init__(self, takes_s: float = 0.05, *outcomes: object) -> None:
        self.takes_s = takes_s
        self.outcomes = list(outcomes)
        self.asked: list[bytes] = []

    def prewarm(self) -> None:
        return None

    async def predict(self, turn: OpenTurn, *, timeout_s: float = 1.0) -> TurnPrediction:
        del timeout_s
        self.asked.append(turn.audio)
        await virtual_time.passes(self.takes_s)
        if self.outcomes:
            outcome = self.outcomes.pop(0)
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome  # type: ignore[return-value]
        over = not read_aloud(turn.audio, SESSION_RATE_HZ).endswith(",")
        return TurnPrediction(probability=float(over), threshold=0.5)

    async def aclose(self) -> None:
        return None


def run(detector: Detector, test: Callable[[Room], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def work() -> None:
        room = Room(predictor=detector, **options)
        await test(room)
        assert not room.desk.crashes
        await room.desk.close()

    virtual_time.run(work())


async def live(room: Room, pcm: bytes, chunk_ms: int = 20) -> None:
    """The caller's audio as it comes, in real time."""
    size = 2 * MS * chunk_ms
    for at in range(0, len(pcm), size):
        room.hear(pcm[at : at + size])
        await virtual_time.passes(chunk_ms / 1000)


def ranges(room: Room) -> list[tuple[int, int]]:
    """From where to where each turn is that is over."""
    return [(began.start, ended.end) for began, ended in zip(room.desk.all(VoiceBegan), room.desk.all(VoiceEnded), strict=False)]


async def text_of(room: Room, begun: int, ended: int) -> str:
    room.desk.spawn(room.recognition.recognize(Recognize(token=9, start=begun, end=ended)))
    return (await room.desk.wait_for(Recognized)).text


def test_who_hesitates_within_a_sentence_has_one_turn() -> None:
    detector = Detector()

    async def test(room: Room) -> None:
        await live(room, spoken(HESITANT, pause_s=0.8) + spoken(REST, pause_s=1.0))
        ((begun, ended),) = ranges(room)
        assert ended == len(spoken(HESITANT, pause_s=0.8) + spoken(REST)) // 2 + PADDING
        text = await text_of(room, begun, ended)
        assert (text[: len(HESITANT)], text[-len(REST) :]) == (HESITANT, REST)

    run(detector, test)
    assert len(detector.asked) == 2


def test_without_a_detector_that_sentence_is_two_turns() -> None:
    async def work() -> None:
        room = Room()
        await live(room, spoken(HESITANT, pause_s=0.8) + spoken(REST, pause_s=1.0))
        assert len(ranges(room)) == 2
        await room.desk.close()

    virtual_time.run(work())


def test_a_turn_that_is_found_over_ends_at_the_least_delay() -> None:
    async def test(room: Room) -> None:
        await live(room, spoken(REST) + bytes(2 * 280 * MS))
        assert not ranges(room)
        await live(room, bytes(2 * 60 * MS))
        assert ranges(room) == [(0, 180 * MS + PADDING)]

    run(Detector(), test)


def test_a_turn_that_is_found_open_and_does_not_go_on_ends_at_the_longest_delay() -> None:
    async def test(room: Room) -> None:
        await live(room, spoken(HESITANT) + bytes(2 * 1_480 * MS))
        assert not ranges(room)
        await live(room, bytes(2 * 40 * MS))
        assert ranges(room) == [(0, 160 * MS + PADDING)]

    run(Detector(), test)


def test_the_detector_hears_the_turn_with_as_much_silence_as_it_wants() -> None:
    detector = Detector()

    async def test(room: Room) -> None:
        room.hear(QUIET + spoken("x" * 1_000) + QUIET)
        await room.desk.wait_for(VoiceEnded)

    run(detector, test)
    (audio,) = detector.asked
    assert audio == spoken("x" * 790) + bytes(2 * 100 * MS)


@pytest.mark.parametrize(
    "outcome",
    [
        ProviderError("out of order", retryable=False),
        ProviderError("it does not know the language 'xx'", retryable=False),
        ValueError("odd"),
        SystemExit(1),
        asyncio.CancelledError(),
        None,
        0.7,
        TurnPrediction(probability=float("nan"), threshold=0.5),
        TurnPrediction(probability="high", threshold=0.5),  # type: ignore[arg-type]
        TurnPrediction(probability=0.5, threshold=7.0),
    ],
)
def test_a_detector_that_has_no_answer_leaves_the_least_delay(outcome: object) -> None:
    async def test(room: Room) -> None:
        await live(room, spoken(HESITANT, pause_s=0.34))
        assert ranges(room) == [(0, 160 * MS + PADDING)]

    run(Detector(0.01, outcome), test)


def test_a_detector_that_does_not_answer_is_waited_for_no_longer_than_a_second_and_given_up_at_last() -> None:
    detector = Detector(takes_s=1e6)

    async def test(room: Room) -> None:
        for turn in range(6):
            now = virtual_time.clock().time()
            room.hear(spoken(HESITANT, pause_s=2.0))
            await room.desk.wait_for(VoiceEnded, turn + 1)
            assert virtual_time.clock().time() - now == pytest.approx(1.0 if turn < 4 else 0.0, abs=0.05)
            await virtual_time.passes(2)

        degraded = [event for event in room.desk.parts if isinstance(event, Degraded)]
        assert [(event.part, event.to) for event in degraded] == [("turn_detector", "vad")]

    run(detector, test)
    assert len(detector.asked) == 4


def test_a_detector_that_goes_on_failing_is_given_up_with_an_event() -> None:
    detector = Detector(0.01, *[ValueError("odd")] * 9)

    async def test(room: Room) -> None:
        for turn in range(6):
            room.hear(spoken(HESITANT, pause_s=2.0))
            await room.desk.wait_for(VoiceEnded, turn + 1)
            await virtual_time.passes(2)
        restarts = [event.restarts for event in room.desk.parts if isinstance(event, PartRestarted)]
        assert restarts == [1, 2, 3]
        assert room.desk.parts[-1] == Degraded(part="turn_detector", to="vad", text="ValueError: odd")

    run(detector, test)
    assert len(detector.asked) == 4


def test_a_detector_that_does_not_even_end_when_it_is_cancelled_holds_nobody_up() -> None:
    class Stubborn(Detector):
        async def predict(self, turn: OpenTurn, *, timeout_s: float = 1.0) -> TurnPrediction:
            while True:
                try:
                    await virtual_time.passes(1e6)
                except asyncio.CancelledError:
                    if len(self.asked) > 100:
                        raise
                    self.asked.append(b"")

    async def test(room: Room) -> None:
        room.hear(spoken(HESITANT, pause_s=2.0))
        await room.desk.wait_for(VoiceEnded)
        assert virtual_time.clock().time() == pytest.approx(1.0, abs=0.05)
        stubborn.asked += [b""] * 101

    stubborn = Stubborn()
    run(stubborn, test)


def test_nothing_is_predicted_that_the_journal_does_not_know_of() -> None:
    detector = Detector()

    async def test(room: Room) -> None:
        room.hear(spoken(REST, pause_s=2.0))
        began = await room.desk.wait_for(VoiceBegan)
        await virtual_time.passes(0.5)
        assert (detector.asked, ranges(room)) == ([], [])
        room.recognition.heed(Heed(start=began.start))
        await room.desk.wait_for(VoiceEnded)
        assert len(detector.asked) == 1

    run(detector, test, heeds=False)


def test_half_a_turn_is_not_predicted() -> None:
    detector = Detector()

    async def work() -> None:
        room = room_after(spoken(REST), start=1_000, origin=Origin.REST, predictor=detector)
        room.hear(spoken(HESITANT, pause_s=1.0))
        await room.desk.wait_for(VoiceEnded)
        await room.desk.close()

    virtual_time.run(work())
    assert not detector.asked


@pytest.mark.parametrize(("words", "asked"), [("mm,", 0), ("mm, but what I really wanted to say,", 1)])
def test_a_short_word_under_the_agents_speech_is_not_waited_for(words: str, asked: int) -> None:
    detector = Detector()

    async def test(room: Room) -> None:
        await live(room, spoken("y" * 12 + words, pause_s=0.34))
        assert len(ranges(room)) == 1 - asked

    run(detector, test, agent_speaks=True)
    assert len(detector.asked) == asked


def test_a_turn_that_is_committed_in_its_pause_waits_for_no_detector() -> None:
    async def test(room: Room) -> None:
        pcm = spoken(HESITANT, pause_s=0.25)
        await live(room, pcm)
        room.recognition.end_voice(EndVoice(command_id="commit", position=len(pcm) // 2))
        await room.desk.wait_for(AudioCommitted)
        assert ranges(room) == [(0, 160 * MS + PADDING)]
        await live(room, spoken(REST, pause_s=0.1))
        assert len(room.desk.all(VoiceBegan)) == 2

    run(Detector(takes_s=10.0), test)


@pytest.mark.parametrize("died_after_ms", [60, 200, 390, 500, 690])
def test_a_death_in_the_pause_changes_nothing_about_where_the_turn_ends(died_after_ms: int) -> None:
    async def work() -> None:
        first = Room(predictor=Detector())
        before = bytes(2 * 8_037) + spoken(HESITANT * 2)
        await live(first, before + bytes(2 * died_after_ms * MS))
        (began,) = first.desk.all(VoiceBegan)
        assert not ranges(first)
        await first.desk.close()
        again = Room(memory=first.memory, listen=Listen(start=began.start, origin=Origin.SPEECH), predictor=Detector())
        await live(again, bytes(2 * (700 - died_after_ms) * MS) + spoken(REST, pause_s=1.0))
        whole = Room(predictor=Detector())
        await live(whole, before + bytes(2 * 700 * MS) + spoken(REST, pause_s=1.0))
        assert ranges(again) == ranges(whole)
        assert len(ranges(whole)) == 1
        for room in (again, whole):
            await room.desk.close()

    virtual_time.run(work())


def test_a_manual_turn_is_held_through_its_pauses_until_it_is_committed() -> None:
    async def work() -> None:
        room = Room(manual=True)
        pcm = spoken(REST, pause_s=3.0) + spoken(REST)
        await live(room, pcm)
        assert not ranges(room)
        room.recognition.end_voice(EndVoice(command_id="commit", position=len(pcm) // 2))
        await room.desk.wait_for(AudioCommitted)
        assert ranges(room) == [(0, len(pcm) // 2)]
        await room.desk.close()

    virtual_time.run(work())


def test_a_turn_of_many_pauses_is_ended_before_its_beginning_is_lost() -> None:
    async def test(room: Room) -> None:
        for _ in range(40):
            await live(room, spoken(HESITANT * 2, pause_s=0.6))
        (begun, ended), *_ = ranges(room)
        assert 24 * SESSION_RATE_HZ < ended - begun <= 25 * SESSION_RATE_HZ
        assert len(ranges(room)) == 1

    run(Detector(), test)


Script = Sequence[tuple[bool, int, int]]
SCRIPTS = st.lists(st.tuples(st.booleans(), st.integers(2, 60), st.integers(1, 120)), min_size=1, max_size=5)
"""Words: whether the sentence goes on behind them, their length and the pause after them in hundredths of a second."""
LARGE = (1_999, 0.0)
"""A piece behind each round of the cuts, so that cuts of a sample are tried everywhere and not all the audio comes sample by sample."""


def audio_of(script: Script) -> bytes:
    words = (spoken("y" * length + ("," if goes_on else "."), pause_s=pause / 100) for goes_on, length, pause in script)
    return b"".join(words) + bytes(2 * 2 * SESSION_RATE_HZ)


@settings(max_examples=60, deadline=None)
@given(
    SCRIPTS,
    st.lists(st.tuples(st.integers(1, 12_000), st.sampled_from([0.0, 0.001, 0.02, 0.4])), min_size=1, max_size=30),
    st.sampled_from([0.0, 0.05, 0.5]),
)
def test_however_the_audio_is_cut_and_whenever_it_comes_the_turns_are_the_same(
    script: Script, cuts: list[tuple[int, float]], takes_s: float
) -> None:
    pcm = audio_of(script)

    async def work() -> None:
        live_room, room = Room(predictor=Detector()), Room(predictor=Detector(takes_s))
        await live(live_room, pcm)
        at, pieces = 0, cycle([*cuts, LARGE])
        while at < len(pcm):
            samples, pause_s = next(pieces)
            room.hear(pcm[at : at + 2 * samples])
            at += 2 * samples
            await virtual_time.passes(pause_s)
        await virtual_time.passes(20)
        assert ranges(room) == ranges(live_room)
        assert len(room.desk.all(VoiceBegan)) == len(live_room.desk.all(VoiceBegan)) == len(ranges(room))
        for each in (room, live_room):
            assert not each.desk.crashes
            await each.desk.close()

    virtual_time.run(work())
