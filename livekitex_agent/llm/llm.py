"""The base class of language models, as LiveKit has it: a subclass implements `LLM.chat`, which gives a stream of chunks."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, ClassVar, Generic, Literal

from typing_extensions import TypeVar

from actors import Tool
from livekitex_agent.llm.answers import ChatChunk, CollectedResponse, CompletionUsage, LLMError
from livekitex_agent.llm.chat_context import ChatContext
from livekitex_agent.llm.tool_context import ToolChoice
from livekitex_agent.metrics.base import LLMMetrics
from livekitex_agent.metrics.model import Model
from livekitex_agent.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr
from livekitex_agent.utils import aio
from livekitex_agent.utils.event_stream import EventStream
from livekitex_agent.utils.misc import monotonic, wall_time
from livekitex_agent.utils.retries import with_retries

__all__ = ["LLM", "LLMStream"]

TEvent = TypeVar("TEvent", default=Any)


class LLM(ABC, Model[Literal["metrics_collected", "error"] | TEvent], Generic[TEvent]):
    """A language model. It tells ``metrics_collected`` (`LLMMetrics`) and ``error`` (`LLMError`)."""

    def __init__(self) -> None:
        super().__init__()
        self._prewarm_task: asyncio.Task[None] | None = None

    @abstractmethod
    def chat(
        self,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> "LLMStream":
        """Begin an answer to ``chat_ctx``; returns at once."""

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Open a connection in the background, if the subclass has ``_prewarm_impl``; a second time does nothing."""
        overridden = type(self)._prewarm_impl is not LLM._prewarm_impl  # noqa: SLF001 - its own class
        if overridden and self._prewarm_task is None:
            self._prewarm_task = (loop or asyncio.get_running_loop()).create_task(self._prewarm())

    async def _prewarm(self) -> None:
        with contextlib.suppress(Exception):  # the first request will tell it
            await self._prewarm_impl()

    async def _prewarm_impl(self) -> None:
        return

    async def aclose(self) -> None:
        """Give back what it holds."""
        if self._prewarm_task is not None:
            await aio.cancel_and_wait(self._prewarm_task)


class _EventChannel(aio.Chan[ChatChunk]):
    output_sent = False

    def send_nowait(self, value: ChatChunk) -> None:
        super().send_nowait(value)
        self.output_sent = self.output_sent or value.has_response()


class LLMStream(EventStream[ChatChunk], ABC):
    """One answer: a subclass' `_run` sends chunks into ``self._event_ch``, and is run again if it raises a retryable `APIError`.

    Iterating gives the chunks, and raises what `_run` raised last. To be used in one task, and closed.
    """

    _llm_request_span_name: ClassVar[str] = "llm_request"

    def __init__(self, llm: LLM[Any], *, chat_ctx: ChatContext, tools: list[Tool], conn_options: APIConnectOptions) -> None:
        self._llm = llm
        self._chat_ctx = chat_ctx
        self._tools = tools
        self._conn_options = conn_options
        self._retry_on_chunk_sent = True
        self._failed = False
        self._output = _EventChannel()
        self._open(self._output)
        self._start(self._main_task())

    @abstractmethod
    async def _run(self) -> None:
        """Ask, and send the answer's chunks."""

    async def _main_task(self) -> None:
        await with_retries(
            self._attempt,
            what="generate LLM completion",
            options=self._conn_options,
            failed=self._emit_error,
            may_retry=lambda: self._retry_on_chunk_sent or not self._output.output_sent,
        )

    async def _attempt(self) -> None:
        self._failed = False
        await self._run()

    def _emit_error(self, api_error: Exception, recoverable: bool) -> None:  # noqa: FBT001 - LiveKit's
        self._failed = True
        self._llm.emit("error", LLMError(timestamp=wall_time(), label=self._llm.label, error=api_error, recoverable=recoverable))

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[ChatChunk]) -> None:
        begun, ttft, request_id = monotonic(), -1.0, ""
        usage: CompletionUsage | None = None
        any_chunk = False
        async for chunk in event_aiter:
            any_chunk, request_id, usage = True, chunk.id, chunk.usage or usage
            if ttft < 0 and chunk.has_response():
                ttft = monotonic() - begun
        if self._failed or not any_chunk:
            return
        duration = monotonic() - begun
        used = usage or CompletionUsage(completion_tokens=0, prompt_tokens=0, total_tokens=0)
        metrics = LLMMetrics(
            timestamp=wall_time(),
            request_id=request_id,
            ttft=ttft,
            duration=duration,
            cancelled=self._task.cancelled(),
            label=self._llm.label,
            completion_tokens=used.completion_tokens,
            prompt_tokens=used.prompt_tokens,
            prompt_cached_tokens=used.prompt_cached_tokens,
            cache_creation_tokens=used.cache_creation_tokens,
            reasoning_tokens=used.reasoning_tokens,
            total_tokens=used.total_tokens,
            tokens_per_second=used.completion_tokens / duration if duration else 0.0,
            metadata=self._llm._metadata,  # noqa: SLF001 - one class in two
        )
        self._llm.emit("metrics_collected", metrics)

    @property
    def chat_ctx(self) -> ChatContext:
        """What is answered."""
        return self._chat_ctx

    @property
    def tools(self) -> list[Tool]:
        """The tools that may be called."""
        return self._tools

    async def to_str_iterable(self) -> AsyncIterator[str]:
        """The answer's text alone; closes the stream at its end."""
        async with self:
            async for chunk in self:
                if chunk.delta and chunk.delta.content:
                    yield chunk.delta.content

    async def collect(self) -> CollectedResponse:
        """The whole answer; closes the stream."""
        collected = CollectedResponse()
        async with self:
            async for chunk in self:
                collected.usage = chunk.usage or collected.usage
                if chunk.delta:
                    collected.text += chunk.delta.content or ""
                    collected.tool_calls += chunk.delta.tool_calls
                    collected.extra |= chunk.delta.extra or {}
        collected.text = collected.text.strip()
        return collected
