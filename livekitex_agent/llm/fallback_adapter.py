"""Several language models as one: where the first fails the next answers."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from actors import Tool
from livekitex_agent._exceptions import APIConnectionError
from livekitex_agent.llm.answers import ChatChunk
from livekitex_agent.llm.chat_context import ChatContext
from livekitex_agent.llm.llm import LLM, LLMStream
from livekitex_agent.llm.tool_context import ToolChoice
from livekitex_agent.metrics.base import MetricsMetadata
from livekitex_agent.types import NOT_GIVEN, APIConnectOptions, NotGivenOr
from livekitex_agent.utils.aio import cancel_and_wait
from livekitex_agent.utils.event_stream import EventStream
from livekitex_agent.utils.log import logger

__all__ = ["AvailabilityChangedEvent", "FallbackAdapter"]

_NO_RETRIES = APIConnectOptions(max_retry=0)


@dataclass
class AvailabilityChangedEvent:
    """A model has failed, or answered again."""

    llm: LLM[Any]
    available: bool


class FallbackAdapter(LLM[Literal["llm_availability_changed"]]):
    """Asks ``llm`` in their order, those that failed last; each has ``attempt_timeout`` seconds for its first chunk.

    One that failed is asked the same in the background, at each request once, and is back when it has answered. One that has begun to
    answer is not replaced nor asked again, unless ``retry_on_chunk_sent``. ``max_retry_per_llm`` and ``retry_interval`` are for each
    model; ``sticky`` stays with the one that answered last until that fails. On one loop.

    Raises:
        ValueError: there is no model.
    """

    def __init__(
        self,
        llm: list[LLM[Any]],
        *,
        attempt_timeout: float = 5.0,
        max_retry_per_llm: int = 0,
        retry_interval: float = 0.5,
        retry_on_chunk_sent: bool = False,
        sticky: bool = False,
    ) -> None:
        if not llm:
            raise ValueError("at least one LLM instance must be provided.")
        super().__init__()
        self._models = list(llm)
        self._failed: set[int] = set()
        self._last = 0
        self._probes: dict[int, asyncio.Task[None]] = {}
        self._options = APIConnectOptions(max_retry=max_retry_per_llm, retry_interval=retry_interval, timeout=attempt_timeout)
        self._retry_on_chunk_sent = retry_on_chunk_sent
        self._sticky = sticky
        for model in llm:
            model.on("metrics_collected", self._on_metrics)

    @property
    def model(self) -> str:
        """The model that is asked next."""
        return self._models[self._order()[0]].model

    @property
    def provider(self) -> str:
        """Whose that is."""
        return self._models[self._order()[0]].provider

    @property
    def metrics_metadata(self) -> MetricsMetadata:
        """Of the model that answered last."""
        return self._models[self._last].metrics_metadata

    def chat(
        self,
        *,
        chat_ctx: ChatContext,
        tools: list[Tool] | None = None,
        conn_options: APIConnectOptions = _NO_RETRIES,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> LLMStream:
        """Begin an answer by the first model that can."""
        asked = {"parallel_tool_calls": parallel_tool_calls, "tool_choice": tool_choice, "extra_kwargs": extra_kwargs}
        return _FallbackStream(self, asked, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)

    async def aclose(self) -> None:
        """Ask and hear the models no more; they are whose they were."""
        await cancel_and_wait(*self._probes.values())
        for model in self._models:
            model.off("metrics_collected", self._on_metrics)
        await super().aclose()

    def _on_metrics(self, metrics: object) -> None:
        self.emit("metrics_collected", metrics)

    def _order(self) -> list[int]:
        first = self._last if self._sticky else 0
        return sorted(range(len(self._models)), key=lambda at: (at in self._failed, at != first, at))

    def _note(self, at: int, *, available: bool) -> None:
        if available is (at in self._failed):
            self._failed ^= {at}
            self.emit("llm_availability_changed", AvailabilityChangedEvent(self._models[at], available))

    def _probe(self, at: int, ask: Callable[[LLM[Any]], Coroutine[Any, Any, None]]) -> None:
        if at not in self._probes or self._probes[at].done():
            self._probes[at] = asyncio.create_task(self._recover(at, ask), name=f"probe of {self._models[at].label}")

    async def _recover(self, at: int, ask: Callable[[LLM[Any]], Coroutine[Any, Any, None]]) -> None:
        try:
            await ask(self._models[at])
        except Exception as failure:  # noqa: BLE001 - the seam to any model
            logger.warning("the model %s still fails: %s", self._models[at].label, failure)
        else:
            self._note(at, available=True)


class _FallbackStream(LLMStream):
    def __init__(self, adapter: FallbackAdapter, asked: dict[str, Any], **base: Any) -> None:  # noqa: ANN401 - the base's own
        self._adapter = adapter
        self._asked = asked
        super().__init__(adapter, **base)

    async def _metrics_monitor_task(self, event_aiter: Any) -> None:  # noqa: ANN401 - the base's own
        await EventStream._metrics_monitor_task(self, event_aiter)  # noqa: SLF001 - the model that answers tells them

    async def _run(self) -> None:
        adapter, failure = self._adapter, None
        order = adapter._order()  # noqa: SLF001 - one class in two
        if len(adapter._failed) < len(order):  # noqa: SLF001 - the same
            for at in adapter._failed:  # noqa: SLF001 - the same
                adapter._probe(at, self._ask)  # noqa: SLF001 - the same
        for at in order:
            model = adapter._models[at]  # noqa: SLF001 - the same
            try:
                await self._ask(model, self._event_ch.send_nowait)
            except Exception as told:  # the seam to any model
                failure = told
                adapter._note(at, available=False)  # noqa: SLF001 - the same
                logger.warning("the model %s failed: %s", model.label, told)
                adapter._probe(at, self._ask)  # noqa: SLF001 - the same
                if self._output.output_sent and not adapter._retry_on_chunk_sent:  # noqa: SLF001 - the same
                    raise
            else:
                adapter._note(at, available=True)  # noqa: SLF001 - the same
                adapter._last = at  # noqa: SLF001 - the same
                return
        raise APIConnectionError("all language models have failed") from failure

    async def _ask(self, model: LLM[Any], told: Callable[[ChatChunk], None] = lambda _chunk: None) -> None:
        options = self._adapter._options  # noqa: SLF001 - one class in two
        stream = model.chat(chat_ctx=self._chat_ctx, tools=self._tools, conn_options=options, **self._asked)
        stream._retry_on_chunk_sent = self._adapter._retry_on_chunk_sent  # noqa: SLF001 - the same
        async with stream:
            chunk: ChatChunk | None = await asyncio.wait_for(anext(stream, None), options.timeout)
            while chunk is not None:
                told(chunk)
                chunk = await anext(stream, None)
