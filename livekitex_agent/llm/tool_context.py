"""The tools of an agent: alone, in sets, by name.

A `ToolContext` is made of what a program gives: functions with `function_tool`, sets of them (`Toolset`, also within one another), tools
that a provider runs. It flattens them once, in their order, and refuses two of one name; after that it is looked up by name for a call and
written out as schemas for a request. Methods that are tools are found on the object that has them, and bound to it.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Required, Self, TypeAlias, TypeGuard

from typing_extensions import TypedDict

from actors import (
    FunctionTool,
    ProviderTool,
    RawFunctionTool,
    RunContext,
    StopResponse,
    Tool,
    ToolError,
    ToolFlag,
    ToolInfo,
    ToolResult,
    function_tool,
    strict_schema,
)
from livekitex_agent.utils.log import logger

__all__ = [
    "Function",
    "FunctionTool",
    "NamedToolChoice",
    "ProviderTool",
    "RawFunctionTool",
    "StopResponse",
    "Tool",
    "ToolChoice",
    "ToolContext",
    "ToolError",
    "ToolFlag",
    "ToolResult",
    "Toolset",
    "find_function_tools",
    "function_tool",
    "get_function_info",
    "get_raw_function_info",
    "is_function_tool",
    "is_raw_function_tool",
    "tool_names",
]


class Function(TypedDict, total=False):
    """A function by its name."""

    name: Required[str]


class NamedToolChoice(TypedDict, total=False):
    """The model has to call this function."""

    type: Required[Literal["function"]]
    function: Required[Function]


ToolChoice: TypeAlias = NamedToolChoice | Literal["auto", "required", "none"]
"""Whether a model may call tools, and which."""


class Toolset:
    """Tools that belong together: those that are given, and the methods of a subclass that are tools.

    `setup` is called when the agent that has it begins, `aclose` when it ends; both go down to the sets within.
    """

    @dataclass
    class ToolCalledEvent:
        """A tool of the set is called."""

        ctx: RunContext
        arguments: dict[str, Any]

    @dataclass
    class ToolCompletedEvent:
        """A tool of the set has returned, or failed."""

        ctx: RunContext
        output: Any | Exception | None

    def __init__(self, *, id: str, tools: "Sequence[Tool | Toolset] | None" = None) -> None:  # noqa: A002 - LiveKit's name
        self._id = id
        self._tools: list[Tool | Toolset] = [*(tools or ()), *find_function_tools(self)]

    @property
    def id(self) -> str:
        """Its name."""
        return self._id

    @property
    def tools(self) -> "Sequence[Tool | Toolset]":
        """Its tools and sets."""
        return self._tools

    async def setup(self) -> Self:
        """Make ready what its tools need."""
        await asyncio.gather(*(tool.setup() for tool in self.tools if isinstance(tool, Toolset)))
        return self

    async def aclose(self) -> None:
        """Give back what its tools hold."""
        await asyncio.gather(*(tool.aclose() for tool in self._tools if isinstance(tool, Toolset)))


def find_function_tools(cls_or_obj: object) -> list[FunctionTool]:
    """The tools among the attributes of an object, bound to it, by their attributes' names."""
    members = (member for _, member in inspect.getmembers(cls_or_obj))
    return [tool for member in members if (tool := _tool_of(member)) is not None]


def is_function_tool(f: object) -> TypeGuard[FunctionTool]:
    """Whether ``f`` is a tool whose schema is its signature's."""
    return isinstance(f, FunctionTool) and not isinstance(f, RawFunctionTool)


def is_raw_function_tool(f: object) -> TypeGuard[RawFunctionTool]:
    """Whether ``f`` is a tool whose schema was given."""
    return isinstance(f, RawFunctionTool)


def get_function_info(f: FunctionTool) -> ToolInfo:
    """What is known of a tool."""
    return f.info


def get_raw_function_info(f: RawFunctionTool) -> ToolInfo:
    """What is known of a tool whose schema was given, with that."""
    return f.info


def tool_names(tools: Sequence[Any]) -> Iterator[str]:
    """The names of all functions among ``tools`` (tools, sets, or names), also those in sets."""
    for tool in tools:
        if isinstance(tool, str):
            yield tool
        elif isinstance(tool, FunctionTool):
            yield tool.id
        elif isinstance(tool, Toolset):
            yield from tool_names(tool.tools)


class NoToolError(TypeError, ValueError):
    """Something is no tool. In LiveKit's it is the one where an agent's tools are changed, and the other everywhere else."""


class ToolContext:
    """Tools by their names; a subclass may have further ones as methods.

    Raises:
        ValueError: two tools have one name, or something is no tool.
    """

    def __init__(self, tools: Sequence[Tool | Toolset | Callable[..., Any]] = ()) -> None:
        self.update_tools(tools)

    @classmethod
    def empty(cls) -> Self:
        """No tools."""
        return cls([])

    @property
    def function_tools(self) -> dict[str, FunctionTool]:
        """The functions by name, also those in sets (a copy)."""
        return dict(self._functions)

    @property
    def provider_tools(self) -> list[ProviderTool]:
        """Those that the model's provider runs."""
        return list(self._provider_tools)

    @property
    def toolsets(self) -> list[Toolset]:
        """The sets, also those within others."""
        return list(self._toolsets)

    def flatten(self) -> list[Tool]:
        """All tools, without their sets."""
        return [*self._functions.values(), *self._provider_tools]

    def get_function_tool(self, name: str) -> FunctionTool | None:
        """The function ``name``, or None."""
        return self._functions.get(name)

    def copy(self) -> "ToolContext":
        """Another context of the same tools."""
        return ToolContext(list(self._tools))

    def update_tools(self, tools: Sequence[Tool | Toolset | Callable[..., Any]]) -> None:
        """Have these tools instead.

        Raises:
            ValueError: two tools have one name, or something is no tool.
        """
        self._tools = list(tools)
        self._functions: dict[str, FunctionTool] = {}
        self._provider_tools: list[ProviderTool] = []
        self._toolsets: list[Toolset] = []
        for tool in (*tools, *find_function_tools(self)):
            self._add(tool)

    def parse_function_tools(self, format: str, *, strict: bool = True, **_: object) -> list[dict[str, Any]]:  # noqa: A002 - LiveKit's name
        """The functions as a request to ``format`` (openai, openai.responses, anthropic, google, aws) takes them.

        ``strict`` asks OpenAI's strict mode of those schemas that it takes.

        Raises:
            ValueError: no such provider.
        """
        shown = [tool.schema for tool in self._functions.values()]
        match format:
            case "openai" | "openai.responses":
                entries = [_openai_function(tool, strict=strict) for tool in self._functions.values()]
                return [{"type": "function", **({"function": entry} if format == "openai" else entry)} for entry in entries]
            case "anthropic":
                return [{"name": tool.name, "description": tool.description, "input_schema": tool.parameters} for tool in shown]
            case "google":
                return [{"name": tool.name, "description": tool.description, "parameters_json_schema": tool.parameters} for tool in shown]
            case "aws":
                return [
                    {"toolSpec": {"name": tool.name, "description": tool.description, "inputSchema": {"json": tool.parameters}}}
                    for tool in shown
                ]
            case _:
                raise ValueError(f"Unsupported provider format: {format}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ToolContext):
            return NotImplemented
        return self._functions == other._functions and self._provider_tools == other._provider_tools and self._toolsets == other._toolsets

    def __hash__(self) -> int:
        return id(self)

    def _add(self, tool: Tool | Toolset | Callable[..., Any]) -> None:
        if isinstance(tool, ProviderTool):
            self._provider_tools.append(tool)
        elif isinstance(tool, Toolset):
            for inner in tool.tools:
                self._add(inner)
            self._toolsets.append(tool)
        elif (function := _tool_of(tool)) is not None:
            if self._functions.setdefault(function.id, function) != function:
                raise ValueError(f"duplicate function name: {function.id}")
        else:
            raise NoToolError(f"{tool!r:.80} is no tool: decorate the function with @function_tool, under any other decorator")


def _openai_function(tool: FunctionTool, *, strict: bool) -> dict[str, Any]:
    made = strict_schema(tool.schema.parameters) if strict and not isinstance(tool, RawFunctionTool) else None
    entry = {"name": tool.schema.name, "description": tool.schema.description, "parameters": made or tool.schema.parameters}
    return {**entry, "strict": True} if made else entry


def _tool_of(member: object) -> FunctionTool | None:
    """``member`` as a tool; one that a decorator hides (``functools.wraps``) calls that decorator's function."""
    if isinstance(member, FunctionTool):
        return member
    hidden = getattr(member, "__wrapped__", None) if callable(member) else None
    if not isinstance(hidden, FunctionTool) or not callable(member):
        return None
    logger.warning("the tool %s is wrapped: put @function_tool above the other decorator", hidden.id)
    return replace(hidden, function=member, parameters=replace(hidden.parameters, takes_instance=False), instance=None)
