"""An agent's own `transcription_node`: what the history and the screen have of a text that the agent says.

The text goes to the node piece by piece, as the model gives it, and to the voice at once. What the node yields until it asks for the next
piece is written for the one before, so that a reply which is cut off holds what was written of what was heard. The voice does not wait for
a node that takes its time: after `WAIT_S` the text goes on, and what comes later is written for a later piece; after the last one the node
has `END_S`. What it raises is logged; then nothing more is written.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Final, TypeVar

from livekitex_agent.program.crossing import closing_at_end
from livekitex_agent.program.pieces import pieces
from livekitex_agent.voice.agent import Agent, ModelSettings
from protocols import TextDelta

E = TypeVar("E")

log = logging.getLogger("livekitex.program")

WAIT_S: Final = 0.1
"""For what a node makes of a piece; for a node that has once taken longer nothing waits again."""
END_S: Final = 10.0
"""For what it makes of the whole text, after its end."""


async def written_by(agent: Agent, events: AsyncIterator[E]) -> AsyncIterator[E | TextDelta]:
    """``events`` with what the node of ``agent`` writes for their text, if it has one of its own. Called on the program's loop.

    The sentence that the text ends with is said before the node has ended.
    """
    if not agent._overrides("transcription_node"):
        async with closing_at_end(events):
            async for event in events:
                yield event
        return
    writing = _Writing(lambda text: agent.transcription_node(text, ModelSettings()))
    try:
        async with closing_at_end(events):
            async for event in events:
                yield TextDelta(text=event.text, written=await writing.add(event.text)) if isinstance(event, TextDelta) else event
        if writing.begun:
            yield TextDelta(text="\n", written="")  # the end of a line ends the last sentence
            yield TextDelta(text="", written=await writing.end())
    finally:
        await writing.close()


async def deltas_of(text: str | AsyncIterable[str]) -> AsyncIterator[TextDelta]:
    """What the program has said, as pieces of text; what is none is passed on."""
    if isinstance(text, str):
        yield TextDelta(text=text)
        return
    async with closing_at_end(aiter(text)) as bits:
        async for bit in bits:
            yield TextDelta(text=bit) if isinstance(bit, str) else bit


class _Writing:
    """A node at work."""

    def __init__(self, node: Callable[[AsyncIterator[str]], Any]) -> None:
        self.begun = False
        self._node = node
        self._given: asyncio.Queue[str | None] = asyncio.Queue()  # no longer than an answer may be
        self._written: list[str] = []
        self._asks = asyncio.Event()
        self._late = False
        self._running: asyncio.Task[None] | None = None

    async def add(self, text: str) -> str:
        """What is written once the node has ``text`` too."""
        if self._running is None:
            self._running = asyncio.create_task(self._run())
            self.begun = True
        self._asks.clear()
        self._given.put_nowait(text)
        if not self._late and not self._running.done():
            await self._wait_for(self._asks, WAIT_S)
        return self._taken()

    async def end(self) -> str:
        """What is written after the last piece."""
        self._given.put_nowait(None)
        if self._running is not None:
            await asyncio.wait([self._running], timeout=END_S)
            if not self._running.done():
                log.warning("the transcription_node had not ended %g s after its text: what it would write now is left out", END_S)
        return self._taken()

    async def close(self) -> None:
        """End the node."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _wait_for(self, event: asyncio.Event, timeout_s: float) -> None:
        try:
            await asyncio.wait_for(event.wait(), timeout_s)
        except TimeoutError:
            self._late = True

    def _taken(self) -> str:
        written, self._written = "".join(self._written), []
        return written

    async def _run(self) -> None:
        try:
            async with aclosing(self._text()) as text:
                async for piece in pieces(self._node(text)):
                    self._written.append(str(piece))
        except Exception:  # the seam to the user's code
            log.exception("the transcription_node has failed: what is said after this is not written")
        finally:
            self._asks.set()

    async def _text(self) -> AsyncGenerator[str]:
        while True:
            if self._given.empty():
                self._asks.set()
            text = await self._given.get()
            if text is None:
                return
            yield text
