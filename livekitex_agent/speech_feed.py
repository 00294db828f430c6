"""Text that comes bit by bit, on its way into a speech of the agent's.

How it works. The speech is open from its beginning (`protocols.Say`). Of what the script's iterator gives whole sentences are cut, and each
is sent as soon as it stands; the next bit is asked for only when the call has taken what there was, so nothing piles up here. When the
iterator ends, or raises, the rest is sent and the speech is complete. Whoever is gone before that leaves it open: its deadline ends it.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from typing import Any, Final, Protocol

from actors import SentenceSplitter
from livekitex_agent.threads import in_thread
from protocols import MessageTooLargeError, UnavailableError, UsageError, WellFormedStream

Bits = AsyncIterable[str] | Iterable[str]

MAX_ID_CHARS: Final = 56
"""Of the id of a command whose speech comes bit by bit: a number follows it in the ids of the pieces."""
_END: Final = object()


class Send(Protocol):
    """Sends the piece ``number`` of the speech and returns when the call has taken it; raises as a command does."""

    async def __call__(self, number: int, text: str, *, last: bool) -> None:
        """See the class."""
        ...


async def feed(bits: Bits, send: Send) -> Exception | None:
    """Send all of ``bits``; stops where the speech is over, or the call. What the iterator raised is returned, or what stopped it.

    What is no text is an error of the iterator, and so is more than a speech may hold.
    """
    splitter, whole, number, failure = SentenceSplitter(), WellFormedStream(), 0, None
    try:
        async with aclosing(_each(bits)) as texts:
            while True:
                try:
                    text = await anext(texts)
                except StopAsyncIteration:
                    break
                except Exception as raised:  # noqa: BLE001 - the script's own
                    failure = raised
                    break
                if sentences := splitter.feed(whole.feed(text)):
                    number += 1
                    await send(number, "\n".join(sentences), last=False)
        number += 1
        await send(number, "\n".join(splitter.feed(whole.finish()) + splitter.finish()), last=True)
    except MessageTooLargeError as too_large:
        failure = too_large
        await _complete(send, number + 1)
    except (UsageError, UnavailableError):
        pass  # it is over, and its events tell how
    return failure


async def _complete(send: Send, number: int) -> None:
    try:
        await send(number, "", last=True)
    except (UsageError, UnavailableError):
        return


async def _each(bits: Bits) -> AsyncGenerator[str]:
    """What an iterator of either kind gives; one that may block does so in a thread."""
    if isinstance(bits, AsyncIterable):
        several = aiter(bits)
        try:
            async for bit in several:
                yield _text(bit)
        finally:
            if isinstance(several, AsyncGenerator):
                await several.aclose()
        return
    iterator = await in_thread(iter, bits, name="livekitex speech")
    while (bit := await in_thread(next, iterator, _END, name="livekitex speech")) is not _END:
        yield _text(bit)


def _text(bit: Any) -> str:  # noqa: ANN401 - whatever the iterator gives
    if not isinstance(bit, str):
        raise UsageError(f"the iterator of a speech gave a {type(bit).__name__}: give pieces of text")
    return bit
