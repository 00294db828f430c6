"""What is pushed is worked on while the stream is iterated; whatever happens to it, it ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine

import pytest

from actors.providers import Flush, PushedStream
from actors.providers.pushed_stream import MAX_EVENTS
from protocols import ProviderError
from support import virtual_time


class Upper(PushedStream[str, str]):
    """Says what is pushed in capitals; a flush is a bar. ``fail`` fails, ``wait`` waits for ever, ``many`` is more than fits."""

    def __init__(self) -> None:
        super().__init__("upper", bound=10, what="10 characters")
        self.closed = 0
        self.began = asyncio.Event()

    def push(self, text: str) -> None:
        self.put(text, len(text))

    async def work(self, inputs: AsyncIterator[str | Flush]) -> AsyncGenerator[str, None]:
        try:
            async for piece in inputs:
                self.began.set()
                if piece == "fail":
                    raise ProviderError("broken", retryable=True)
                if piece == "wait":
                    await asyncio.Event().wait()
                for _ in range(2 * MAX_EVENTS if piece == "many" else 1):
                    yield "|" if isinstance(piece, Flush) else piece.upper()
        finally:
            self.closed += 1


def run(test: Callable[[Upper], Coroutine[None, None, None]]) -> Upper:
    async def work() -> Upper:
        stream = Upper()
        await test(stream)
        return stream

    return virtual_time.run(work())


def test_what_is_pushed_comes_out_in_order_and_the_end_after_it() -> None:
    async def test(stream: Upper) -> None:
        stream.push("a")
        stream.flush()
        stream.push("b")
        stream.end_input()
        stream.end_input()
        assert [event async for event in stream] == ["A", "|", "B"]

    assert run(test).closed == 1


def test_it_waits_for_what_is_pushed_later() -> None:
    async def test(stream: Upper) -> None:
        asyncio.get_running_loop().call_later(1, stream.push, "late")
        asyncio.get_running_loop().call_later(2, stream.end_input)
        assert [event async for event in stream] == ["LATE"]

    run(test)


def test_more_than_its_bound_is_refused_and_less_again_taken() -> None:
    async def test(stream: Upper) -> None:
        stream.push("0123456789")
        with pytest.raises(ProviderError, match="upper: more than 10 characters wait in the stream: it is too slow") as failure:
            stream.push("x")
        assert failure.value.retryable
        events = aiter(stream)
        assert await anext(events) == "0123456789"
        stream.push("x")
        assert await anext(events) == "X"
        await events.aclose()

    run(test)


def test_many_events_wait_for_their_reader() -> None:
    async def test(stream: Upper) -> None:
        stream.push("many")
        stream.end_input()
        assert [event async for event in stream] == ["MANY"] * (2 * MAX_EVENTS)

    run(test)


@pytest.mark.parametrize("end", [Upper.end_input, None])
def test_nothing_is_pushed_into_what_is_over(end: Callable[[Upper], None] | None) -> None:
    async def test(stream: Upper) -> None:
        if end is not None:
            end(stream)
        else:
            await stream.aclose()
        for push in (lambda: stream.push("x"), stream.flush):
            with pytest.raises(ProviderError, match="upper: the stream is over"):
                push()

    run(test)


def test_a_failure_is_raised_behind_what_came_before_and_ends_the_stream() -> None:
    async def test(stream: Upper) -> None:
        stream.push("a")
        stream.push("fail")
        events = aiter(stream)
        assert await anext(events) == "A"
        with pytest.raises(ProviderError, match="broken"):
            await anext(events)
        with pytest.raises(ProviderError, match="the stream is over"):
            stream.push("x")

    assert run(test).closed == 1


@pytest.mark.parametrize("piece", ["wait", "many"])
def test_closing_ends_what_is_iterated_elsewhere(piece: str) -> None:
    async def test(stream: Upper) -> None:
        async def read() -> list[str]:
            return [event async for event in stream]

        reading = asyncio.create_task(read())
        stream.push(piece)
        await stream.began.wait()
        await stream.aclose()
        await stream.aclose()
        await reading

    assert run(test).closed == 1


def test_a_reader_that_leaves_ends_the_work() -> None:
    async def test(stream: Upper) -> None:
        stream.push("a")
        stream.push("wait")
        async for event in stream:
            assert event == "A"
            break

    async def cancelled(stream: Upper) -> None:
        stream.push("wait")

        async def read() -> None:
            async for _ in stream:
                pass

        reading = asyncio.create_task(read())
        await stream.began.wait()
        reading.cancel()
        await asyncio.wait((reading,))

    run(cancelled)
    assert run(cancelled).closed == 1
    run(test)


def test_it_is_iterated_once() -> None:
    async def test(stream: Upper) -> None:
        events = aiter(stream)
        stream.push("a")
        await anext(events)
        with pytest.raises(ProviderError, match="iterated already"):
            await anext(aiter(stream))
        await events.aclose()
        assert [event async for event in stream] == []

    run(test)


def test_closed_before_it_is_iterated_it_has_nothing() -> None:
    async def test(stream: Upper) -> None:
        stream.push("a")
        await stream.aclose()
        assert [event async for event in stream] == []

    assert run(test).closed == 0


def test_the_base_has_no_work() -> None:
    async def test() -> None:
        stream = PushedStream[str, str]("bare", bound=1, what="nothing")
        with pytest.raises(NotImplementedError):
            await anext(aiter(stream))

    virtual_time.run(test())
