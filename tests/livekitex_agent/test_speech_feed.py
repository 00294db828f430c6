import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from actors import resample
from livekitex_agent import speech_feed
from livekitex_agent.speech_feed import MAX_AUDIO_S, feed, feed_audio
from protocols import (
    MAX_CHUNK_S,
    InvalidAudioError,
    LivekitexError,
    MessageTooLargeError,
    SessionUnavailableError,
    SpeechStreamed,
    TextDelta,
    UsageError,
)

pytestmark = pytest.mark.asyncio


class Call:
    """Takes the pieces of a speech; ``refuses`` the piece of that number for good, with that error."""

    def __init__(self, refuses: int = 0, error: LivekitexError | None = None) -> None:
        self.pieces: list[tuple[int, str, bool]] = []
        self.written: list[str | None] = []
        self.refuses = refuses
        self.error = error
        self.may_take = asyncio.Event()
        self.may_take.set()

    async def send(self, number: int, text: str, written: str | None, *, last: bool) -> None:
        await self.may_take.wait()
        if number == self.refuses and self.error is not None:
            raise self.error
        self.pieces.append((number, text, last))
        self.written.append(written)


class Bits:
    """An iterator that tells what it was asked for, and whether it was closed."""

    def __init__(self, *bits: Any) -> None:
        self.bits = bits
        self.given = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            for bit in self.bits:
                if isinstance(bit, Exception):
                    raise bit
                self.given += 1
                yield bit
        finally:
            self.closed = True


async def test_sentences_are_sent_as_they_stand_and_the_rest_at_the_end() -> None:
    call = Call()
    assert await feed(Bits("Your table is re", "ady. Please ", "come in! The bar", " is to the left"), call.send) is None
    assert call.pieces == [
        (1, "Your table is ready.", False),
        (2, " Please come in!", False),
        (3, " The bar is to the left", True),
    ]


async def test_what_one_bit_completes_is_one_piece_with_its_white_space() -> None:
    call = Call()
    assert await feed(Bits("One.  Two.\n\nThree. Fo", "ur \n"), call.send) is None
    assert call.pieces == [(1, "One.  Two.\n\nThree.", False), (2, " Four", False), (3, " \n", True)]
    assert call.written == [None, None, None]


async def test_what_is_written_otherwise_is_sent_beside_what_is_said() -> None:
    call = Call()
    bits = [TextDelta(text="Damn good. ", written="**** good. "), TextDelta(text="Damn "), TextDelta(text="it", written="that")]
    assert await feed(Bits(*bits), call.send) is None
    assert call.pieces == [(1, "Damn good.", False), (2, "Damn it", True)]
    assert call.written == ["**** good.", " Damn that"]


async def test_an_iterator_without_a_bit_completes_the_speech_without_a_word() -> None:
    call = Call()
    assert await feed(Bits(), call.send) is None
    assert call.pieces == [(1, "", True)]


async def test_nothing_more_is_asked_for_while_the_call_has_not_taken_what_there_was() -> None:
    call, bits = Call(), Bits("One is done. ", "Two is done. ", "Three is done. ", "Four is done. ")
    call.may_take.clear()
    feeding = asyncio.create_task(feed(bits, call.send))
    for _ in range(20):
        await asyncio.sleep(0)
    assert bits.given == 2, "the first word of the second tells that the first one is over"
    call.may_take.set()
    assert await feeding is None
    assert bits.given == 4


@pytest.mark.parametrize("failure", [ValueError("no more"), StopIteration()])
async def test_what_the_iterator_gave_before_it_raised_is_said_and_its_failure_is_told(failure: Exception) -> None:
    call = Call()
    bits = Bits("One is done. And t", failure)
    raised = await feed(bits, call.send)
    assert raised is failure or isinstance(raised, RuntimeError)
    assert call.pieces == [(1, "One is done.", False), (2, " And t", True)]


async def test_what_is_no_text_is_told_as_the_iterators_fault() -> None:
    call = Call()
    failure = await feed(Bits("One is done. ", 2), call.send)
    assert isinstance(failure, UsageError)
    assert "gave a int: give pieces of text" in str(failure)
    assert call.pieces[-1] == (1, "One is done. ", True)


@pytest.mark.parametrize("error", [UsageError("it is over"), SessionUnavailableError("the call has ended")])
async def test_when_the_speech_is_over_the_iterator_is_left(error: LivekitexError) -> None:
    call, bits = Call(2, error), Bits("One is done. ", "Two is done. ", "Three is done. ", "Four is done. ")
    assert await feed(bits, call.send) is None
    assert [number for number, *_ in call.pieces] == [1]
    assert bits.given < 4
    assert bits.closed


@pytest.mark.parametrize("over", [False, True])
async def test_more_than_a_speech_may_hold_completes_it_and_is_told(over: bool) -> None:
    call, bits = Call(2, MessageTooLargeError("too much")), Bits("One is done. ", "Two is done. ", "Three is done. ")
    if over:
        call.send = _ends_meanwhile(call)  # type: ignore[method-assign]
    failure = await feed(bits, call.send)
    assert isinstance(failure, MessageTooLargeError)
    assert call.pieces == [(1, "One is done.", False)] + ([] if over else [(3, "", True)])


def _ends_meanwhile(call: Call) -> Any:
    send = call.send

    async def sending(number: int, text: str, written: str | None, *, last: bool) -> None:
        if last:
            raise UsageError("it is over")
        await send(number, text, written, last=last)

    return sending


async def test_an_iterator_that_blocks_does_so_in_a_thread() -> None:
    loop_runs = asyncio.Event()
    loop = asyncio.get_running_loop()

    def blocking() -> Iterator[str]:
        yield "One is done. "
        asyncio.run_coroutine_threadsafe(loop_runs.wait(), loop).result(30)
        yield "Two is done."

    call = Call()
    feeding = asyncio.create_task(feed(blocking(), call.send))
    await asyncio.sleep(0)
    loop_runs.set()
    assert await feeding is None
    assert "".join(text for _, text, _ in call.pieces) == "One is done. Two is done."


async def test_a_list_of_texts_will_do_and_what_it_is_made_of_is_looked_at() -> None:
    call = Call()
    assert await feed(["One is ", "done."], call.send) is None
    assert call.pieces == [(1, "One is done.", True)]
    assert isinstance(await feed(iter([b"x"]), call.send), UsageError)  # type: ignore[arg-type]


HZ = 8_000


class Room:
    """Takes ``room`` samples at a time, at the rate ``rate_hz`` of its voice; ``over`` after so many samples."""

    def __init__(self, rate_hz: int = HZ, room: int = 1 << 30, over: int = 1 << 30) -> None:
        self.rate_hz, self.room, self.over = rate_hz, room, over
        self.pcm = bytearray()
        self.calls: list[tuple[int, int, bool]] = []

    async def stream(self, position: int, pcm: bytes, *, last: bool) -> SpeechStreamed:
        assert position * 2 == len(self.pcm), "it is sent from where it was taken"
        if position >= self.over:
            raise UsageError("it is over")
        self.calls.append((position, len(pcm) // 2, last))
        self.pcm += pcm[: self.room * 2]
        return SpeechStreamed(position=len(self.pcm) // 2, rate_hz=self.rate_hz)


def tone(samples: int) -> bytes:
    return bytes(np.arange(samples, dtype="<i2").tobytes())


async def test_audio_is_sent_in_batches_and_whole() -> None:
    room, whole = Room(), tone(5_000)
    pieces = [whole[at : at + 320] for at in range(0, len(whole), 320)]
    assert await feed_audio(Bits(*pieces), HZ, room.stream) is None
    assert bytes(room.pcm) == whole
    assert [last for *_, last in room.calls] == [False] * (len(room.calls) - 1) + [True]
    assert room.calls[0] == (0, 0, False)
    assert all(samples >= HZ // 10 for _, samples, last in room.calls[1:] if not last)


@pytest.mark.parametrize("audio", [tone(50_000), [tone(50_000)]])
async def test_bytes_and_lists_will_do_and_a_message_has_its_bound(audio: Any) -> None:
    room = Room()
    assert await feed_audio(audio, HZ, room.stream) is None
    assert bytes(room.pcm) == tone(50_000)
    assert max(samples for _, samples, _ in room.calls) == MAX_CHUNK_S * HZ


async def test_what_there_is_no_room_for_is_sent_again_and_nothing_more_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAITS_S", "FULL_S"):
        monkeypatch.setattr(speech_feed, name, 0.0)
    room, bits = Room(room=100), Bits(*[tone(900)] * 3)
    refusals = iter([True, False] * 100)
    stream = room.stream

    async def sometimes(position: int, pcm: bytes, *, last: bool) -> SpeechStreamed:
        assert bits.given * 900 - position < 900 + HZ // 10, "less than a batch waits here"
        room.room = 0 if next(refusals) else 100
        return await stream(position, pcm, last=last)

    assert await feed_audio(bits, HZ, sometimes) is None
    assert bytes(room.pcm) == tone(900) * 3


async def test_audio_is_brought_to_the_rate_of_the_voice() -> None:
    room, whole = Room(24_000), tone(3_001)
    assert await feed_audio(Bits(whole[:1_000], whole[1_000:]), HZ, room.stream) is None
    assert bytes(room.pcm) == resample(whole, HZ, 24_000)


@pytest.mark.parametrize("failure", [ValueError("no more"), b"odd", "text", b""])
async def test_what_was_given_before_a_failure_is_heard_and_the_failure_told(failure: Any) -> None:
    room = Room()
    raised = await feed_audio(Bits(tone(1_000), failure), HZ, room.stream)
    assert isinstance(raised, ValueError if isinstance(failure, ValueError) else InvalidAudioError)
    assert bytes(room.pcm) == tone(1_000)
    assert room.calls[-1][2]


async def test_more_than_a_speech_may_have_is_left_out_and_told() -> None:
    room, bits = Room(24_000), Bits(*[bytes(2 * 50 * HZ)] * 4)
    assert isinstance(await feed_audio(bits, HZ, room.stream), MessageTooLargeError)
    assert len(room.pcm) == MAX_AUDIO_S * 24_000 * 2
    assert bits.given == 3
    assert bits.closed


async def test_when_the_speech_is_over_its_audio_is_left() -> None:
    room, bits = Room(over=900), Bits(*[tone(900)] * 4)
    assert await feed_audio(bits, HZ, room.stream) is None
    assert bytes(room.pcm) == tone(900)
    assert bits.closed
    assert await feed_audio(Bits(tone(900)), HZ, Room(over=0).stream) is None
