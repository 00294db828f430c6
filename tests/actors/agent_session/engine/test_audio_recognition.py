"""The caller's voice: where it begins and ends, and what was said."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from actors.agent_session.core import EndVoice, Heed, Listen, Origin, Recognize, Settle
from actors.agent_session.core.inputs import (
    AudioCommitted,
    AudioLost,
    RecognitionFailed,
    Recognized,
    VoiceBegan,
    VoiceEnded,
    VoiceLasted,
)
from actors.agent_session.shared_audio_buffer import SHARED_AUDIO_BUFFER_BYTES, SharedAudioBuffer
from protocols import (
    SESSION_RATE_HZ,
    STT,
    Degraded,
    PartFailed,
    PartRecovered,
    PartRestarted,
    ProviderError,
    STTCapabilities,
    Transcript,
)
from support import virtual_time
from support.recognition_room import PADDING, Room, room_after
from support.scripted_providers import spoken, vad_of


def run(test: Callable[[Room], Coroutine[Any, Any, None]], recogniser: STT | None = None, **changes: bool) -> None:
    async def work() -> None:
        room = Room(recogniser, **changes)
        await test(room)
        await room.desk.close()

    virtual_time.run(work())


def test_speech_begins_lasts_and_ends() -> None:
    async def test(room: Room) -> None:
        room.hear(bytes(16_000))
        room.hear(spoken("a sentence that lasts for more than half a second, indeed", pause_s=1.0))
        ended = await room.desk.wait_for(VoiceEnded)
        kinds = [type(report) for report in room.desk.reports]
        assert kinds == [VoiceBegan, VoiceLasted, VoiceEnded]
        (began,) = room.desk.all(VoiceBegan)
        assert began.start == 8_000 - PADDING
        room.desk.spawn(room.recognition.recognize(Recognize(token=3, start=began.start, end=ended.end)))
        recognized = await room.desk.wait_for(Recognized)
        assert recognized == Recognized(token=3, text="a sentence that lasts for more than half a second, indeed")

    run(test)


def test_a_short_word_does_not_last() -> None:
    async def test(room: Room) -> None:
        room.hear(spoken("a short word ab", pause_s=1.0))
        await room.desk.wait_for(VoiceEnded)
        assert not room.desk.all(VoiceLasted)

    run(test)


def test_only_voice_counts_towards_an_interruption_not_the_silence_after_it() -> None:
    async def test(room: Room) -> None:
        room.hear(spoken("y" * 36, pause_s=1.0))  # 360 ms, at a limit of 400 ms, and 300 ms of silence until it is over
        await room.desk.wait_for(VoiceEnded)
        assert not room.desk.all(VoiceLasted)
        room.hear(spoken("y" * 41, pause_s=1.0))
        await room.desk.wait_for(VoiceEnded, 2)
        assert len(room.desk.all(VoiceLasted)) == 1

    run(test)


@pytest.mark.parametrize(
    ("words_ms", "pause_s", "lasts"),
    [
        ((150,), 1.0, False),
        ((380,), 1.0, False),
        ((420,), 1.0, True),
        ((200, 150), 0.25, False),
        ((250, 200), 0.25, True),
        ((150, 150, 150), 0.2, True),
        ((360, 360), 1.0, False),
    ],
)
def test_the_pauses_between_words_count_no_more_than_the_silence_after_them(words_ms: tuple[int, ...], pause_s: float, lasts: bool) -> None:
    async def test(room: Room) -> None:
        for word_ms in words_ms:
            room.hear(spoken("y" * (word_ms // 10), pause_s=pause_s))
        room.hear(bytes(32_000))
        await room.desk.wait_for(VoiceEnded, len(words_ms) if pause_s == 1.0 else 1)
        assert bool(room.desk.all(VoiceLasted)) == lasts

    run(test)


def test_a_pause_within_a_turn_does_not_end_it() -> None:
    async def test(room: Room) -> None:
        room.hear(spoken("I would like", pause_s=0.25) + spoken("two pizzas", pause_s=1.0))
        ended = await room.desk.wait_for(VoiceEnded)
        (began,) = room.desk.all(VoiceBegan)
        room.desk.spawn(room.recognition.recognize(Recognize(token=1, start=began.start, end=ended.end)))
        text = (await room.desk.wait_for(Recognized)).text
        assert text.startswith("I would like")
        assert text.endswith("two pizzas")

    run(test)


class Counting(STT):
    def __init__(self, *outcomes: str | Exception) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[int] = []

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        self.asked.append(len(pcm) // 2)
        outcome = self.outcomes.pop(0) if self.outcomes else "again"
        if isinstance(outcome, Exception):
            raise outcome
        return Transcript(text=outcome)


def test_recognition_has_begun_when_the_turn_ends() -> None:
    recogniser = Counting(" ahead ")

    async def test(room: Room) -> None:
        room.hear(spoken("hello there you", pause_s=0.25))
        began = await room.desk.wait_for(VoiceBegan)
        await room.heard_all()
        assert not recogniser.asked  # the journal does not know of it yet
        room.recognition.heed(Heed(start=began.start + 1))
        room.recognition.heed(Heed(start=began.start))
        room.hear(bytes(16_000))
        ended = await room.desk.wait_for(VoiceEnded)
        room.desk.spawn(room.recognition.recognize(Recognize(token=1, start=began.start, end=ended.end)))
        assert (await room.desk.wait_for(Recognized)).text == "ahead"
        room.desk.spawn(room.recognition.recognize(Recognize(token=2, start=began.start, end=ended.end - 100)))
        assert (await room.desk.wait_for(Recognized, 2)).text == "again"

    run(test, recogniser)
    assert len(recogniser.asked) == 2


def test_a_guess_that_failed_is_tried_again_when_it_counts() -> None:
    recogniser = Counting(ProviderError("busy", retryable=False), "now")

    async def test(room: Room) -> None:
        room.hear(spoken("hello there you", pause_s=0.25))
        began = await room.desk.wait_for(VoiceBegan)
        room.recognition.heed(Heed(start=began.start))
        room.hear(bytes(32_000))
        ended = await room.desk.wait_for(VoiceEnded)
        room.desk.spawn(room.recognition.recognize(Recognize(token=1, start=began.start, end=ended.end)))
        assert (await room.desk.wait_for(Recognized)).text == "now"

    run(test, recogniser)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ((ProviderError("busy", retryable=True), "well"), Recognized(token=1, text="well")),
        ((ValueError("odd"), "well"), Recognized(token=1, text="well")),
        (
            (ProviderError("busy", retryable=True), ProviderError("gone", retryable=True)),
            RecognitionFailed(token=1, text="gone", retryable=True),
        ),
        ((ProviderError("broken", retryable=False),), RecognitionFailed(token=1, text="broken", retryable=False)),
        ((ValueError("odd"), ValueError("odder")), RecognitionFailed(token=1, text="ValueError: odder", retryable=True)),
    ],
)
def test_recognition_is_tried_twice_where_that_may_help(outcomes: tuple[str | Exception, ...], told: object) -> None:
    async def test(room: Room) -> None:
        room.memory.append(bytes(3_200))
        await room.recognition.recognize(Recognize(token=1, start=0, end=1_600))
        assert room.desk.told == [told]
        steps = [type(event) for event in room.desk.parts]
        if len(outcomes) == 1:
            assert steps == [PartFailed, Degraded]
        else:
            assert steps[:2] == [PartFailed, PartRestarted]
            assert steps[2:] == ([PartRecovered] if isinstance(told, Recognized) else [PartFailed, Degraded])

    run(test, Counting(*outcomes))


@pytest.mark.parametrize(("asked_s", "told"), [(2.0, Recognized(token=1, text="well")), (6.0, None)])
def test_a_recogniser_that_asks_for_time_gets_it_within_what_a_caller_waits(asked_s: float, told: object) -> None:
    async def test(room: Room) -> None:
        room.memory.append(bytes(3_200))
        began = virtual_time.clock().monotonic()
        await room.recognition.recognize(Recognize(token=1, start=0, end=1_600))
        waited = virtual_time.clock().monotonic() - began
        assert room.desk.told == [told or RecognitionFailed(token=1, text="busy", retryable=True)]
        assert waited == pytest.approx(asked_s if told else 0.0, abs=0.01)

    run(test, Counting(ProviderError("busy", retryable=True, retry_after_s=asked_s), "well"))


def test_a_recogniser_is_told_the_caller_s_language_if_it_knows_it() -> None:
    languages = list[str]()

    class Polyglot(Counting):
        capabilities = STTCapabilities(languages=frozenset({"de"}))

        async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
            languages.append(language)
            return Transcript(text="x")

    async def test(room: Room) -> None:
        room.memory.append(bytes(3_200))
        await room.recognition.recognize(Recognize(token=1, start=0, end=1_600))

    class English(Polyglot):
        capabilities = STTCapabilities(languages=frozenset({"en"}))

    run(test, Polyglot())
    run(test, English())
    assert languages == ["", "en"]


def test_a_recogniser_that_does_not_answer_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.speech_recognition.RECOGNITION_TIMEOUT_S", 0.01)

    class Silent(Counting):
        async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
            await asyncio.Event().wait()
            return Transcript(text="")

    async def test(room: Room) -> None:
        room.memory.append(bytes(3_200))
        await room.recognition.recognize(Recognize(token=1, start=0, end=1_600))
        assert room.desk.told == [RecognitionFailed(token=1, text="the provider does not answer", retryable=True)]
        assert room.desk.parts[-1] == Degraded(part="stt", to="text", text="the provider does not answer")

    run(test, Silent())


def test_audio_that_is_not_there_is_lost() -> None:
    async def test(room: Room) -> None:
        await room.recognition.recognize(Recognize(token=1, start=0, end=1_600))
        assert room.desk.reports == [AudioLost(token=1)]

    run(test)


def test_the_turn_ends_where_the_caller_says() -> None:
    async def test(room: Room) -> None:
        room.hear(spoken("a turn without a pause after it"))
        room.recognition.end_voice(EndVoice(command_id="commit", position=room.memory.position))
        await room.desk.wait_for(AudioCommitted)
        assert [type(report) for report in room.desk.reports] == [VoiceBegan, VoiceEnded, AudioCommitted]

    run(test)


def test_a_word_that_is_too_short_for_speech_counts_when_the_caller_says_so() -> None:
    async def test(room: Room) -> None:
        room.hear(bytes(16_000) + spoken("no"))
        room.hear(bytes(640))
        room.recognition.end_voice(EndVoice(command_id="commit", position=room.memory.position))
        await room.desk.wait_for(AudioCommitted)
        began, ended, _ = room.desk.reports
        assert isinstance(began, VoiceBegan)
        assert isinstance(ended, VoiceEnded)
        room.desk.spawn(room.recognition.recognize(Recognize(token=1, start=began.start, end=ended.end)))
        assert (await room.desk.wait_for(Recognized)).text == "no"

    run(test)


def test_silence_is_no_turn_whatever_the_caller_says() -> None:
    async def test(room: Room) -> None:
        room.hear(bytes(16_000))
        room.recognition.end_voice(EndVoice(command_id="commit", position=room.memory.position))
        await room.desk.wait_for(AudioCommitted)
        assert room.desk.reports == [AudioCommitted(command_id="commit")]

    run(test)


def test_audio_that_a_lost_memory_had_held_is_not_waited_for() -> None:
    async def test(room: Room) -> None:
        room.recognition.end_voice(EndVoice(command_id="commit", position=50_000))
        await room.desk.wait_for(AudioCommitted)

    run(test)


def test_another_life_hears_the_turn_from_its_start() -> None:
    async def work() -> None:
        memory = SharedAudioBuffer(memoryview(bytearray(SHARED_AUDIO_BUFFER_BYTES)))
        memory.append(bytes(16_000) + spoken("half a sentence"))
        room = Room(memory=memory, listen=Listen(start=6_000))
        room.hear(spoken(" and the rest of it", pause_s=1.0))
        ended = await room.desk.wait_for(VoiceEnded)
        (began,) = room.desk.all(VoiceBegan)
        room.desk.spawn(room.recognition.recognize(Recognize(token=1, start=began.start, end=ended.end)))
        assert (await room.desk.wait_for(Recognized)).text == "half a sentence and the rest of it"
        await room.desk.close()

    virtual_time.run(work())


async def spoken_after(room: Room, *parts: bytes) -> list[Any]:
    """What is told of these parts, heard in one piece."""
    room.hear(b"".join(parts))
    await room.heard_all()
    return room.desk.reports


SILENCE = bytes(2 * 8_000)
SPEECH = spoken("a sentence that is long enough")


def test_before_they_are_told_from_where_on_they_hear_nothing() -> None:
    async def test(room: Room) -> None:
        room = Room(memory=room.memory, told=False)
        recognition = room.recognition
        room.memory.append(SPEECH)
        recognition.hear()
        recognition.end_voice(EndVoice(command_id="commit", position=room.memory.position))
        assert (recognition.position, room.memory.settled) == (0, 0)
        recognition.listen(Listen(start=0))
        await room.desk.wait_for(AudioCommitted)
        assert room.desk.all(VoiceBegan) == [VoiceBegan(start=0)]

    run(test)


def test_the_same_speech_begins_in_each_life_where_it_began_in_the_first() -> None:
    async def work() -> None:
        room = room_after(SILENCE + SPEECH + SILENCE, start=5_123, origin=Origin.SPEECH)
        await room.desk.wait_for(VoiceEnded)
        room.hear(SPEECH + SILENCE)
        await room.desk.wait_for(VoiceEnded, 2)
        first, second = room.desk.all(VoiceBegan)
        assert first.start == 5_123
        assert second.start == pytest.approx(1_000 + len(SILENCE + SPEECH + SILENCE) // 2 - PADDING, abs=320)
        await room.desk.close()

    virtual_time.run(work())


class Wide:
    """Frames of which the padding of speech is no multiple."""

    rate_hz = SESSION_RATE_HZ
    frame_samples = 512

    def probability(self, frame: bytes) -> float:
        return float(any(frame))

    def reset(self) -> None:
        return None


def test_the_same_speech_ends_in_each_life_in_the_same_place() -> None:
    async def work() -> None:
        first = Room(detector=vad_of(Wide))
        first.hear(bytes(2 * 8_037) + SPEECH + SILENCE)
        ended = await first.desk.wait_for(VoiceEnded)
        began = first.desk.all(VoiceBegan)[0]
        again = Room(memory=first.memory, listen=Listen(start=began.start, origin=Origin.SPEECH), detector=vad_of(Wide))
        assert (await again.desk.wait_for(VoiceEnded)).end == ended.end
        assert again.desk.all(VoiceBegan) == [began]
        await first.desk.close()
        await again.desk.close()

    virtual_time.run(work())


def test_where_speech_should_begin_and_does_not_the_next_is_other_speech() -> None:
    async def work() -> None:
        room = room_after(SILENCE * 5 + SPEECH + SILENCE, start=1_000, origin=Origin.SPEECH)
        (began, *_) = await spoken_after(room)
        assert began.start == pytest.approx(1_000 + 5 * 8_000 - PADDING, abs=320)
        await room.desk.close()

    virtual_time.run(work())


@pytest.mark.parametrize("silence", [0, 1_000, 4_000])
def test_speech_that_goes_on_where_nothing_is_known_has_lost_its_beginning(silence: int) -> None:
    async def work() -> None:
        room = room_after(bytes(2 * silence) + SPEECH + SILENCE, start=1_000, origin=Origin.UNKNOWN)
        began, *_, ended = await spoken_after(room)
        assert began == VoiceBegan(start=999)
        assert isinstance(ended, VoiceEnded)
        await room.recognition.recognize(Recognize(token=1, start=999, end=ended.end))
        assert room.desk.all(AudioLost) == [AudioLost(token=1)]
        room.hear(SPEECH)
        assert (await room.desk.wait_for(VoiceBegan, 2)).start > 999
        await room.desk.close()

    virtual_time.run(work())


def test_speech_after_a_pause_is_whole_also_where_nothing_is_known() -> None:
    async def work() -> None:
        room = room_after(bytes(2 * 10_000) + SPEECH + SILENCE, start=1_000, origin=Origin.UNKNOWN)
        (began, *_) = await spoken_after(room)
        assert began.start == pytest.approx(11_000 - PADDING, abs=320)
        await room.desk.close()

    virtual_time.run(work())


def test_the_rest_of_a_turn_is_only_ended() -> None:
    async def work() -> None:
        room = room_after(SPEECH, start=3_000, origin=Origin.REST)
        reports = await spoken_after(room, SPEECH + SILENCE)
        assert [type(report) for report in reports] == [VoiceLasted, VoiceEnded]
        assert room.memory.settled == 3_000
        (began, *_) = (await spoken_after(room, SPEECH + SILENCE))[2:]
        assert isinstance(began, VoiceBegan)
        assert began.start > 1_000
        await room.desk.close()

    virtual_time.run(work())


def test_the_rest_of_a_turn_that_does_not_come_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.audio_recognition.REST_S", 0.01)

    async def work() -> None:
        room = room_after(SPEECH, start=3_000, origin=Origin.REST)
        await room.desk.wait_for(VoiceEnded)
        room.hear(SPEECH)  # late, but the rest all the same
        assert (await room.desk.wait_for(VoiceBegan)).start == 999
        await room.desk.close()

    virtual_time.run(work())


def test_whoever_awaits_the_rest_ends_no_other_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.audio_recognition.REST_S", 0.05)

    async def work() -> None:
        room = room_after(bytes(2), start=1_000, origin=Origin.REST)
        (waiting,) = room.desk.tasks
        await asyncio.sleep(0)
        await spoken_after(room, SILENCE + SPEECH)
        await waiting
        assert [type(report) for report in room.desk.reports] == [VoiceEnded, VoiceBegan]
        await room.desk.close()

    virtual_time.run(work())


def test_what_follows_lost_speech_without_a_pause_is_lost_too() -> None:
    async def test(room: Room) -> None:
        room.hear(spoken("x" * 2_502))
        ended = await room.desk.wait_for(VoiceEnded)  # there is a longest turn
        await room.recognition.recognize(Recognize(token=1, start=-1, end=ended.end))
        room.hear(SPEECH + SILENCE)
        await room.desk.wait_for(VoiceEnded, 2)
        assert room.desk.all(VoiceBegan)[1] == VoiceBegan(start=room.memory.oldest - 1)
        room.hear(SPEECH)
        assert (await room.desk.wait_for(VoiceBegan, 3)).start > ended.end

    run(test)


def test_another_life_would_have_to_listen_from_what_nobody_settled() -> None:
    async def test(room: Room) -> None:
        memory = room.memory
        await spoken_after(room, SILENCE)
        assert memory.settled == 8_000 - PADDING, "speech may just begin"
        await spoken_after(room, SPEECH + SILENCE)
        start = room.desk.all(VoiceBegan)[0].start
        assert memory.settled == start
        room.recognition.settle(Settle(until=start))
        assert memory.settled == start
        await spoken_after(room, SPEECH)
        _, second = room.desk.all(VoiceBegan)
        assert memory.settled == start
        room.recognition.settle(Settle(until=room.desk.all(VoiceEnded)[0].end))
        assert memory.settled == second.start
        await spoken_after(room, SILENCE)
        assert memory.settled == second.start
        room.recognition.settle(Settle(until=room.desk.all(VoiceEnded)[1].end))
        await spoken_after(room, SILENCE)
        assert memory.settled == memory.position - memory.position % 320 - PADDING

    run(test)


def test_a_long_backlog_leaves_others_their_turn() -> None:
    async def test(room: Room) -> None:
        room.hear(bytes(20 * 32_000))
        assert room.recognition.position < room.memory.position - 320
        await room.heard_all()
        assert not room.desk.reports

    run(test)


def test_the_end_of_speech_is_when_its_last_sound_came() -> None:
    async def test(room: Room) -> None:
        await virtual_time.passes(3)
        came_s = virtual_time.clock().monotonic()
        room.hear(spoken("hello there you all"))
        await virtual_time.passes(1)
        room.hear(bytes(32_000))
        ended = await room.desk.wait_for(VoiceEnded)
        assert ended.ended_s == pytest.approx(came_s, abs=0.01)

    run(test)


def test_voice_is_told_frame_by_frame_as_it_comes() -> None:
    async def test(room: Room) -> None:
        room.hear(spoken("hello there my friend", pause_s=0.1))
        await room.desk.wait_for(VoiceBegan)
        assert [activity.at_ms for activity in room.voice[:3]] == [20, 40, 60]
        assert max(activity.voiced_ms for activity in room.voice) >= 200

    run(test)


def test_voice_that_is_listened_to_again_later_is_not_heard_over_what_is_said_now() -> None:
    async def test(room: Room) -> None:
        room.hear(spoken("hello there my friend", pause_s=2.0))
        await room.desk.wait_for(VoiceEnded)
        assert not any(activity.voiced_ms for activity in room.voice)

    run(test)


@pytest.mark.parametrize(("speaks", "expected", "echo"), [(True, True, True), (True, False, False), (False, True, False)])
def test_what_lasts_may_be_the_agents_own_voice(speaks: bool, expected: bool, echo: bool) -> None:
    async def test(room: Room) -> None:
        room.hear(spoken("hello there my friend how are you today it is a very fine day is it not"))
        assert await room.desk.wait_for(VoiceLasted) == VoiceLasted(echo=echo)

    run(test, agent_speaks=speaks, echo_expected=expected)


def test_it_gives_way_once_the_turn_that_goes_on_is_over_and_settled() -> None:
    async def test(room: Room) -> None:
        told: list[tuple[int, bool]] = []
        room.hear(bytes(16_000) + spoken("a sentence that lasts for a while"))
        began = await room.desk.wait_for(VoiceBegan)
        room.recognition.leave(lambda position, *, listening: told.append((position, listening)))
        room.hear(bytes(32_000))
        ended = await room.desk.wait_for(VoiceEnded)
        await room.heard_all()
        assert told == []
        room.recognition.settle(Settle(until=ended.end))
        ((position, listening),) = told
        assert began.start < ended.end <= position
        assert listening
        room.hear(spoken("nobody hears this any more", pause_s=1.0))
        await asyncio.sleep(0)
        assert len(room.desk.all(VoiceBegan)) == 1

    run(test)


def test_where_no_turn_goes_on_it_gives_way_at_once_and_what_may_be_the_beginning_of_one_is_heard_by_the_next() -> None:
    async def test(room: Room) -> None:
        told: list[tuple[int, bool]] = []
        room.hear(bytes(32_000) + spoken("ab"))
        await room.heard_all()
        room.recognition.leave(lambda position, *, listening: told.append((position, listening)))
        assert told == [(16_000 - PADDING, True)]

    run(test)


def test_one_that_was_not_told_to_listen_gives_way_at_once() -> None:
    async def test(room: Room) -> None:
        told: list[tuple[int, bool]] = []
        room.recognition.leave(lambda position, *, listening: told.append((position, listening)))
        assert told == [(0, False)]

    run(test, told=False)
