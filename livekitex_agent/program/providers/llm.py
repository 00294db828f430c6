"""A language model of LiveKit's classes as the session's."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from livekitex_agent.llm import FunctionTool, from_protocol
from livekitex_agent.program.providers.adapter import Adapter
from protocols import (
    DEFAULT_TOKENS,
    LLM,
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatOptions,
    FinishReason,
    FunctionChoice,
    LLMEvent,
    TextDelta,
    TokenEstimator,
    TokenUsage,
    ToolChoice,
    ToolSchema,
)

__all__ = ["LLMAdapter", "ReadSchema"]

_OURS: Final = "livekitex_agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSchema(ToolSchema):
    """A schema that was read from a function: it may be said in a service's strict form, which one that the program wrote is not."""


class LLMAdapter(Adapter, LLM):
    """A model; it is told a chat context of its own family, and the tools' schemas as tools whose schema is given.

    Its classes do not say why an answer ended: it ended to have its calls answered, if it made some, else because all was said.
    """

    tokens: TokenEstimator = DEFAULT_TOKENS

    def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """Stream one answer."""
        return self._iterate(lambda: self._answer(context, tuple(tools), options))

    async def _answer(self, context: ChatContext, tools: tuple[ToolSchema, ...], options: ChatOptions) -> AsyncGenerator[LLMEvent, None]:
        stream = self.provider.chat(
            chat_ctx=self._context(context),
            tools=[self._tool(tool) for tool in tools],
            conn_options=self._connect_options,
            **_asked(options),
        )
        calls, usage = 0, None
        async with stream:
            async for chunk in stream:
                usage = getattr(chunk, "usage", None) or usage
                delta = getattr(chunk, "delta", None)
                if delta is None:
                    continue
                if delta.content:
                    yield TextDelta(text=delta.content)
                for call in delta.tool_calls or ():
                    yield CallDelta(index=calls, call_id=call.call_id or "", name=call.name or "", arguments=call.arguments or "")
                    calls += 1
        yield ChatFinished(reason=FinishReason.TOOL_CALLS if calls else FinishReason.STOP)
        if usage is not None:
            yield TokenUsage(
                prompt_tokens=usage.prompt_tokens or 0,
                cached_prompt_tokens=min(usage.prompt_cached_tokens or 0, usage.prompt_tokens or 0),
                completion_tokens=usage.completion_tokens or 0,
            )

    def _context(self, context: ChatContext) -> Any:  # noqa: ANN401 - of either family
        made = from_protocol(context)
        if self._family.package == _OURS:
            return made
        return self._family.module("llm").ChatContext.from_dict(
            made.to_dict(exclude_image=False, exclude_audio=False, exclude_timestamp=False)
        )

    def _tool(self, tool: ToolSchema) -> Any:  # noqa: ANN401 - of either family
        schema = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        made = self._family.module("llm").function_tool(_never_called, raw_schema=schema)
        if not isinstance(tool, ReadSchema) or self._family.package != _OURS:
            return made
        return FunctionTool(function=made.function, schema=made.schema, parameters=made.parameters)


async def _never_called(raw_arguments: dict[str, object]) -> None:
    """Stand for a tool that the session runs."""
    raise NotImplementedError("the session runs the tools")


def _asked(options: ChatOptions) -> dict[str, Any]:
    """The options of `LLM.chat` that were given."""
    asked: dict[str, Any] = {}
    match options.tool_choice:
        case FunctionChoice(name=name):
            asked["tool_choice"] = {"type": "function", "function": {"name": name}}
        case choice if choice is not ToolChoice.AUTO:
            asked["tool_choice"] = str(choice)
        case _:
            pass
    if options.parallel_tool_calls is not None:
        asked["parallel_tool_calls"] = options.parallel_tool_calls
    if options.extra:
        asked["extra_kwargs"] = dict(options.extra)
    return asked
