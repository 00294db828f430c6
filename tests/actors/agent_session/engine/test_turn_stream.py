"""A recogniser that streams hears the turn while it goes on; whatever it does wrong, the turn is recognised."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from actors.agent_session.core import Heed, Listen, Recognize
from actors.agent_session.core.inputs import (
    AudioLost,
    InterimTranscript,
    PreflightTranscript,
    RecognitionFailed,
    Recognized,
    VoiceBegan,
    VoiceEnded,
)
from actors.agent_session.shared_audio_buffer import SHARED_AUDIO_BUFFER_BYTES
from actors.turn_taking import EndedBy
from protocols import Degraded, PartFailed, PartRecovered, PartRestarted, SpeechStream
from support import virtual_time
from support.recognition_room import Room
from support.scripted_providers import spoken
from support.streaming_stt import StreamingReader

SAID = "two small pizzas and a salad"


def run(test: Callable[[Room], Coroutine[Any, Any, None]], reader: StreamingReader) -> None:
    async def work() -> None:
        room = Room(reader)
        await test(room)
        await room.desk.close()

    virtual_time.run(work())


async def say(room: Room, text: str, number: int = 1, *, heed: bool = True) -> Recognized | RecognitionFailed | AudioLost:
    """Say ``text``, the ``number``-th turn, bit by bit, and have it recognised as the core does."""
    pcm = spoken(text, pause_s=0.7)
    for at in range(0, len(pcm), 3_200):
        room.hear(pcm[at : at + 3_200])
        await room.heard_all()
        if heed and len(room.desk.all(VoiceBegan)) == number:
            room.recognition.heed(Heed(start=room.desk.all(VoiceBegan)[-1].start))
            await room.heard_all()
    ended = await room.desk.wait_for(VoiceEnded, number)
    began = room.desk.all(VoiceBegan)[-1]
    await room.recognition.recognize(Recognize(token=number, start=began.start, end=ended.end))
    told = room.desk.told[-1]
    assert isinstance(told, Recognized | RecognitionFailed | AudioLost)
    return told


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_what_is_said_is_told_while_it_is_said_and_final_when_the_turn_is_over(rate_hz: int) -> None:
    reader = StreamingReader(rate_hz=rate_hz)

    async def test(room: Room) -> None:
        told = await say(room, SAID)
        assert isinstance(told, Recognized)
        heard = [interim.text for interim in room.desk.all(InterimTranscript)]
        if rate_hz == 16_000:
            assert told == Recognized(token=1, text=SAID, language="en-GB", speaker_id="one")
            assert len(heard) > 2
            assert all(SAID.startswith(text.rstrip()) for text in heard)
            assert room.desk.all(PreflightTranscript)[-1].text == SAID
        assert len(heard) == len(set(heard)) or heard

    run(test, reader)
    assert reader.languages == ["en"]
    assert len(reader.streams) == 1
    assert reader.streams[0].flushes >= 1
    assert reader.streams[0].closed >= 1


def test_each_turn_has_a_stream_of_its_own() -> None:
    reader = StreamingReader()

    async def test(room: Room) -> None:
        assert (await say(room, "hello there you")).text == "hello there you"
        assert (await say(room, "and another thing", 2)).text == "and another thing"

    run(test, reader)
    assert len(reader.streams) == 2


def test_what_the_journal_does_not_know_of_is_not_pushed() -> None:
    reader = StreamingReader()

    async def test(room: Room) -> None:
        assert (await say(room, SAID, heed=False)).text == SAID
        assert not room.desk.all(InterimTranscript)

    run(test, reader)
    assert len(reader.streams) == 1  # of the whole utterance, once it was asked for


@pytest.mark.parametrize("fails", ["open", "push", "iterate", "value", "flush"])
def test_a_stream_that_fails_is_made_up_for_by_another(fails: str) -> None:
    reader = StreamingReader(fails, times=1)

    async def test(room: Room) -> None:
        assert (await say(room, SAID)).text == SAID
        assert (await say(room, "and another thing", 2)).text == "and another thing"
        failed, restarted, recovered = room.desk.parts
        assert isinstance(failed, PartFailed)
        assert (failed.part, failed.retryable) == ("stt stream", True)
        assert restarted == PartRestarted(part="stt stream", restarts=1, text=failed.text)
        assert recovered == PartRecovered(part="stt stream")

    run(test, reader)
    assert all(stream.closed for stream in reader.streams)


def test_streams_that_go_on_failing_are_given_up_and_turns_are_recognised_whole() -> None:
    class WholeReader(StreamingReader):
        """Its streams fail in the middle of a turn, and hear one that is over."""

        def stream(self, *, language: str = "") -> SpeechStream:
            self.times = 0 if self.whole else 1
            return super().stream(language=language)

        whole = False

    reader = WholeReader("iterate")

    async def test(room: Room) -> None:
        for number in range(1, 6):
            reader.whole = False
            pcm = spoken(SAID, pause_s=0.7)
            for at in range(0, len(pcm), 3_200):
                room.hear(pcm[at : at + 3_200])
                await room.heard_all()
                if len(room.desk.all(VoiceBegan)) == number:
                    room.recognition.heed(Heed(start=room.desk.all(VoiceBegan)[-1].start))
                    await room.heard_all()
                    reader.whole = len(reader.streams) > 0 and reader.streams[-1].closed > 0
            ended = await room.desk.wait_for(VoiceEnded, number)
            reader.whole = True
            began = room.desk.all(VoiceBegan)[-1]
            await room.recognition.recognize(Recognize(token=number, start=began.start, end=ended.end))
            assert room.desk.all(Recognized)[-1].text == SAID
        degraded = [event for event in room.desk.parts if isinstance(event, Degraded)]
        assert [(event.part, event.to) for event in degraded] == [("stt stream", "whole turns")]

    run(test, reader)


@pytest.mark.parametrize(
    ("fails", "text"),
    [("open", "no stream"), ("push", "RuntimeError: cannot take it"), ("iterate", "lost"), ("value", "give events of SpeechEvent")],
)
def test_streams_that_all_fail_fail_the_turn_with_their_reason(fails: str, text: str) -> None:
    async def test(room: Room) -> None:
        told = await say(room, SAID)
        assert isinstance(told, RecognitionFailed)
        assert text in told.text

    run(test, StreamingReader(fails))


def test_a_turn_goes_on_after_a_pause_and_its_parts_are_one_text() -> None:
    reader = StreamingReader()

    async def test(room: Room) -> None:
        room.hear(spoken("two small pizzas"))
        await room.heard_all()
        began = await room.desk.wait_for(VoiceBegan)
        room.recognition.heed(Heed(start=began.start))
        room.hear(bytes(int(0.25 * 32_000)))  # a pause that is none of the turn's end
        await room.heard_all()
        room.hear(spoken("and one salad", pause_s=0.7))
        ended = await room.desk.wait_for(VoiceEnded)
        await room.recognition.recognize(Recognize(token=1, start=began.start, end=ended.end))
        assert room.desk.all(Recognized)[-1].text == "two small pizzas and one salad"
        assert room.desk.all(InterimTranscript)[-1].text == "two small pizzas and one salad"

    run(test, reader)
    assert reader.streams[0].flushes >= 2


def test_listening_anew_ends_the_stream() -> None:
    reader = StreamingReader()

    async def test(room: Room) -> None:
        room.hear(spoken("two small pizzas"))
        await room.heard_all()
        began = await room.desk.wait_for(VoiceBegan)
        room.recognition.heed(Heed(start=began.start))
        room.hear(spoken("and"))
        await room.heard_all()
        room.recognition.listen(Listen(start=room.memory.position))
        await room.heard_all()
        await room.desk.until(lambda: bool(reader.streams[0].closed))

    run(test, reader)


def test_audio_that_is_gone_is_lost_and_not_guessed() -> None:
    reader = StreamingReader()

    async def test(room: Room) -> None:
        room.memory.append(bytes(SHARED_AUDIO_BUFFER_BYTES))
        await room.recognition.recognize(Recognize(token=1, start=0, end=1_600))
        assert room.desk.all(AudioLost) == [AudioLost(token=1)]

    run(test, reader)
    assert not reader.streams


def test_so_many_words_end_the_turn_while_he_speaks() -> None:
    async def work() -> None:
        room = Room(StreamingReader(), max_turn_words=4)
        pcm = spoken(" ".join(["pineapple"] * 12), pause_s=0.7)
        for at in range(0, len(pcm), 3_200):
            room.hear(pcm[at : at + 3_200])
            await room.heard_all()
            if at == 9_600:
                room.recognition.heed(Heed(start=room.desk.all(VoiceBegan)[0].start))
        first, second = room.desk.all(VoiceEnded)
        assert (first.by, second.by) == (EndedBy.LIMIT, EndedBy.SILENCE)
        assert len(room.desk.all(InterimTranscript)[-1].text.split()) <= 5, "no more of it is understood"
        began, again = room.desk.all(VoiceBegan)
        assert began.start < first.end <= again.start < first.end + 3_200, "who goes on begins the next"
        await room.desk.close()

    virtual_time.run(work())
