"""Running the calls that a model made, outside of a session: tests and scripts do."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from actors import FunctionTool, RunContext, StopResponse, ToolError, ToolResult, canonical_arguments
from livekitex_agent.llm.answers import FunctionToolCall
from livekitex_agent.llm.chat_context import ChatContext
from livekitex_agent.llm.chat_items import FunctionCall, FunctionCallOutput
from livekitex_agent.llm.tool_context import ToolContext, _openai_function
from livekitex_agent.utils.log import logger
from protocols import InvalidToolError

__all__ = [
    "FunctionCallResult",
    "build_legacy_openai_schema",
    "build_strict_openai_schema",
    "compute_chat_ctx_diff",
    "execute_function_call",
    "make_function_call_output",
]

_PLAIN = (str, int, float, bool, complex, type(None))


@dataclass
class FunctionCallResult:
    """A call, its output as the model is told it, and what the function gave or raised."""

    fnc_call: FunctionCall
    fnc_call_out: FunctionCallOutput
    raw_output: Any
    raw_exception: BaseException | None
    fnc_call_updates: list[tuple[FunctionCall, FunctionCallOutput]] = field(default_factory=list)


@dataclass
class DiffOps:
    """What makes one context the other: items to remove, to put behind another (None: first), and to change, by their ids."""

    to_remove: list[str]
    to_create: list[tuple[str | None, str]]
    to_update: list[tuple[str | None, str]]


def build_legacy_openai_schema(function_tool: FunctionTool, *, internally_tagged: bool = False) -> dict[str, Any]:
    """The tool as OpenAI's chat completions take it, not strict; ``internally_tagged`` as its responses do."""
    entry = _openai_function(function_tool, strict=False)
    return {"type": "function", **entry} if internally_tagged else {"type": "function", "function": entry}


def build_strict_openai_schema(function_tool: FunctionTool) -> dict[str, Any]:
    """The tool as OpenAI's chat completions take it, strict if its schema can be said so."""
    return {"type": "function", "function": _openai_function(function_tool, strict=True)}


def compute_chat_ctx_diff(old_ctx: ChatContext, new_ctx: ChatContext) -> DiffOps:
    """How to make ``old_ctx`` ``new_ctx`` by removing, adding and changing items: those that both have in one order stay."""
    old, new = {item.id: item for item in old_ctx.items}, {item.id: item for item in new_ctx.items}
    kept = _common(list(old), list(new))
    created: list[tuple[str | None, str]] = []
    updated: list[tuple[str | None, str]] = []
    before: str | None = None
    for item_id, item in new.items():
        if item_id not in kept:
            created.append((before, item_id))
        elif item != old[item_id]:
            updated.append((before, item_id))
        before = item_id
    return DiffOps(to_remove=[item_id for item_id in old if item_id not in kept], to_create=created, to_update=updated)


def make_function_call_output(*, fnc_call: FunctionCall, output: Any, exception: BaseException | None) -> FunctionCallResult:  # noqa: ANN401 - whatever a tool gives
    """What the model is told of a call that gave ``output`` or raised ``exception``."""
    if isinstance(output, BaseException):
        output, exception = None, output
    told, is_error, reply_required = "", False, True
    match exception:
        case ToolError():
            told, is_error = exception.message, True
        case StopResponse():
            reply_required = False
        case None:
            result, reply_required = (output.output, output.reply_required) if isinstance(output, ToolResult) else (output, True)
            if _tellable(result):
                told = "" if result is None else str(result)
            else:
                what = "the tool %s has returned a %s: return text, numbers, or lists and dictionaries of them"
                logger.error(what, fnc_call.name, type(result).__name__)
                told, is_error = "the tool returned an invalid output", True
        case _:
            told, is_error = "An internal error occurred", True
    return FunctionCallResult(
        fnc_call=fnc_call,
        fnc_call_out=FunctionCallOutput(
            name=fnc_call.name, call_id=fnc_call.call_id, output=told, is_error=is_error, reply_required=reply_required
        ),
        raw_output=output,
        raw_exception=exception,
    )


async def execute_function_call(
    tool_call: FunctionToolCall, tool_ctx: ToolContext, *, call_ctx: RunContext | None = None
) -> FunctionCallResult:
    """Run the tool that ``tool_call`` names; whatever happens is told in the result."""
    call = FunctionCall(call_id=tool_call.call_id, name=tool_call.name, arguments=tool_call.arguments or "{}", extra=tool_call.extra or {})
    result = await _executed(call, tool_ctx, call_ctx)
    return dataclasses.replace(result, fnc_call_updates=list(getattr(call_ctx, "_updates", ())))


async def _executed(call: FunctionCall, tool_ctx: ToolContext, call_ctx: RunContext | None) -> FunctionCallResult:
    tool = tool_ctx.get_function_tool(call.name)
    if tool is None:
        unknown = f"Unknown function: {call.name} - available tools: {', '.join(tool_ctx.function_tools)}"
        result = make_function_call_output(fnc_call=call, output=None, exception=ToolError(unknown))
        return dataclasses.replace(result, raw_exception=ValueError(unknown))
    call.arguments = canonical_arguments(call.name, call.arguments)
    try:
        arguments = tool.validate(call.arguments)
        if tool.parameters.context_name is not None and call_ctx is not None:
            arguments[tool.parameters.context_name] = call_ctx
        output = await tool.run(arguments)
    except InvalidToolError as failure:
        return make_function_call_output(fnc_call=call, output=None, exception=ToolError(str(failure)))
    except Exception as failure:  # noqa: BLE001 - a tool is not ours: it may raise anything, and the model is told
        if not isinstance(failure, ToolError | StopResponse):
            logger.exception("the tool %s failed", call.name)
        return make_function_call_output(fnc_call=call, output=None, exception=failure)
    return make_function_call_output(fnc_call=call, output=output, exception=None)


def _tellable(value: object) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_tellable, value))
    if isinstance(value, dict):
        return all(isinstance(key, _PLAIN) and _tellable(inner) for key, inner in value.items())
    return isinstance(value, _PLAIN)


def _common(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """The ids of a longest sequence that both have; ids are unique, so it is a longest increasing one of places."""
    places = {item_id: at for at, item_id in enumerate(new)}
    ends: list[list[str]] = []
    for item_id in (item_id for item_id in old if item_id in places):
        at = next((at for at, run in enumerate(ends) if places[run[-1]] > places[item_id]), len(ends))
        ends[at : at + 1] = [[*(ends[at - 1] if at else ()), item_id]]
    return set(ends[-1]) if ends else set()
