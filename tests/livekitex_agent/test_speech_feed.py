import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from livekitex_agent.speech_feed import feed
from protocols import LivekitexError, MessageTooLargeError, SessionUnavailableError, UsageError

pytestmark = pytest.mark.asyncio


class Call:
    """Takes the pieces of a speech; ``refuses`` the piece of that number for good, with that error."""

    def __init__(self, refuses: int = 0, error: LivekitexError | None = None) -> None:
        self.pieces: list[tuple[int, str, bool]] = []
        self.refuses = refuses
        self.error = error
        self.may_take = asyncio.Event()
        self.may_take.set()

    async def send(self, number: int, text: str, *, last: bool) -> None:
        await self.may_take.wait()
        if number == self.refuses and self.error is not None:
            raise self.error
        self.pieces.append((number, text, last))


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
        (2, "Please come in!", False),
        (3, "The bar is to the left", True),
    ]


async def test_what_one_bit_completes_is_one_piece_a_sentence_a_line() -> None:
    call = Call()
    assert await feed(Bits("One. Two. Three. "), call.send) is None
    assert call.pieces[0][1].splitlines() == ["One.", "Two.", "Three."][: len(call.pieces[0][1].splitlines())]
    assert " ".join(text.replace("\n", " ") for _, text, _ in call.pieces).split() == ["One.", "Two.", "Three."]
    assert [last for _, _, last in call.pieces] == [False] * (len(call.pieces) - 1) + [True]


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
    assert call.pieces == [(1, "One is done.", False), (2, "And t", True)]


async def test_what_is_no_text_is_told_as_the_iterators_fault() -> None:
    call = Call()
    failure = await feed(Bits("One is done. ", 2), call.send)
    assert isinstance(failure, UsageError)
    assert "gave a int: give pieces of text" in str(failure)
    assert call.pieces[-1] == (1, "One is done.", True)


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

    async def sending(number: int, text: str, *, last: bool) -> None:
        if last:
            raise UsageError("it is over")
        await send(number, text, last=last)

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
    assert " ".join(text for _, text, _ in call.pieces) == "One is done. Two is done."


async def test_a_list_of_texts_will_do_and_what_it_is_made_of_is_looked_at() -> None:
    call = Call()
    assert await feed(["One is ", "done."], call.send) is None
    assert call.pieces == [(1, "One is done.", True)]
    assert isinstance(await feed(iter([b"x"]), call.send), UsageError)  # type: ignore[arg-type]
