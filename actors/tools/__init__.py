"""Tools: plain functions that a model may call, and how they travel to the process of a session.

A function becomes a `FunctionTool`, whose schema is read from its signature and its docstring. It travels as a reference to where it is
defined (`reference_to`), never as bytes of itself, and is found again in the session's process (`load_tool`).
"""

from actors.tools.arguments import canonical_arguments, parse_arguments
from actors.tools.function_tool import DEFAULT_TIMEOUT_S, FunctionTool, RawFunctionTool, ToolInfo, function_tool
from actors.tools.hand_off import SupportsHandOff
from actors.tools.references import load_reference, loading_script, reference_to
from actors.tools.results import MAX_RESULT_CHARS
from actors.tools.run_context import CONTEXT_MARK, RunContext
from actors.tools.tool_kinds import (
    CONFIRM_DUPLICATE_PARAM,
    DuplicateMode,
    DuplicateScope,
    ProviderTool,
    StopResponse,
    Tool,
    ToolError,
    ToolFlag,
    ToolResult,
)
from actors.tools.wire import load_tool, tool_to_wire

__all__ = [
    "CONFIRM_DUPLICATE_PARAM",
    "CONTEXT_MARK",
    "DEFAULT_TIMEOUT_S",
    "MAX_RESULT_CHARS",
    "DuplicateMode",
    "DuplicateScope",
    "FunctionTool",
    "ProviderTool",
    "RawFunctionTool",
    "RunContext",
    "StopResponse",
    "SupportsHandOff",
    "Tool",
    "ToolError",
    "ToolFlag",
    "ToolInfo",
    "ToolResult",
    "canonical_arguments",
    "function_tool",
    "load_reference",
    "load_tool",
    "loading_script",
    "parse_arguments",
    "reference_to",
    "tool_to_wire",
]
