"""The parameters of a tool whose JSON schema is given: its function takes all arguments as one, ``raw_arguments``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from actors.tools.arguments import parse_arguments
from actors.tools.parameters import context_parameter
from actors.tools.tool_kinds import CONFIRM_DUPLICATE_PARAM
from protocols import InvalidToolError

RAW_ARGUMENTS: Final = "raw_arguments"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawParameters:
    """Arguments as they are, in place of ``Parameters``: what does not fit ``json_schema`` is the function's own business."""

    json_schema: dict[str, Any] = field(hash=False)
    context_name: str | None
    takes_instance: bool

    def validate(self, tool: str, arguments_json: str) -> dict[str, Any]:
        """What the model gave, as the argument ``raw_arguments``; its confirmation of a duplicate is not the function's business.

        Raises:
            InvalidToolError: it is no JSON object.
        """
        arguments = parse_arguments(tool, arguments_json)
        arguments.pop(CONFIRM_DUPLICATE_PARAM, None)
        return {RAW_ARGUMENTS: arguments}

    def stated_defaults(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - as Parameters
        """None: nothing is stated."""
        return {}


def read_raw_parameters(function: Callable[..., Any], raw_schema: Mapping[str, Any]) -> RawParameters:
    """The parameters that ``raw_schema`` (name, description and parameters, as OpenAI writes a function) says.

    Raises:
        InvalidToolError: it has no parameters, or the function's annotations cannot be read.
    """
    if not isinstance(raw_schema.get("parameters"), Mapping):
        raise InvalidToolError(f"raw_schema={raw_schema!r:.80} has no parameters: give their JSON schema, {{'type': 'object'}} for none")
    context_name, takes_instance = context_parameter(function)
    return RawParameters(json_schema=dict(raw_schema["parameters"]), context_name=context_name, takes_instance=takes_instance)
