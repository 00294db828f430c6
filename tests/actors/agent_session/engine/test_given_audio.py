"""Audio that a program gives in place of the voice: heard as it is, kept outside the process as it comes, once, through deaths."""

from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.agent_session.core import SpeakSentence, StopSpeech
from actors.agent_session.core.inputs import SentencePlayed, SpeechFailed, SpeechStopped
from actors.agent_session.core.speech import MAX_SENTENCE_S
from actors.agent_session.engine.speech_output import SpeechOutput
from actors.agent_session.shared_speech_buffer import SHARED_SPEECH_BUFFER_BYTES, SPEECH_CAPACITY, SharedSpeechBuffer
from protocols import TTS, StreamSpeech
from support import virtual_time
from support.engine_desk import Desk

HZ = 8_000
TEXT = "This call may be recorded. Please hold the line."


class _NoVoice(TTS):
    rate_hz = HZ

    def synthesize(self, text: str) -> Any:
        raise AssertionError(f"nobody is to say {text!r}")


def samples(seconds: float, first: int = 0) -> bytes:
    """Each sample tells its position."""
    return ((np.arange(first, first + round(seconds * HZ)) % 32_000) + 1).astype("<i2").tobytes()


class Room:
    """An output in one life; what it hands out leaves at once. ``heard`` are samples by their positions."""

    def __init__(self, view: memoryview, heard: dict[int, int]) -> None:
        self.desk, self.memory, self.heard = Desk(), SharedSpeechBuffer(view), heard
        self.again = 0
        self.output = SpeechOutput(
            _NoVoice(),
            self.memory,
            virtual_time.clock(),
            bulkhead=self.desk.bulkhead,
            spawn=self.desk.spawn,
            report=self.desk.report,
            push=self._push,
            clear=lambda *_: None,
        )
        self.output.open()
        self.desk.spawn(self.output.run())

    def _push(self, speech_id: str, position: int, pcm: bytes) -> None:
        for at, sample in enumerate(np.frombuffer(pcm, "<i2").tolist(), position):
            self.again += at in self.heard
            assert self.heard.setdefault(at, sample) == sample
        self.output.left(speech_id, position + len(pcm) // 2)

    def say(self) -> None:
        """Begin, or go on where the life before was."""
        kept = self.memory.kept("s")
        place: dict[str, Any] = {}
        if kept is not None:
            whole = kept.next_index > 0
            place = {"kept": kept.of(0), "heard_char": kept.heard_char if not kept.heard_index else len(TEXT)}
            place["from_char"] = len(TEXT) if whole else kept.next_char
        self.output.say(SpeakSentence(speech_id="s", index=0, text=TEXT, audio=True, **place))

    def give(self, position: int, pcm: bytes, *, last: bool = False) -> int:
        return self.output.give(StreamSpeech(speech_id="s", position=position, pcm=pcm, last=last))


def run(test: Callable[[Callable[[], Room]], Coroutine[Any, Any, None]]) -> None:
    async def work() -> None:
        view, heard, rooms = memoryview(bytearray(SHARED_SPEECH_BUFFER_BYTES)), {}, list[Room]()

        def live() -> Room:
            rooms.append(Room(view, heard))
            return rooms[-1]

        await test(live)
        for room in rooms:
            await room.desk.close()

    virtual_time.run(work())


def in_order(heard: dict[int, int]) -> bytes:
    assert sorted(heard) == list(range(len(heard))), "nothing is left out"
    return np.array([heard[at] for at in range(len(heard))], "<i2").tobytes()


def test_it_is_heard_as_it_is_given_and_over_with_the_last() -> None:
    async def test(live: Callable[[], Room]) -> None:
        room = live()
        assert room.give(0, samples(1)) == 0, "it has not begun"
        room.say()
        assert room.give(0, b"") == 0
        assert room.give(0, samples(1)) == HZ
        assert room.give(0, samples(1)) == HZ, "it is not taken twice"
        assert room.give(HZ // 2, samples(1, HZ // 2)) == HZ * 3 // 2, "but what is new of it is"
        await virtual_time.passes(5.0)
        assert not room.desk.all(SentencePlayed), "more may come"
        assert room.give(HZ * 3 // 2, samples(0.51, HZ * 3 // 2), last=True) == HZ * 201 // 100
        await room.desk.wait_for(SentencePlayed)
        assert in_order(room.heard) == samples(2.01)
        assert not room.again

    run(test)


def test_it_can_be_over_without_another_sample() -> None:
    async def test(live: Callable[[], Room]) -> None:
        room = live()
        room.say()
        room.give(0, samples(0.5))
        await virtual_time.passes(2.0)
        assert room.give(HZ // 2, b"", last=True) == HZ // 2
        await room.desk.wait_for(SentencePlayed)
        assert in_order(room.heard) == samples(0.5)

    run(test)


def test_no_more_is_taken_than_there_is_room_for_outside_the_process() -> None:
    async def test(live: Callable[[], Room]) -> None:
        room = live()
        room.say()
        taken = room.give(0, samples(100), last=True)
        assert taken == SPEECH_CAPACITY
        assert room.give(taken, samples(1, taken)) == taken
        await virtual_time.passes(2.0)
        more = room.give(taken, samples(100 - taken / HZ, taken), last=True)
        assert HZ < more - taken < 2 * HZ + 1
        while (at := room.give(more, samples(100 - more / HZ, more), last=True)) < 100 * HZ:
            more = at
            await virtual_time.passes(1.0)
        await room.desk.wait_for(SentencePlayed)
        assert in_order(room.heard) == samples(100)

    run(test)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.05, 3.0), max_size=4), st.sampled_from([0.1, 0.7, 5.0]))
def test_killed_at_any_time_it_goes_on_at_the_sample_and_with_what_was_not_taken(lives: list[float], piece_s: float) -> None:
    whole = samples(6.0)

    async def test(live: Callable[[], Room]) -> None:
        position = 0
        for lasts in [*lives, None]:
            room = live()
            room.again = 0
            room.say()
            left = lasts
            while not room.desk.all(SentencePlayed) and (left is None or left > 0):
                piece = whole[position * 2 :][: int(piece_s * HZ) * 2]
                position = room.give(position, piece, last=position * 2 + len(piece) >= len(whole))
                step = min(0.1, left or 0.1)
                await virtual_time.passes(step)
                left = None if left is None else left - step
            assert room.again <= HZ // 2
            await room.desk.close()
            if room.desk.all(SentencePlayed):
                break
        assert in_order(room.heard) == whole

    run(test)


def test_what_was_taken_and_is_gone_ends_the_speech() -> None:
    async def test(live: Callable[[], Room]) -> None:
        room = live()
        room.say()
        assert room.give(HZ, samples(1, HZ)) == HZ
        (failed,) = room.desk.all(SpeechFailed)
        assert "was lost" in failed.text
        assert room.give(HZ, b"") == HZ, "nothing is said any more"

    run(test)


def test_a_speech_has_a_longest_length() -> None:
    async def test(live: Callable[[], Room]) -> None:
        room = live()
        room.say()
        position = 0
        while position < MAX_SENTENCE_S * HZ and not room.desk.all(SpeechFailed):
            position = room.give(position, samples(10, position))
            await virtual_time.passes(5.0)
        room.give(position, samples(1, position))
        (failed,) = room.desk.all(SpeechFailed)
        assert "at most 120 s" in failed.text

    run(test)


def test_stopped_it_takes_no_more() -> None:
    async def test(live: Callable[[], Room]) -> None:
        room = live()
        room.say()
        room.give(0, samples(3))
        await virtual_time.passes(1.0)
        room.output.stop(StopSpeech(speech_id="s"))
        (stopped,) = room.desk.all(SpeechStopped)
        assert stopped.index == 0
        assert 0 < stopped.char < len(TEXT)
        assert room.give(3 * HZ, samples(1, 3 * HZ)) == 3 * HZ
        heard = len(room.heard)
        await virtual_time.passes(1.0)
        assert len(room.heard) == heard

    run(test)
