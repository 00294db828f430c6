"""The model at work: from deltas to sentences and tool calls."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from actors.agent_session.core import Input, Think
from actors.agent_session.core.inputs import RoundFinished, SentenceReady, ThinkingFailed
from actors.agent_session.engine.failures import failure_of
from actors.media import SentenceSplitter
from protocols import LLM, FunctionCall, TextDelta, ToolSchema

DELTA_TIMEOUT_S: Final = 20.0
"""Silence of the model after which its round has failed."""
MAX_REPLY_CHARS: Final = 16_000
"""Of one round's text: what comes after is left out."""
MAX_CALLS: Final = 16
"""Of one round: what comes after is left out."""


class Brain:
    """Asks ``llm``; the answers go to ``report``."""

    def __init__(self, llm: LLM, tools: Sequence[ToolSchema], report: Callable[[Input], None]) -> None:
        self._llm = llm
        self._tools = tools
        self._report = report

    async def think(self, wanted: Think) -> None:
        """One round: each sentence as soon as it stands, then the calls; or its failure."""
        try:
            calls = await self._listen(wanted)
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
            text, retryable = failure_of(failure)
            self._report(ThinkingFailed(token=wanted.token, text=text, retryable=retryable))
        else:
            self._report(RoundFinished(token=wanted.token, calls=tuple(calls)))

    async def _listen(self, wanted: Think) -> list[FunctionCall]:
        splitter, room, calls = SentenceSplitter(), MAX_REPLY_CHARS, list[FunctionCall]()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(DELTA_TIMEOUT_S) as limit:
            async for delta in self._llm.chat(wanted.messages, self._tools if wanted.offer_tools else ()):
                limit.reschedule(loop.time() + DELTA_TIMEOUT_S)
                if isinstance(delta, TextDelta):
                    self._say(wanted.token, splitter.feed(delta.text[:room]))
                    room -= min(room, len(delta.text))
                elif len(calls) < MAX_CALLS:
                    calls.append(delta.call)
        self._say(wanted.token, splitter.finish())
        return calls

    def _say(self, token: int, sentences: list[str]) -> None:
        for sentence in sentences:
            self._report(SentenceReady(token=token, text=sentence))
