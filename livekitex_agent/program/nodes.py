"""The nodes of an agent in the call's pipeline: where the agent has its own, user code on the program's loop; else the provider itself.

A provider of ours is asked where it is, on the media's loop, and goes on through a block of the program's. Everything else waits with it.
"""

import inspect
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from livekitex_agent.llm import ChatChunk, from_protocol, to_protocol
from livekitex_agent.program.crossing import stream_on
from livekitex_agent.types import FlushSentinel
from livekitex_agent.voice.agent import Agent, ModelSettings
from protocols import (
    LLM,
    CallDelta,
    ChatContext,
    ChatOptions,
    FunctionChoice,
    LLMEvent,
    ProviderError,
    TextDelta,
    TokenUsage,
    ToolSchema,
)

if TYPE_CHECKING:
    from livekitex_agent.program.session_activity import SessionActivity

NO_MODEL: Final = "the agent has no llm: give one to it or to its session, or only let it say what the program tells it"


class NoLLM(LLM):
    """Of a session that has no model, and only says what it is told."""

    def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """Refuse.

        Raises:
            ProviderError: always.
        """
        del context, tools, options
        raise ProviderError(NO_MODEL, retryable=False)


class AgentLLM(LLM):
    """The model of ``agent`` behind its `llm_node`; ``llm`` is that of the agent or its session (None: there is none)."""

    def __init__(self, activity: "SessionActivity", agent: Agent, llm: LLM | None) -> None:
        self.llm: LLM = NoLLM() if llm is None else llm
        self.tokens = self.llm.tokens
        self._activity = activity
        self._agent = agent

    @property
    def label(self) -> str:
        """The model's own."""
        return self.llm.label

    def prewarm(self) -> None:
        """Warm up the model."""
        self.llm.prewarm()

    async def aclose(self) -> None:
        """Close the model."""
        await self.llm.aclose()

    def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """See `LLM.chat`."""
        if not self._agent._overrides("llm_node"):
            return self.llm.chat(context, tools, options)
        return stream_on(self._activity.loop.loop, lambda: self._node(context, tools, options))

    async def _node(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        names = {tool.name for tool in tools}
        offered = [tool for tool in self._agent.tools if getattr(getattr(tool, "schema", None), "name", "") in names]
        given = self._agent.llm_node(from_protocol(context), offered, ModelSettings(tool_choice=_choice(options)))
        if inspect.isawaitable(given):
            given = await given
        if given is None:
            return
        if isinstance(given, str):
            yield TextDelta(text=given)
            return
        if isinstance(given, ChatChunk):
            for event in events_of(given):
                yield event
            return
        async for chunk in given:
            for event in events_of(chunk):
                yield event


def events_of(chunk: Any) -> list[LLMEvent]:  # noqa: ANN401 - whatever a node gives
    """What a piece of LiveKit's answers says, in ours: text, calls of tools, usage."""
    if isinstance(chunk, FlushSentinel):
        return []
    if isinstance(chunk, str):
        return [TextDelta(text=chunk)]
    events: list[LLMEvent] = []
    if chunk.delta is not None:
        if chunk.delta.content:
            events.append(TextDelta(text=chunk.delta.content))
        events += [
            CallDelta(index=at, call_id=call.call_id, name=call.name, arguments=call.arguments)
            for at, call in enumerate(chunk.delta.tool_calls or ())
        ]
    if chunk.usage is not None:
        events.append(
            TokenUsage(
                prompt_tokens=chunk.usage.prompt_tokens,
                cached_prompt_tokens=chunk.usage.prompt_cached_tokens,
                completion_tokens=chunk.usage.completion_tokens,
            )
        )
    return events


def _choice(options: ChatOptions) -> Any:  # noqa: ANN401 - LiveKit's
    choice = options.tool_choice
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, FunctionChoice) else str(choice)


_ = to_protocol
