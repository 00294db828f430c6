"""The caller's turn where his recogniser finds its end: beside a voice activity detection, and without one."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.agent_session.core import EndVoice, Listen, Origin, Recognize
from actors.agent_session.core.inputs import (
    AudioCommitted,
    InterimTranscript,
    PreflightTranscript,
    Recognized,
    VoiceBegan,
    VoiceEnded,
)
from actors.turn_taking import EndedBy
from livekitex_agent.testing.fakes import scripted_stt
from protocols import (
    SESSION_RATE_HZ,
    STT,
    Degraded,
    PartRecovered,
    PartRestarted,
    ProviderError,
    SpeechStream,
    STTCapabilities,
    Transcript,
)
from support import virtual_time
from support.recognition_room import PADDING, Room
from support.scripted_providers import spoken, vad

MS = SESSION_RATE_HZ // 1000
HESITANT = "I'd really like,"
REST = "two pizzas, please"
BOTH = [{}, {"deaf": True}]
NAMES = ["vad", "no vad"]
LATE_MS = 120
"""What is said by audio of the next frames: the recogniser and the loop have their turns."""


class Reader(STT):
    """The scripted recogniser; notes its streams, and those that ``fail`` do so when they are opened."""

    def __init__(self, fail: int = 0, **options: Any) -> None:
        self.stt = scripted_stt({"end_of_turn_ms": 200, **options})
        self.fail = fail
        self.streams: list[SpeechStream] = []
        self.recognised = 0

    @property
    def capabilities(self) -> STTCapabilities:
        return self.stt.capabilities

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        self.recognised += 1
        return await self.stt.recognize(pcm, language=language)

    def stream(self, *, language: str = "") -> SpeechStream:
        if self.fail:
            self.fail -= 1
            raise ProviderError("the line to it is cut", retryable=True)
        self.streams.append(self.stt.stream(language=language))
        return self.streams[-1]


def run(reader: STT, test: Callable[[Room], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def work() -> None:
        room = Room(reader, by_stt=True, **options)
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


def silence(ms: int) -> bytes:
    return bytes(2 * ms * MS)


def turns(room: Room) -> list[tuple[int, int, EndedBy]]:
    """From where to where each turn is that is over, and why."""
    return [(began.start, ended.end, ended.by) for began, ended in zip(room.desk.all(VoiceBegan), room.desk.all(VoiceEnded), strict=False)]


async def text_of(room: Room, turn: int = 0) -> str:
    begun, ended, _ = turns(room)[turn]
    number = len(room.desk.all(Recognized)) + 1
    await room.recognition.recognize(Recognize(token=number, start=begun, end=ended))
    return (await room.desk.wait_for(Recognized, number)).text


@pytest.mark.parametrize("hearing", BOTH, ids=NAMES)
def test_the_turn_is_over_where_the_recogniser_finds_it_over(hearing: dict[str, Any]) -> None:
    reader = Reader()

    async def test(room: Room) -> None:
        await live(room, silence(500) + spoken(REST) + silence(280))
        assert not turns(room), "the least delay is from the end of speech"
        await live(room, silence(60))
        ((begun, ended, by),) = turns(room)
        assert (begun, ended, by) == (300 * MS, 680 * MS + PADDING, EndedBy.STT)
        assert await text_of(room) == REST

    run(reader, test, **hearing)
    assert reader.recognised == 0, "its stream has told the words"


@pytest.mark.parametrize("hearing", BOTH, ids=NAMES)
def test_a_pause_within_it_is_none_of_its_end(hearing: dict[str, Any]) -> None:
    async def test(room: Room) -> None:
        await live(room, spoken(HESITANT, pause_s=1.2) + spoken(REST, pause_s=0.5))
        ((_, ended, by),) = turns(room)
        assert (ended, by) == (160 * MS + 1_200 * MS + 180 * MS + PADDING, EndedBy.STT)
        text = await text_of(room)
        assert (text[: len(HESITANT)], text[-len(REST) :]) == (HESITANT, REST)

    run(Reader(), test, **hearing)


@pytest.mark.parametrize("hearing", BOTH, ids=NAMES)
def test_who_goes_on_before_the_least_delay_is_over_has_one_turn(hearing: dict[str, Any]) -> None:
    async def test(room: Room) -> None:
        await live(room, spoken("two pizzas", pause_s=0.3) + spoken("and a salad", pause_s=1.0))
        assert [by for _, _, by in turns(room)] == [EndedBy.STT]
        assert await text_of(room) == "two pizzas and a salad"

    run(Reader(), test, min_delay_ms=600, **hearing)


@pytest.mark.parametrize("hearing", BOTH, ids=NAMES)
def test_what_he_may_have_said_is_told_before_the_turn_is_over(hearing: dict[str, Any]) -> None:
    async def test(room: Room) -> None:
        await live(room, spoken(REST, pause_s=0.2))
        assert not turns(room)
        told = room.desk.all(PreflightTranscript)
        assert [preflight.text for preflight in told] == [REST, REST], "expected after half of the silence, and found over"
        assert {preflight.start for preflight in told} == {0}
        assert room.desk.all(InterimTranscript)[-1].text == REST

    run(Reader(), test, min_delay_ms=800, **hearing)


def test_where_it_finds_no_end_a_long_pause_is_one() -> None:
    reader = Reader()

    async def test(room: Room) -> None:
        await live(room, spoken(HESITANT, pause_s=1.48))
        assert not turns(room)
        await live(room, silence(40))
        assert turns(room) == [(0, 160 * MS + PADDING, EndedBy.SILENCE)]
        assert await text_of(room) == HESITANT

    run(reader, test)
    assert len(reader.streams) == 1


def test_noise_that_is_no_speech_does_not_hold_the_turn_open() -> None:
    async def test(room: Room) -> None:
        await live(room, spoken(REST, pause_s=0.6))
        assert turns(room) == [(0, 180 * MS + PADDING, EndedBy.STT)]

    noisy = vad({"voice": [[0, 2_000]]})
    run(Reader(), test, detector=noisy)


def test_without_a_vad_voice_is_what_it_says() -> None:
    async def test(room: Room) -> None:
        await live(room, silence(400) + spoken(REST * 4, pause_s=0.5))
        voiced = [activity for activity in room.voice if activity.voiced_ms]
        assert 400 < voiced[0].at_ms <= 400 + LATE_MS, "as soon as it is told"
        assert all(activity.speaking for activity in voiced)
        assert room.voice[-1].voiced_ms == 0

    run(Reader(), test, deaf=True)


AT_ONCE = spoken("one salad", pause_s=0.9) + spoken("two pizzas", pause_s=0.9) + spoken("that is all", pause_s=2.0)


def test_turns_that_come_at_once_are_told_apart_without_a_vad() -> None:
    async def test(room: Room) -> None:
        room.hear(AT_ONCE)
        await room.desk.wait_for(VoiceEnded, 3)
        assert [await text_of(room, turn) for turn in range(3)] == ["one salad", "two pizzas", "that is all"]
        assert [begun for begun, _, _ in turns(room)] == [0, 990 * MS - PADDING, 1_990 * MS - PADDING]

    run(Reader(), test, deaf=True)


def test_turns_that_come_at_once_are_one_where_a_vad_hears_that_he_goes_on_and_nothing_is_lost() -> None:
    async def test(room: Room) -> None:
        room.hear(AT_ONCE)
        await room.desk.wait_for(VoiceEnded)
        assert len(turns(room)) == 1
        assert await text_of(room) == "one salad two pizzas that is all"

    run(Reader(), test)


@pytest.mark.parametrize("hearing", BOTH, ids=NAMES)
def test_a_commit_ends_the_turn_that_it_has_not_found_over(hearing: dict[str, Any]) -> None:
    async def test(room: Room) -> None:
        pcm = spoken(HESITANT, pause_s=0.1)
        await live(room, pcm)
        room.recognition.end_voice(EndVoice(command_id="commit", position=len(pcm) // 2))
        await room.desk.wait_for(AudioCommitted)
        assert [by for _, _, by in turns(room)] == [EndedBy.COMMIT]
        assert await text_of(room) == HESITANT
        await live(room, silence(200) + spoken(REST, pause_s=0.5))
        assert await text_of(room, 1) == REST

    run(Reader(), test, **hearing)


def test_a_stream_that_is_lost_in_silence_is_begun_again() -> None:
    reader = Reader(fail=1)

    async def test(room: Room) -> None:
        await live(room, silence(600) + spoken(REST, pause_s=0.6))
        assert PartRestarted(part="stt stream", restarts=1, text="the line to it is cut") in room.desk.parts
        assert PartRecovered(part="stt stream") in room.desk.parts
        assert not any(isinstance(event, Degraded) for event in room.desk.parts)
        assert await text_of(room) == REST

    run(reader, test, deaf=True)
    assert len(reader.streams) >= 1


def test_a_stream_that_is_lost_within_a_turn_loses_nothing_of_it() -> None:
    reader = Reader()

    async def test(room: Room) -> None:
        await live(room, spoken(HESITANT, pause_s=0.3))
        await reader.streams[0].aclose()
        await live(room, silence(500) + spoken(REST, pause_s=0.8))
        texts = [await text_of(room, turn) for turn in range(len(turns(room)))]
        assert len(texts) == 1
        assert texts[0][: len(HESITANT)] == HESITANT
        assert texts[0][-len(REST) :] == REST

    run(reader, test, deaf=True)


def test_where_its_streams_go_on_failing_voice_is_told_by_its_loudness() -> None:
    reader = Reader(fail=1_000)

    async def test(room: Room) -> None:
        await live(room, silence(1_500))
        degraded = [(event.part, event.to) for event in room.desk.parts if isinstance(event, Degraded)]
        assert set(degraded) == {("stt stream", "whole turns"), ("vad", "loudness")}
        assert reader.fail > 980, "it is not asked all the time"
        reader.fail = 0
        await live(room, silence(500) + spoken(REST * 4, pause_s=1.0))
        assert await text_of(room) == REST * 4

    run(reader, test, deaf=True)


def test_silence_of_hours_is_no_failure() -> None:
    reader = Reader()

    async def test(room: Room) -> None:
        await live(room, silence(1_000))
        await virtual_time.passes(3 * 3_600)
        await live(room, spoken(REST, pause_s=0.6))
        assert not room.desk.parts
        assert await text_of(room) == REST

    run(reader, test, deaf=True)
    assert len(reader.streams) == 2, "one for the silence and the turn, and one that stands by again"


@pytest.mark.parametrize("died_after_ms", [20, 60, 120, 300, 360])
def test_after_a_death_it_is_heard_from_its_beginning(died_after_ms: int) -> None:
    async def work() -> None:
        first = Room(Reader(), by_stt=True, deaf=True, heeds=False)
        pcm = spoken("two pizzas and a salad, if that is all right", pause_s=1.0)
        await live(first, silence(3_000) + pcm[: 2 * died_after_ms * MS])
        await first.desk.close()
        began = first.desk.all(VoiceBegan)
        listen = Listen(start=began[0].start, origin=Origin.SPEECH) if began else Listen(start=first.memory.settled, origin=Origin.SETTLED)
        again = Room(Reader(), memory=first.memory, listen=listen, by_stt=True, deaf=True)
        await live(again, pcm[2 * died_after_ms * MS :])
        assert len(turns(again)) == 1
        assert await text_of(again) == "two pizzas and a salad, if that is all right"
        await again.desk.close()

    virtual_time.run(work())


def test_half_a_turn_is_not_told_as_one() -> None:
    async def work() -> None:
        room = Room(Reader(), listen=Listen(start=0, origin=Origin.REST), by_stt=True, deaf=True)
        await live(room, spoken(REST, pause_s=0.8))
        (ended,) = room.desk.all(VoiceEnded)
        assert not room.desk.all(PreflightTranscript)
        await room.recognition.recognize(Recognize(token=1, start=-1, end=ended.end))
        assert not room.desk.all(Recognized)
        await room.desk.close()

    virtual_time.run(work())


WORDS = tuple(3 * word for word in ("alpha", "bravo", "charlie", "delta", "golf", "foxtrot"))
PAUSES = st.lists(st.tuples(st.booleans(), st.integers(1, 130)), min_size=1, max_size=len(WORDS))
"""Behind each word: whether the sentence goes on, and the pause in hundredths of a second."""


@settings(max_examples=20)
@given(PAUSES, st.booleans(), st.sampled_from([0, 150, 400]), st.sampled_from([0, 40, 300]))
def test_however_he_pauses_each_word_is_understood_once_and_in_order(
    script: list[tuple[bool, int]], deaf: bool, least_ms: int, delay_ms: int
) -> None:
    async def work() -> None:
        room = Room(Reader(delay_ms=delay_ms), by_stt=True, deaf=deaf, min_delay_ms=least_ms)
        said, heard = WORDS[: len(script)], list[str]()
        pauses = [*script[:-1], (False, script[-1][1])]  # without a vad nobody else would end what is never found over
        pcm = b"".join(
            spoken(word + ("," if goes_on else "."), pause_s=pause / 100) for word, (goes_on, pause) in zip(said, pauses, strict=True)
        )
        for at in range(0, len(pcm := pcm + silence(2_600)), 2 * 20 * MS):
            await live(room, pcm[at : at + 2 * 20 * MS])
            if len(room.desk.all(VoiceEnded)) > len(room.desk.all(Recognized)):  # as the core does, turn by turn
                heard += re.findall("[a-z]+", await text_of(room, len(room.desk.all(Recognized))))
        assert heard == list(said)
        assert not room.desk.crashes
        await room.desk.close()

    virtual_time.run(work())
