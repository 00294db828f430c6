"""Tools as they travel: the plain maps of an agent on the wire."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from actors.tools.function_tool import FunctionTool, function_tool
from actors.tools.references import load_reference, reference_to
from protocols import InvalidAgentError, InvalidToolError, ToolSchema


def tool_to_wire(tool: FunctionTool | Callable[..., Any]) -> dict[str, Any]:
    """The map by which `load_tool` finds the tool again; a plain function is made a tool first.

    Raises:
        InvalidToolError: it cannot be a tool, or cannot travel.
    """
    if not isinstance(tool, FunctionTool):
        reference_to(tool)  # a lambda is told that it is one before its parameters are looked at
        tool = function_tool(tool)
    if tool.parameters.takes_instance:
        raise InvalidToolError(
            f"{tool.schema.name} is a method of an object, which stays in this process: make it a function at the top level, or write a "
            "program, whose agents are made in the session's process"
        )
    return {
        "source": reference_to(tool),
        "name": tool.schema.name,
        "description": tool.schema.description,
        "parameters": tool.schema.parameters,
        "timeout_ms": round(tool.timeout_s * 1000),
        "idempotent": tool.idempotent,
    }


def load_tool(wire: Mapping[str, Any]) -> FunctionTool:
    """Find the tool in this process. Name, description, schema, timeout and idempotence are those that travelled.

    Raises:
        InvalidAgentError: its reference leads nowhere, or to something else than a function.
        InvalidToolError: the function found cannot be a tool.
    """
    found = load_reference(wire["source"])
    tool = found if isinstance(found, FunctionTool) else function_tool(_function(wire["source"], found))
    return replace(
        tool,
        schema=ToolSchema(name=wire["name"], description=wire["description"], parameters=wire["parameters"]),
        timeout_s=wire["timeout_ms"] / 1000,
        idempotent=wire["idempotent"],
    )


def _function(source: str, found: object) -> Callable[..., Any]:
    if not callable(found):
        raise InvalidAgentError(f"{source} is a {type(found).__name__} and no function: the file has changed since the call was started")
    return found
