"""Which tools a reply is offered, and which it has to call, as a program states it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from protocols import FunctionChoice, ToolChoice, UsageError

ToolChoiceArgument = ToolChoice | FunctionChoice | Literal["auto", "none", "required"] | Mapping[str, Any]
"""A mapping is ``{"name": ...}``, or as OpenAI and LiveKit have it ``{"type": "function", "function": {"name": ...}}``."""


def choice_of(argument: ToolChoiceArgument) -> tuple[ToolChoice, str]:
    """The choice, and the tool that is required by name (empty: none is).

    Raises:
        UsageError: it is no choice.
    """
    match argument:
        case FunctionChoice(name=str(name)) | {"name": str(name)} | {"type": "function", "function": {"name": str(name)}} if name:
            return ToolChoice.REQUIRED, name
        case str() if argument in list(ToolChoice):
            return ToolChoice(argument), ""
        case _:
            raise UsageError(f'tool_choice={argument!r:.120}: give "auto", "none", "required", or {{"name": ...}} of a tool')


def names_of(tools: Sequence[str] | None) -> tuple[str, ...] | None:
    """The names that are offered; None for all.

    Raises:
        UsageError: these are no names.
    """
    if tools is None:
        return None
    if isinstance(tools, str) or not all(isinstance(name, str) for name in tools):
        raise UsageError(f"tools={tools!r:.120}: give a list of names of the agent's tools")
    return tuple(tools)
