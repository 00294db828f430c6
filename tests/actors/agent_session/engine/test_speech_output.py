"""The agent's voice: in order, in real time, without a gap, and stopped where it was heard."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from actors.agent_session.core import PauseSpeech, ResumeSpeech, SpeakSentence, StopSpeech
from actors.agent_session.core.inputs import (
    SentenceMade,
    SentencePlayed,
    SentencePlaying,
    SpeechFailed,
    SpeechHeard,
    SpeechPaused,
    SpeechResumed,
    SpeechStopped,
)
from actors.agent_session.engine.speech_output import LEAD_MS, SpeechOutput
from actors.agent_session.shared_speech_buffer import SHARED_SPEECH_BUFFER_BYTES, SharedSpeechBuffer
from actors.media import DUCKED_GAIN, FADE_MS, JOIN_MS
from actors.turn_taking import Loudness
from protocols import TTS, AudioChunk, ProviderError
from support import virtual_time
from support.engine_desk import Desk
from support.scripted_providers import STEP, VOICE_HZ, read_aloud, spoken, tts

LETTER = VOICE_HZ // 100


class Room:
    """A output, and a desk for what it says. What it hands out leaves at once, unless it is ``stuck``."""

    def __init__(self, voice: TTS | None = None) -> None:
        self.desk = Desk()
        self.stuck = False
        self.memory = SharedSpeechBuffer(memoryview(bytearray(SHARED_SPEECH_BUFFER_BYTES)))
        self.cleared: list[tuple[str, int, int]] = []
        self.output = SpeechOutput(
            voice or tts({}),
            self.memory,
            virtual_time.clock(),
            bulkhead=self.desk.bulkhead,
            spawn=self.desk.spawn,
            report=self.desk.report,
            push=self._push,
            clear=self._clear,
            aec_warmup_s=0.5,
        )
        self.desk.spawn(self.output.run())

    def _push(self, speech_id: str, position: int, pcm: bytes) -> None:
        self.desk.push(speech_id, position, pcm)
        if not self.stuck:
            self.output.left(speech_id, position + len(pcm) // 2)

    def _clear(self, speech_id: str, position: int, fade_ms: int) -> None:
        """Take back what was handed out and is recalled."""
        self.cleared.append((speech_id, position, fade_ms))
        assert position <= self.end(speech_id)
        kept = [(name, at, pcm[: 2 * (position - at)]) for name, at, pcm in self.desk.audio if name != speech_id or at < position]
        self.desk.audio[:] = kept

    def end(self, speech_id: str = "s") -> int:
        """The position behind what was handed out."""
        return max((position + len(pcm) // 2 for name, position, pcm in self.desk.audio if name == speech_id), default=0)

    def mark(self, speech_id: str = "s") -> int | None:
        """How far the reply was heard, as another life finds it."""
        kept = self.memory.kept(speech_id)
        return kept.heard if kept is not None else None

    def heard(self, speech_id: str = "s") -> str:
        """What was handed out, put together by its positions, which must have no gap."""
        audio = b""
        first = None
        for _, position, pcm in (item for item in self.desk.audio if item[0] == speech_id):
            first = position if first is None else first
            assert position == first + len(audio) // 2
            audio += pcm
        return read_aloud(audio, VOICE_HZ)


def run(test: Callable[[Room], Coroutine[Any, Any, None]], voice: TTS | None = None) -> None:
    async def work() -> None:
        room = Room(voice)
        await test(room)
        await room.desk.close()

    virtual_time.run(work())


def say(index: int, text: str, **place: int) -> SpeakSentence:
    return SpeakSentence(speech_id="s", index=index, text=text, **place)


def test_sentences_are_heard_one_after_the_other_without_a_gap() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        texts = ["One sentence.", "Another one.", "The last."]
        for index, text in enumerate(texts):
            room.output.say(say(index, text))
        await room.desk.wait_for(SentencePlayed, 3)
        assert room.heard() == "".join(texts)
        starts = [0, 13 * LETTER, 25 * LETTER]
        told = [
            what
            for index in range(3)
            for what in (
                SentencePlaying(speech_id="s", index=index, position=starts[index]),
                SentencePlayed(speech_id="s", index=index),
            )
        ]
        assert [report for report in room.desk.reports if not isinstance(report, SpeechHeard | SentenceMade)] == told
        made = room.desk.all(SentenceMade)
        assert [one.index for one in made] == [0, 1, 2]
        assert all(one.after_s is not None and one.after_s >= 0 for one in made)
        ends = [*starts[1:], 34 * LETTER]
        heard = [SpeechHeard(speech_id="s", position=end, index=index + 1, char=0) for index, end in enumerate(ends)]
        assert [report for report in room.desk.all(SpeechHeard) if report.char == 0 and report.position] == heard
        assert room.mark() == 34 * LETTER

    run(test)


def test_a_sentence_that_comes_later_follows_in_its_place() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, "One."))
        await room.desk.wait_for(SentencePlayed)
        room.output.say(say(1, "Two."))
        await room.desk.wait_for(SentencePlayed, 2)
        assert room.heard() == "One.Two."
        assert room.desk.all(SentencePlaying)[1].position == 4 * LETTER

    run(test)


def test_another_voice_says_what_comes_then_and_nothing_that_was_to_be_said_before() -> None:
    class Second(TTS):
        rate_hz = VOICE_HZ
        asked: ClassVar[list[str]] = []

        async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
            self.asked.append(text)
            yield AudioChunk(pcm=spoken(text, VOICE_HZ), rate_hz=VOICE_HZ)

    async def test(room: Room) -> None:
        room.output.open()
        for index, text in enumerate(("One.", "Two.", "Three.")):
            room.output.say(say(index, text))
        room.output.use(Second(), spare="")
        room.output.say(say(3, "Four."))
        await room.desk.wait_for(SentencePlayed, 4)
        assert room.heard() == "One.Two.Three.Four."
        assert Second.asked == ["Four."]

    run(test)


def test_a_speech_goes_on_after_another_was_heard_meanwhile_at_positions_behind_its_own() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, "One."))
        await room.desk.wait_for(SentencePlayed)
        room.output.say(SpeakSentence(speech_id="t", index=0, text="Meanwhile."))
        await room.desk.wait_for(SentencePlayed, 2)
        behind = 50 * LETTER
        room.output.say(say(1, "Two.", start=behind))
        room.output.say(say(2, "Three.", start=behind))
        await room.desk.wait_for(SentencePlayed, 4)
        assert room.heard("t") == "Meanwhile."
        played = [(report.speech_id, report.index, report.position) for report in room.desk.all(SentencePlaying)]
        assert played == [("s", 0, 0), ("t", 0, 0), ("s", 1, behind), ("s", 2, behind + 4 * LETTER)]
        kept = room.memory.kept("s")
        assert kept is not None
        assert (kept.heard, kept.heard_index) == (behind + 10 * LETTER, 3)

    run(test)


def test_nothing_is_heard_before_the_mouth_is_open() -> None:
    async def test(room: Room) -> None:
        room.output.say(say(0, "One."))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not room.desk.audio
        room.output.open()
        await room.desk.wait_for(SentencePlayed)

    run(test)


def test_it_speaks_from_the_first_sample_of_a_reply_to_its_last() -> None:
    async def test(room: Room) -> None:
        room.output.say(say(0, "One sentence."))
        await asyncio.sleep(0)
        assert not room.output.speaking
        room.output.open()
        await room.desk.wait_for(SentencePlaying)
        assert room.output.speaking
        await room.desk.wait_for(SentencePlayed)
        assert not room.output.speaking

    run(test)


def test_audio_is_at_most_the_lead_ahead_of_the_ear() -> None:
    async def test(room: Room) -> None:
        clock = virtual_time.clock()
        room.output.open()
        room.output.say(say(0, "A sentence of a length of about one second, so that it takes time to be heard, from its begin."))
        await room.desk.until(lambda: bool(room.desk.audio))
        begun = clock.monotonic()
        while not room.desk.all(SentencePlayed):
            known = len(room.desk.audio)
            await room.desk.until(lambda: len(room.desk.audio) > known or bool(room.desk.all(SentencePlayed)))  # noqa: B023 - awaited here
            sent = sum(len(pcm) // 2 for _, _, pcm in room.desk.audio)
            assert sent / VOICE_HZ <= clock.monotonic() - begun + (LEAD_MS + 40) / 1000

    run(test)


def test_between_two_batches_and_until_the_last_is_heard_it_sleeps() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, "A sentence of a length of about one second, so that it takes time to be heard, from its begin."))
        await room.desk.wait_for(SentencePlayed)
        assert virtual_time.clock().turns < 200

    run(test)


def test_what_has_not_left_the_process_is_not_marked_as_heard() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, "A sentence of a length of about half a second long."))
        await room.desk.until(lambda: bool(room.desk.audio))
        left = sum(len(pcm) // 2 for _, _, pcm in room.desk.audio)
        room.stuck = True
        await room.desk.wait_for(SentencePlayed)
        assert room.mark() == left
        room.output.say(SpeakSentence(speech_id="next", index=0, text="Next."))
        await room.desk.wait_for(SentencePlayed, 2)
        assert room.mark("next") == 0

    run(test)


def test_stopped_it_tells_where_it_was_heard_and_says_no_more() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        text = "A sentence of a length of about one second, so that it is stopped in its middle."
        room.output.say(say(0, "First."))
        room.output.say(say(1, text))
        await room.desk.wait_for(SentencePlaying, 2)
        room.output.stop(StopSpeech(speech_id="s"))
        (stopped,) = room.desk.all(SpeechStopped)
        assert (stopped.speech_id, stopped.index) == ("s", 1)
        assert stopped.char <= len("A sentence of a length")
        (_, position, fade_ms) = room.cleared[-1]
        assert (position, fade_ms) == (room.end(), FADE_MS)
        handed_out = len(room.desk.audio)
        room.output.say(say(2, "Never."))
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(room.desk.audio) == handed_out
        room.output.say(SpeakSentence(speech_id="next", index=0, text="Next."))
        await room.desk.until(lambda: room.heard("next") == "Next.")

    run(test)


LONG = "A sentence of a length of about one second, so that it takes time to be heard, from its begin."


def difference(heard: str, said: str) -> int:
    """How many letters of what was said are heard as others: those in which it fades."""
    assert len(heard) == len(said)
    return sum(one != other for one, other in zip(heard, said, strict=True))


@pytest.mark.parametrize("how_long_s", [0.01, 0.15, 0.9, 5.0])
def test_held_it_is_silent_at_once_and_then_goes_on_at_the_sample(how_long_s: float) -> None:
    async def test(room: Room) -> None:
        clock = virtual_time.clock()
        room.output.open()
        room.output.say(say(0, LONG))
        room.output.say(say(1, "The last."))
        await room.desk.until(lambda: room.end() >= VOICE_HZ // 3)
        begun = clock.monotonic() - (room.end() / VOICE_HZ - LEAD_MS / 1000)
        room.output.pause(PauseSpeech(speech_id="another"))
        assert not room.cleared
        room.output.pause(PauseSpeech(speech_id="s"))
        room.output.pause(PauseSpeech(speech_id="s"))
        ((_, stopped_at, fade_ms),) = room.cleared
        assert fade_ms == FADE_MS
        assert stopped_at / VOICE_HZ == pytest.approx(clock.monotonic() - begun + FADE_MS / 1000, abs=0.04), "not when the lead is over"
        assert room.end() == stopped_at
        known = len(room.desk.audio)
        await virtual_time.passes(how_long_s)
        assert len(room.desk.audio) == known, "nothing is handed out meanwhile"
        assert room.output.speaking
        room.output.resume(ResumeSpeech(speech_id="another"))
        assert len(room.desk.audio) == known
        resumed_at = clock.monotonic()
        room.output.resume(ResumeSpeech(speech_id="s"))
        await room.desk.until(lambda: len(room.desk.audio) > known)
        _, position, pcm = room.desk.audio[known]
        assert position == stopped_at
        assert pcm[:2] == b"\0\0", "it is faded in"
        while not room.desk.all(SentencePlayed):
            news = len(room.desk.audio)
            await room.desk.until(lambda: len(room.desk.audio) > news or bool(room.desk.all(SentencePlayed)))  # noqa: B023 - awaited here
            since = room.end() - stopped_at
            assert since / VOICE_HZ <= clock.monotonic() - resumed_at + (LEAD_MS + 140) / 1000, "nothing is made up for"
        await room.desk.wait_for(SentencePlayed, 2)
        assert difference(room.heard(), LONG + "The last.") <= 2
        assert len(room.cleared) == 1

    run(test)


def test_it_tells_how_far_it_is_heard_and_when_it_is_silent() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, LONG))
        await room.desk.wait_for(SpeechHeard, 2)
        first, second = room.desk.all(SpeechHeard)[:2]
        assert 0.2 * VOICE_HZ <= second.position - first.position <= 0.4 * VOICE_HZ, "not with each batch"
        assert LONG.startswith(LONG[: second.char])
        assert second.char == pytest.approx(second.position / LETTER, abs=9)
        room.output.set_loudness(Loudness.PAUSED)
        room.output.pause(PauseSpeech(speech_id="s"))
        paused = await room.desk.wait_for(SpeechPaused)
        await virtual_time.passes(1.0)
        room.output.resume(ResumeSpeech(speech_id="s"))
        assert not room.desk.all(SpeechResumed)
        room.output.set_loudness(Loudness.FULL)
        assert room.desk.all(SpeechResumed) == [SpeechResumed(speech_id="s", position=paused.position)]
        await room.desk.wait_for(SentencePlayed)
        assert len(room.desk.all(SpeechPaused)) == 1
        assert len(room.desk.all(SpeechHeard)) <= 6

    run(test)


def test_held_before_anything_is_heard_it_begins_when_it_goes_on() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, "One."))
        room.output.pause(PauseSpeech(speech_id="s"))
        await virtual_time.passes(1.0)
        assert not room.desk.audio
        assert not room.cleared
        room.output.resume(ResumeSpeech(speech_id="s"))
        await room.desk.wait_for(SentencePlayed)
        assert room.heard() == "One."

    run(test)


def test_stopped_while_it_is_held_it_tells_where_it_was_heard() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, LONG))
        await room.desk.until(lambda: len(room.desk.audio) >= 3)
        room.output.pause(PauseSpeech(speech_id="s"))
        await virtual_time.passes(2.0)
        room.output.stop(StopSpeech(speech_id="s"))
        stopped = await room.desk.wait_for(SpeechStopped)
        assert stopped.index == 0
        assert 0 < stopped.char <= room.end() // LETTER
        assert len(room.cleared) == 1, "there is nothing more to recall"
        room.output.say(SpeakSentence(speech_id="t", index=0, text="Another."))
        await room.desk.wait_for(SentencePlayed)
        assert room.heard("t") == "Another.", "the next reply is not held"

    run(test)


def loudness(room: Room, first: int, last: int) -> set[float]:
    """How loud the samples from ``first`` to ``last`` are, as shares of what is said."""
    shares = set[float]()
    for _, position, pcm in room.desk.audio:
        for at, value in enumerate(np.frombuffer(pcm, "<i2"), position):
            if first <= at < last:
                said = (ord(LONG[at // LETTER]) - 31) * STEP
                shares.add(round(float(value) / said, 1))
    return shares


def test_ducked_it_is_softer_at_once_and_not_when_the_lead_is_over() -> None:
    async def test(room: Room) -> None:
        clock = virtual_time.clock()
        room.output.open()
        room.output.say(say(0, LONG))
        await room.desk.until(lambda: room.end() >= VOICE_HZ // 3)
        room.output.set_loudness(Loudness.DUCKED)
        ((_, position, fade_ms),) = room.cleared
        assert fade_ms == 0, "it goes on there"
        ducked_at = clock.monotonic()
        await room.desk.until(lambda: room.end() >= VOICE_HZ // 2)
        assert clock.monotonic() - ducked_at < 0.2
        ramp = VOICE_HZ * FADE_MS // 1000
        assert loudness(room, 0, position) == {1.0}
        assert loudness(room, position + ramp, room.end()) == {round(DUCKED_GAIN, 1)}
        room.output.set_loudness(Loudness.FULL)
        full = room.end()
        assert len(room.cleared) == 1, "louder again is in no hurry"
        await room.desk.wait_for(SentencePlayed)
        assert loudness(room, full + ramp, len(LONG) * LETTER) == {1.0}
        assert len(room.heard()) == len(LONG), "and nothing is left out or said again"

    run(test)


def test_the_caller_is_to_be_heard_it_pauses_and_goes_on_faded_in() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, LONG))
        await room.desk.until(lambda: room.end() >= VOICE_HZ // 3)
        room.output.set_loudness(Loudness.DUCKED)
        room.output.set_loudness(Loudness.PAUSED)
        assert room.cleared[-1][2] == FADE_MS
        known, stopped_at = len(room.desk.audio), room.cleared[-1][1]
        await virtual_time.passes(0.6)
        assert len(room.desk.audio) == known
        assert room.mark() == stopped_at
        room.output.set_loudness(Loudness.FULL)
        await room.desk.until(lambda: len(room.desk.audio) > known)
        assert room.desk.audio[known][1] == stopped_at
        assert room.desk.audio[known][2][:2] == b"\0\0"
        await room.desk.wait_for(SentencePlayed)
        assert room.end() == len(LONG) * LETTER
        assert loudness(room, room.end() - 20 * LETTER, room.end()) == {1.0}

    run(test)


def test_it_is_silent_while_either_wants_it_to_be() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, LONG))
        await room.desk.until(lambda: room.end() >= VOICE_HZ // 3)
        room.output.set_loudness(Loudness.PAUSED)
        room.output.pause(PauseSpeech(speech_id="s"))
        assert len(room.cleared) == 1
        known = len(room.desk.audio)
        room.output.set_loudness(Loudness.FULL)
        await virtual_time.passes(0.5)
        assert len(room.desk.audio) == known, "the core has not decided yet"
        room.output.set_loudness(Loudness.PAUSED)
        room.output.resume(ResumeSpeech(speech_id="s"))
        await virtual_time.passes(0.5)
        assert len(room.desk.audio) == known, "the caller still speaks"
        room.output.set_loudness(Loudness.FULL)
        await room.desk.wait_for(SentencePlayed)

    run(test)


def test_speech_that_may_not_be_interrupted_knows_no_reflex() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.set_loudness(Loudness.PAUSED)
        room.output.say(replace(say(0, LONG), allow_interruptions=False))
        for loud in (Loudness.DUCKED, Loudness.PAUSED, Loudness.FULL, Loudness.DUCKED):
            room.output.set_loudness(loud)
            await virtual_time.passes(0.1)
        await room.desk.wait_for(SentencePlayed)
        assert room.heard() == LONG
        assert not room.cleared

    run(test)


def test_it_does_not_begin_while_the_caller_speaks() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.set_loudness(Loudness.PAUSED)
        room.output.say(say(0, "One."))
        await virtual_time.passes(1.0)
        assert not room.desk.audio
        room.output.set_loudness(Loudness.FULL)
        await room.desk.wait_for(SentencePlayed)
        assert room.heard() == "One."

    run(test)


def test_an_echo_is_expected_for_a_while_after_its_first_sound() -> None:
    async def test(room: Room) -> None:
        room.output.say(say(0, LONG))
        room.output.say(say(1, LONG))
        assert not room.output.echo_expected
        room.output.open()
        await room.desk.until(lambda: bool(room.desk.audio))
        assert room.output.echo_expected
        await virtual_time.passes(0.7)
        assert not room.output.echo_expected
        assert room.output.speaking

    run(test)


def test_stopped_before_anything_was_said() -> None:
    async def test(room: Room) -> None:
        room.output.stop(StopSpeech(speech_id="s"))
        room.output.say(say(0, "Late."))
        assert room.desk.reports == [SpeechStopped(speech_id="s", index=0, char=0)]

    run(test)


def test_stopped_after_everything_was_said() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, "One."))
        await room.desk.wait_for(SentencePlayed)
        room.output.stop(StopSpeech(speech_id="s"))
        assert room.desk.all(SpeechStopped) == [SpeechStopped(speech_id="s", index=1, char=0, position=4 * LETTER)]

    run(test)


def test_text_without_audio_passes() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, ""))
        room.output.say(say(1, "Heard."))
        await room.desk.wait_for(SentencePlayed, 2)
        assert room.heard() == "Heard."

    run(test)


class Voice:
    """Fails as told, once for each failure; then speaks."""

    rate_hz = VOICE_HZ

    def __init__(self, *failures: Exception, chunk_hz: int = VOICE_HZ, silent: bool = False) -> None:
        self._failures = list(failures)
        self._chunk_hz = chunk_hz
        self._silent = silent

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        if text.startswith("Fine"):
            yield AudioChunk(pcm=spoken(text, VOICE_HZ), rate_hz=VOICE_HZ)
            return
        if self._failures:
            raise self._failures.pop(0)
        if self._silent:
            await asyncio.Event().wait()
        yield AudioChunk(pcm=spoken(text, self._chunk_hz), rate_hz=self._chunk_hz)


@pytest.mark.parametrize(
    ("voice", "text", "retryable"),
    [
        (Voice(ProviderError("hoarse", retryable=False)), "hoarse", False),
        (Voice(*[ProviderError("busy", retryable=True)] * 3, ProviderError("gone", retryable=True)), "gone", True),
        (Voice(chunk_hz=16_000), f"{__name__}.Voice: the voice promised 24000 Hz and gave 16000 Hz", False),
    ],
    ids=["hoarse", "gone", "rate"],
)
def test_a_sentence_that_cannot_be_said_ends_the_reply_behind_those_before(voice: Voice, text: str, retryable: bool) -> None:
    async def test(room: Room) -> None:
        room.output.say(say(0, "Fine."))
        room.output.say(say(1, "Not so."))
        room.output.say(say(2, "Fine too."))
        room.output.open()
        failed = await room.desk.wait_for(SpeechFailed)
        assert failed == SpeechFailed(speech_id="s", index=1, text=text, retryable=retryable)
        assert room.heard() == "Fine."
        assert room.desk.all(SentencePlayed) == [SentencePlayed(speech_id="s", index=0)]

    run(test, voice)


def test_a_failure_that_may_pass_is_tried_again() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, "At last."))
        await room.desk.wait_for(SentencePlayed)
        assert room.heard() == "At last."

    run(test, Voice(ProviderError("busy", retryable=True)))


def test_a_voice_that_gives_nothing_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.synthesis.CHUNK_TIMEOUT_S", 0.01)

    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, "Never."))
        failed = await room.desk.wait_for(SpeechFailed)
        assert failed.text == "the provider does not answer"

    run(test, Voice(silent=True))


def test_a_sentence_has_a_longest_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.synthesis.MAX_SENTENCE_S", 0.05)

    async def test(room: Room) -> None:
        room.output.open()
        room.output.say(say(0, "Too long."))
        failed = await room.desk.wait_for(SpeechFailed)
        assert failed.text == "the voice gave more than 0.05 s for a sentence"

    run(test)


def test_what_comes_late_of_a_speech_that_was_stopped_is_not_said_whatever_was_stopped_since() -> None:
    async def test(room: Room) -> None:
        room.output.open()
        for speech_id in ("first", "second"):
            room.output.stop(StopSpeech(speech_id=speech_id))
        for speech_id in ("first", "second"):
            room.output.say(replace(say(0, "Too late."), speech_id=speech_id))
        room.output.say(say(0, "Fine."))
        await room.desk.wait_for(SentencePlayed)
        assert {name for name, _, _ in room.desk.audio} == {"s"}

    run(test)


class Level(TTS):
    """A voice of one level, another for each text, so that a joint is heard."""

    rate_hz = VOICE_HZ

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        for _ in range(3):
            yield AudioChunk(pcm=np.full(VOICE_HZ // 50, 400 * len(text), "<i2").tobytes(), rate_hz=VOICE_HZ)


def test_text_that_is_made_anew_behind_what_was_kept_of_its_sentence_is_joined_without_a_click() -> None:
    async def work() -> None:
        room = Room(Level())
        room.memory.begin("s", 0, 0)
        room.memory.append(0, np.full(2_000, -8_000, "<i2").tobytes(), (0, 5))
        room.output.open()
        room.output.say(SpeakSentence(speech_id="s", index=0, text="Aaaah oooooh.", kept=(0, 2_000), from_char=5))
        await room.desk.wait_for(SentencePlayed)
        audio = b"".join(pcm for _, _, pcm in room.desk.audio)
        heard = np.frombuffer(audio, "<i2").astype(int)
        assert set(heard[:2_000]) == {-8_000}, "what was kept is heard as it is"
        ramp = VOICE_HZ * JOIN_MS // 1000
        assert np.abs(np.diff(heard)).max() <= np.pi / 2 * (8_000 + 3_200) / ramp + 2
        assert set(heard[2_000 + ramp :]) == {3_200}
        kept = np.frombuffer(room.memory.read(2_000, 2_000 + ramp), "<i2")
        assert np.array_equal(kept, heard[2_000 : 2_000 + ramp]), "another incarnation plays the same"
        await room.desk.close()

    virtual_time.run(work())
