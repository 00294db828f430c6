"""From a function's signature to the JSON schema of its arguments, and from a model's JSON to the function's arguments.

Pydantic does both. The fields of its model have names of ours and the parameters' names as aliases, so that no parameter's name can
clash with pydantic's own.
"""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError, to_jsonable_python

from actors.tools.run_context import RunContext
from protocols import InvalidToolError

MAX_PROBLEMS_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of one function. ``context_name`` is the one that takes the `RunContext`, if there is one."""

    model: type[BaseModel]
    names: Mapping[str, str]
    context_name: str | None
    json_schema: dict[str, Any]

    def validate(self, tool: str, arguments_json: str) -> dict[str, Any]:
        """The arguments that the model gave, by parameter, as the annotated types; what it left out is left to the function's defaults.

        Raises:
            InvalidToolError: the text is no JSON object, or does not fit; it says what to change, for the model to read.
        """
        try:
            parsed = self.model.model_validate_json(arguments_json.strip() or "{}")
        except ValidationError as failure:
            raise InvalidToolError(f"Wrong arguments for {tool}: {_problems(failure)}. Call it again with arguments that fit.") from failure
        return {self.names[field]: getattr(parsed, field) for field in parsed.model_fields_set}


class _Untitled(GenerateJsonSchema):
    """A schema without the titles that pydantic makes of the fields' names: a model reads the names themselves."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        return False


def read_parameters(function: Callable[..., Any], descriptions: Mapping[str, str]) -> Parameters:
    """Read the signature of ``function``.

    Raises:
        InvalidToolError: a parameter whose values JSON cannot name one by one; the text says which, and the cure.
    """
    name = getattr(function, "__qualname__", repr(function))
    signature, hints = _signature(name, function)
    context_name = None
    names: dict[str, str] = {}
    fields: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        annotation = hints.get(parameter.name, inspect.Parameter.empty)
        if _is_context(annotation):
            context_name = parameter.name
            continue
        _require_plain(name, parameter, annotation)
        field = f"argument_{len(names)}"
        names[field] = parameter.name
        fields[field] = (annotation, _field(parameter, descriptions.get(parameter.name)))
    try:
        model = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
        schema = model.model_json_schema(schema_generator=_Untitled)
    except (PydanticSchemaGenerationError, PydanticUserError) as failure:
        reason = str(failure).split("\n", 1)[0]
        raise InvalidToolError(
            f"tool {name}: {reason} Use str, int, float, bool, Literal, Enum, list, dict, a dataclass or a pydantic model."
        ) from failure
    schema.pop("title", None)
    schema.setdefault("properties", {})
    return Parameters(model=model, names=names, context_name=context_name, json_schema=schema)


def _signature(name: str, function: Callable[..., Any]) -> tuple[inspect.Signature, dict[str, Any]]:
    try:
        return inspect.signature(function), typing.get_type_hints(function, include_extras=True)
    except NameError as failure:
        raise InvalidToolError(f"tool {name}: {failure} in its annotations: import it at run time, not only for type checkers") from failure
    except (TypeError, ValueError) as failure:
        raise InvalidToolError(f"tool {name} has no readable signature ({failure}): give a plain function") from failure


def _is_context(annotation: Any) -> bool:  # noqa: ANN401 - any annotation
    return annotation is RunContext or RunContext in typing.get_args(annotation)


def _require_plain(name: str, parameter: inspect.Parameter, annotation: object) -> None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise InvalidToolError(
            f"tool {name}: the model names each argument, so {parameter} cannot be filled: make it an ordinary parameter"
        )
    if annotation is inspect.Parameter.empty:
        raise InvalidToolError(
            f"tool {name}: parameter {parameter.name} has no type: annotate it ({parameter.name}: str),"
            " or with RunContext if it takes the call's context"
        )


def _field(parameter: inspect.Parameter, description: str | None) -> Any:  # noqa: ANN401 - pydantic's FieldInfo is declared as Any
    described: dict[str, Any] = {"description": description} if description else {}
    if parameter.default is parameter.empty:
        return Field(alias=parameter.name, **described)
    try:
        default = to_jsonable_python(parameter.default)
    except PydanticSerializationError:
        default = None

    def show_default(schema: dict[str, Any]) -> None:
        schema.pop("default", None)
        if default is not None:
            schema["default"] = default

    # The field's own default is never used: what the model leaves out, the function fills in.
    return Field(None, alias=parameter.name, json_schema_extra=show_default, **described)


def _problems(failure: ValidationError) -> str:
    problems = failure.errors(include_url=False, include_context=False)
    told = [f"{'.'.join(map(str, problem['loc'])) or 'the arguments'}: {_told(problem)}" for problem in problems[:MAX_PROBLEMS_TOLD]]
    return "; ".join(told) + (f"; and {len(problems) - MAX_PROBLEMS_TOLD} more" if len(problems) > MAX_PROBLEMS_TOLD else "")


def _told(problem: Any) -> str:  # noqa: ANN401 - pydantic_core's ErrorDetails
    if problem["type"] in ("missing", "json_invalid"):
        return str(problem["msg"])
    if problem["type"] == "extra_forbidden":
        return "there is no such parameter"
    return f"{problem['msg']} (got {problem['input']!r:.60})"
