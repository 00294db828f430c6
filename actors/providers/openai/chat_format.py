"""Chat Completions as values: what is asked, and what the chunks of an answer say. Pure.

https://platform.openai.com/docs/api-reference/chat. Servers that speak this protocol leave out what OpenAI sends (ids, indexes, the end's
reason, ``[DONE]``, the usage), send it twice, or as another type. So each field is looked at by itself, and what cannot be read is as if
it were not there. The calls are put together by whoever reads the events (``actors.providers.CallAssembler``).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from actors.providers.openai.strict_schema import strict_schema
from actors.providers.openai.thoughts import Thoughts
from protocols import (
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatOptions,
    Fault,
    FinishReason,
    FunctionChoice,
    LLMEvent,
    ProviderError,
    TextDelta,
    TokenUsage,
    ToolChoice,
    ToolSchema,
)

FINISH_REASONS: Final[Mapping[str, FinishReason]] = {
    "stop": FinishReason.STOP,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "model_length": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
    "safety": FinishReason.CONTENT_FILTER,
}
"""What the reasons mean; any other is an end like "stop"."""
BROKEN: Final = frozenset({"error", "abort", "cancelled"})
"""Reasons of an end that is none."""


def chat_request(
    context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions, parameters: Mapping[str, Any], *, strict: bool
) -> dict[str, Any]:
    """The fields of a request but for its model: ``parameters``, and what the session says, which counts."""
    request: dict[str, Any] = {"stream_options": {"include_usage": True}, **parameters}
    request["messages"] = context.to_provider_format("openai").messages
    if tools:
        request["tools"] = [_tool(tool, strict=strict) for tool in tools]
    return completed(request, options, lambda name: {"type": "function", "function": {"name": name}})


def completed(request: dict[str, Any], options: ChatOptions, named: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """``request`` with what ``options`` say; ``named`` writes the choice of one tool. A parameter that is None is left out.

    Of the choice between tools nothing is said where there are none, which services refuse.
    """
    match options.tool_choice:
        case FunctionChoice(name=name):
            request["tool_choice"] = named(name)
        case ToolChoice.AUTO:
            pass  # it is the service's own default, and a parameter's to change
        case choice:
            request["tool_choice"] = str(choice)
    if options.parallel_tool_calls is not None:
        request["parallel_tool_calls"] = options.parallel_tool_calls
    request |= options.extra
    without_tools = () if "tools" in request else ("tool_choice", "parallel_tool_calls")
    return {key: value for key, value in request.items() if value is not None and key not in without_tools}


def _tool(tool: ToolSchema, *, strict: bool) -> dict[str, Any]:
    parameters = strict_schema(tool.parameters) if strict else None
    if parameters is None:
        return tool.to_openai()
    function = {"name": tool.name, "description": tool.description, "parameters": parameters, "strict": True}
    return {"type": "function", "function": function}


class ChatReader:
    """Reads the chunks of one answer of ``label``'s, in order."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._reason: FinishReason | None = None
        self._called = False
        self._said = False
        self._thoughts = Thoughts()
        self._usage: TokenUsage | None = None

    @property
    def finished(self) -> bool:
        """Whether the answer is whole: only its usage may still come."""
        return self._reason is not None

    def read(self, chunk: object) -> Iterator[LLMEvent]:
        """What ``chunk`` says.

        Raises:
            ProviderError: it is none, or says that the answer has failed.
        """
        if not isinstance(chunk, Mapping):
            raise ProviderError(f"{self._label}: a chunk of its answer is a {type(chunk).__name__}", retryable=True)
        self._usage = usage_in(chunk.get("usage"), "prompt_tokens", "completion_tokens") or self._usage
        for choice in mappings(chunk.get("choices")):
            if choice.get("index") in (0, None):
                yield from self._read_choice(choice)

    def finish(self, *, ended: bool) -> Iterator[LLMEvent]:
        """The stream is over, and the service has said so (``ended``) or not: how the answer ended.

        Raises:
            ProviderError: it was cut.
        """
        if self._reason is None and not (ended and self._said):
            raise cut(self._label, begun=self._said)
        if held := self._thoughts.finish():
            yield TextDelta(text=held)
        yield ended_with(self._reason, called=self._called)
        if self._usage is not None:
            yield self._usage

    def _read_choice(self, choice: Mapping[str, Any]) -> Iterator[LLMEvent]:
        delta = choice.get("delta") or choice.get("message")  # a whole message, where a server does not stream
        if isinstance(delta, Mapping):
            content = text_in(delta.get("content"))
            self._said = self._said or bool(content)
            for text in (self._thoughts.feed(content), text_in(delta.get("refusal"))):
                if text:
                    self._said = True
                    yield TextDelta(text=text)
            for call in mappings(delta.get("tool_calls")):
                yield self._call(call.get("index"), call.get("id"), call.get("function"))
            if isinstance(delta.get("function_call"), Mapping):  # as it was before there were tools
                yield self._call(0, None, delta["function_call"])
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            if reason.lower() in BROKEN:
                raise ProviderError(f"{self._label}: it broke off its answer ({reason})", retryable=True)
            self._reason = FINISH_REASONS.get(reason.lower(), FinishReason.STOP)

    def _call(self, index: object, call_id: object, function: object) -> CallDelta:
        self._called = self._said = True
        told = function if isinstance(function, Mapping) else {}
        return CallDelta(
            index=index if isinstance(index, int) and not isinstance(index, bool) and index >= 0 else None,
            call_id=call_id if isinstance(call_id, str) else "",
            name=told["name"] if isinstance(told.get("name"), str) else "",
            arguments=arguments_in(told.get("arguments")),
        )


def mappings(values: object) -> list[Mapping[str, Any]]:
    """Those of ``values`` that are objects, if it is a list."""
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []


def text_in(content: object) -> str:
    """The text of a content, which may be one or a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in mappings(content) if isinstance(part.get("text"), str))


def arguments_in(arguments: object) -> str:
    """The arguments of a call, which some servers give as an object."""
    if isinstance(arguments, Mapping):
        return json.dumps(arguments, ensure_ascii=False)
    return arguments if isinstance(arguments, str) else ""


def cut(label: str, *, begun: bool) -> ProviderError:
    """The error that an answer is which ends without its end."""
    where = "in the middle" if begun else "before its first word"
    return ProviderError(f"{label}: its answer was cut {where}", retryable=True, fault=Fault.NETWORK)


def ended_with(reason: FinishReason | None, *, called: bool) -> ChatFinished:
    """The end of an answer: one with calls waits for their results, whatever the service calls it."""
    reason = reason or FinishReason.STOP
    return ChatFinished(reason=FinishReason.TOOL_CALLS if called and reason is FinishReason.STOP else reason)


def usage_in(usage: object, prompt_key: str, completion_key: str) -> TokenUsage | None:
    """The tokens that a service counted, if it did."""
    if not isinstance(usage, Mapping):
        return None
    prompt = _count(usage.get(prompt_key))
    details = usage.get(f"{prompt_key}_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else 0
    return TokenUsage(prompt_tokens=prompt, cached_prompt_tokens=min(cached, prompt), completion_tokens=_count(usage.get(completion_key)))


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
