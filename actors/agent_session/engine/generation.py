"""The model at work: from deltas to sentences and tool calls."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Final

from actors.agent_session.core import Input, Think
from actors.agent_session.core.inputs import RoundFinished, SentenceReady, ThinkingFailed
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.failures import failure_of
from actors.agent_session.engine.provider_values import delta_of, stream_of
from actors.media import SentenceSplitter
from protocols import LLM, FunctionCall, ProviderError, TextDelta, ToolSchema, WellFormedStream

DELTA_TIMEOUT_S: Final = 20.0
"""Silence of the model after which its round has failed."""
ROUND_TIMEOUT_S: Final = 120.0
"""For a whole round, however much the model streams; then it has failed."""
MAX_DELTAS: Final = 32_000
"""Of one round; with more it has failed."""
MAX_REPLY_CHARS: Final = 16_000
"""Of one round's text: what comes after is left out."""
MAX_CALLS: Final = 16
"""Of one round: what comes after is left out."""


class Generation:
    """Asks ``llm`` behind ``bulkhead``; the answers go to ``report``."""

    def __init__(self, llm: LLM, tools: Sequence[ToolSchema], bulkhead: Bulkhead, report: Callable[[Input], None]) -> None:
        self._llm = llm
        self._tools = tools
        self._bulkhead = bulkhead
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
        splitter, text, room = SentenceSplitter(), WellFormedStream(), MAX_REPLY_CHARS
        deltas, calls = 0, list[FunctionCall]()
        tools = self._tools if wanted.offer_tools else ()
        stream = self._bulkhead.stream(
            lambda: stream_of(self._llm, "chat", self._llm.chat(wanted.messages, tools)), silence_s=DELTA_TIMEOUT_S, total_s=ROUND_TIMEOUT_S
        )
        async with aclosing(stream) as values:
            async for value in values:
                deltas += 1
                if deltas > MAX_DELTAS:
                    raise ProviderError(f"the model does not end: it gave more than {MAX_DELTAS} deltas in a round", retryable=False)
                delta = delta_of(self._llm, value)
                if isinstance(delta, TextDelta):
                    self._say(wanted.token, splitter.feed(text.feed(delta.text[:room])))
                    room -= min(room, len(delta.text))
                elif len(calls) < MAX_CALLS:
                    calls.append(delta.call)
        self._say(wanted.token, splitter.feed(text.finish()) + splitter.finish())
        return calls

    def _say(self, token: int, sentences: list[str]) -> None:
        for sentence in sentences:
            self._report(SentenceReady(token=token, text=sentence))
