"""A language model of LiveKit's base class whose answers are written down."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from livekitex_agent import llm
from livekitex_agent.types import APIConnectOptions

ONCE = APIConnectOptions(max_retry=0)


class Scripted(llm.LLM):
    """Each answer is a list of texts, calls and exceptions; the last is repeated."""

    def __init__(self, *answers: list[Any], hang: bool = False) -> None:
        super().__init__()
        self.answers = list(answers)
        self.hang = hang

    @property
    def model(self) -> str:
        return "script"

    def chat(self, *, chat_ctx: Any, tools: Any = None, conn_options: Any = ONCE, **_: Any) -> "ScriptedStream":
        return ScriptedStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class ScriptedStream(llm.LLMStream):
    async def _run(self) -> None:
        scripted = self._llm
        assert isinstance(scripted, Scripted)
        if scripted.hang:
            await asyncio.Event().wait()
        for part in scripted.answers.pop(0) if len(scripted.answers) > 1 else scripted.answers[0]:
            if isinstance(part, Exception):
                raise part
            delta = llm.ChoiceDelta(content=part) if isinstance(part, str) else llm.ChoiceDelta(tool_calls=[part])
            self._event_ch.send_nowait(llm.ChatChunk(id="r", delta=delta))
        usage = llm.CompletionUsage(completion_tokens=2, prompt_tokens=3, total_tokens=5)
        self._event_ch.send_nowait(llm.ChatChunk(id="r", usage=usage))


def ask(model: llm.LLM, options: APIConnectOptions = ONCE) -> llm.LLMStream:
    return model.chat(chat_ctx=llm.ChatContext.empty(), conn_options=options)


def run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(20):
            return await work()

    return asyncio.run(bounded())
