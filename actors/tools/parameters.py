"""From a function's signature to the JSON schema of its arguments, and from a model's JSON to the function's arguments.

Pydantic does both, with what its ``Field`` says of a parameter, be it written as the default or inside ``Annotated``. The fields of its
model have names of ours and the parameters' names as aliases, so that no parameter's name can clash with pydantic's own.
"""

import dataclasses
import inspect
import json
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError, to_jsonable_python

from actors.tools.arguments import parse_arguments, wrong_arguments
from actors.tools.nulls import without_nulls
from actors.tools.run_context import CONTEXT_MARK
from protocols import InvalidToolError


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of one function, by the fields of ``model``. ``context_name`` is the one that takes the `RunContext`, if there is one.

    ``takes_instance`` tells that the function is a method: before them it takes the object that it is bound to. ``filled`` are the fields
    whose default a ``Field`` states, which the function itself does not know.
    """

    model: type[BaseModel] = field(compare=False)  # made anew each time that the function is read
    names: Mapping[str, str] = field(hash=False)
    filled: frozenset[str]
    context_name: str | None
    takes_instance: bool
    json_schema: dict[str, Any] = field(hash=False)

    def validate(self, tool: str, arguments_json: str) -> dict[str, Any]:
        """The arguments that the model gave, by parameter, as the annotated types; what it left out is left to the function's defaults.

        A null for what may be left out, and is never null, is as left out; what the function does not take is not given to it.

        Raises:
            InvalidToolError: the text is no JSON object, or does not fit; it says what is wrong, for the model to read.
        """
        arguments = without_nulls(parse_arguments(tool, arguments_json), self.json_schema)
        try:
            parsed = self.model.model_validate(arguments)
        except ValidationError as failure:
            raise InvalidToolError(wrong_arguments(tool, _named(str(failure), self.names))) from failure
        return {name: getattr(parsed, key) for key, name in self.names.items() if key in parsed.model_fields_set | self.filled}

    def stated_defaults(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The defaults that a ``Field`` states, for those parameters of ``function`` that a call with ``args`` and ``kwargs`` leaves out.

        Raises:
            TypeError: the call leaves out what has no default, or gives what the function does not take.
        """
        given = inspect.signature(function).bind_partial(*args, **kwargs).arguments
        left_out = {key: name for key, name in self.names.items() if name not in given}
        fields = self.model.model_fields
        missing = [name for key, name in left_out.items() if fields[key].is_required()]
        if missing:
            raise TypeError(f"{self.model.__name__}() misses the arguments {', '.join(missing)}")
        return {name: fields[key].get_default(call_default_factory=True) for key, name in left_out.items() if key in self.filled}


class _Untitled(GenerateJsonSchema):
    """A schema without the titles that pydantic makes of the fields' names: a model reads the names themselves."""

    ignored_warning_kinds = GenerateJsonSchema.ignored_warning_kinds | {"non-serializable-default"}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        return False

    def encode_default(self, dft: Any) -> Any:  # noqa: ANN401 - pydantic's signature
        encoded = super().encode_default(dft)
        if _as_json(encoded) is None:
            raise PydanticSerializationError("the default is no JSON")  # then pydantic shows none
        return encoded


def read_parameters(function: Callable[..., Any], descriptions: Mapping[str, str]) -> Parameters:
    """Read the signature of ``function``.

    Raises:
        InvalidToolError: a parameter whose values JSON cannot name one by one, or a function that takes other parameters than its decorator
            says; the text says which, and the cure.
    """
    name = getattr(function, "__qualname__", repr(function))
    signature, hints = _signature(name, function)
    takes_instance = _takes_instance(function, signature, hints)
    context_name = None
    names: dict[str, str] = {}
    fields: dict[str, Any] = {}
    filled: set[str] = set()
    defaults: dict[str, Any] = {}
    required: list[str] = []
    for parameter in [*signature.parameters.values()][takes_instance:]:
        annotation = hints.get(parameter.name, inspect.Parameter.empty)
        _require_plain(name, parameter, annotation)
        if _is_context(annotation):
            context_name = parameter.name
            required.append(parameter.name)
            continue
        key = f"argument_{len(names)}"
        names[key] = parameter.name
        fields[key], stated = _field(name, parameter, annotation, descriptions.get(parameter.name))
        if stated:
            filled.add(key)
        if _has_default(parameter):
            defaults[key] = parameter.default
        else:
            required.append(parameter.name)
    _require_callable(name, function, [*names.values(), *filter(None, [context_name])], required, takes_instance=takes_instance)
    try:
        model = create_model(name, __config__=ConfigDict(title=_title(function), allow_inf_nan=False), **fields)
        schema = model.model_json_schema(schema_generator=_Untitled)
    except (PydanticSchemaGenerationError, PydanticUserError) as failure:
        reason = str(failure).split("\n", 1)[0]
        raise InvalidToolError(
            f"tool {name}: {reason} Use str, int, float, bool, Literal, Enum, list, dict, a dataclass or a pydantic model."
        ) from failure
    if len(schema.get("properties", {})) < len(names):
        raise InvalidToolError(f"tool {name}: two parameters have one alias: give each its own")
    for key, shown in zip(names, schema.setdefault("properties", {}).values(), strict=True):
        if key in defaults:
            _show_default(shown, defaults[key])
    schema.pop("title", None)
    schema["additionalProperties"] = False
    if _as_json(schema) is None:
        raise InvalidToolError(f"tool {name}: what its Fields say is no JSON, as NaN, Infinity and lone surrogates are none: leave it away")
    return Parameters(
        model=model,
        names=names,
        filled=frozenset(filled),
        context_name=context_name,
        takes_instance=takes_instance,
        json_schema=schema,
    )


def context_parameter(function: Callable[..., Any]) -> tuple[str | None, bool]:
    """The parameter of ``function`` that takes the `RunContext`, if there is one, and whether the function is a method.

    Raises:
        InvalidToolError: its signature or its annotations cannot be read.
    """
    signature, hints = _signature(getattr(function, "__qualname__", repr(function)), function)
    context_name = next((name for name in signature.parameters if _is_context(hints.get(name))), None)
    return context_name, _takes_instance(function, signature, hints)


def _signature(name: str, function: Callable[..., Any]) -> tuple[inspect.Signature, dict[str, Any]]:
    try:
        return inspect.signature(function), typing.get_type_hints(function, include_extras=True)
    except NameError as failure:
        raise InvalidToolError(f"tool {name}: {failure} in its annotations: import it at run time, not only for type checkers") from failure
    except (TypeError, ValueError) as failure:
        raise InvalidToolError(f"tool {name} has no readable signature ({failure}): give a plain function") from failure


def _is_context(annotation: Any) -> bool:  # noqa: ANN401 - any annotation
    """Whether it is the `RunContext`, of any data, a subclass of it, or one of these or nothing."""
    return any(
        getattr(typing.get_origin(choice) or choice, CONTEXT_MARK, False) is True for choice in (annotation, *typing.get_args(annotation))
    )


def _takes_instance(function: Callable[..., Any], signature: inspect.Signature, hints: Mapping[str, Any]) -> bool:
    """Whether ``function`` is a method that is not bound yet.

    In a class's body that is one whose first parameter has no annotation, whatever its name; elsewhere it is called self.
    """
    first = next(iter(signature.parameters.values()), None)
    if first is None or first.name in hints or first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
        return False
    owner, dot, _ = str(getattr(function, "__qualname__", "")).rpartition(".")
    return first.name == "self" or (bool(dot) and not owner.endswith("<locals>") and not inspect.ismethod(function))


def _require_plain(name: str, parameter: inspect.Parameter, annotation: object) -> None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise InvalidToolError(
            f"tool {name}: the model names each argument, so {parameter} cannot be filled: make it an ordinary parameter"
        )
    if isinstance(parameter.default, dataclasses.Field):
        raise InvalidToolError(f"tool {name}: the default of {parameter.name} is a dataclass's field: use pydantic.Field")
    if annotation is inspect.Parameter.empty:
        raise InvalidToolError(
            f"tool {name}: parameter {parameter.name} has no type: annotate it ({parameter.name}: str),"
            " or with RunContext if it takes the call's context"
        )


def _require_callable(name: str, function: Callable[..., Any], all_names: list[str], required: list[str], *, takes_instance: bool) -> None:
    """Refuse a function whose code takes other arguments than the signature that ``functools.wraps`` gave it, in any of its decorators."""
    layer: Any = function
    bound: list[None] = [None] * takes_instance  # what a method puts before the arguments, in all that lies beneath it too
    while True:
        bound = [None] if inspect.ismethod(layer) else bound
        _require_layer_callable(name, layer, bound, all_names, required)
        if not hasattr(layer, "__wrapped__") or hasattr(layer, "__signature__"):  # as inspect.signature looks for what it shows
            return
        layer = layer.__wrapped__


def _require_layer_callable(name: str, function: Callable[..., Any], bound: list[None], all_names: list[str], required: list[str]) -> None:
    code = getattr(function, "__func__", function)
    if not isinstance(code, FunctionType):
        return
    bare = FunctionType(code.__code__, code.__globals__, code.__name__, code.__defaults__, code.__closure__)
    bare.__kwdefaults__ = code.__kwdefaults__
    try:
        for names in (all_names, required):
            inspect.signature(bare).bind(*bound, **dict.fromkeys(names))
    except TypeError as failure:
        raise InvalidToolError(
            f"tool {name}: its decorator says that it takes ({', '.join(all_names)}), but its code takes {inspect.signature(bare)}"
            f" ({failure}): let the wrapper take *args, **kwargs, or leave functools.wraps away and annotate the wrapper"
        ) from failure


def _field(tool: str, parameter: inspect.Parameter, annotation: Any, description: str | None) -> tuple[Any, bool]:  # noqa: ANN401
    """The parameter as a field of pydantic's model, and whether a ``Field`` states its default."""
    if isinstance(parameter.default, FieldInfo):
        annotation = Annotated[annotation, parameter.default]
    info = FieldInfo.from_annotation(annotation)
    if info.default_factory is not None and info.default_factory_takes_validated_data:
        raise InvalidToolError(f"tool {tool}: the default_factory of {parameter.name} takes an argument: let it take none")
    has_default = _has_default(parameter)
    stated = not has_default and not info.is_required()
    ours: dict[str, Any] = {}
    if info.alias is None and info.validation_alias is None:
        ours["alias"] = parameter.name
    if description and not info.description:
        ours["description"] = description
    annotation = Annotated[annotation, Field(**ours)]
    # A function's own default is never used: what the model leaves out, the function fills in.
    return (annotation, None) if has_default else annotation, stated


def _named(problems: str, names: Mapping[str, str]) -> str:
    """Pydantic's text, in which a default that does not fit is told with our name of the field."""
    return re.sub(r"^argument_\d+", lambda found: names.get(found[0], found[0]), problems, flags=re.MULTILINE)


def _title(function: Callable[..., Any]) -> str:
    """What an error calls the function's arguments."""
    return "".join(word.capitalize() for word in str(getattr(function, "__name__", "tool")).split("_")) + "Args"


def _has_default(parameter: inspect.Parameter) -> bool:
    """Whether the function itself fills the parameter in."""
    return parameter.default is not parameter.empty and not isinstance(parameter.default, FieldInfo)


def _show_default(schema: dict[str, Any], default: object) -> None:
    """Put a function's own default into its parameter's schema, in place of the field's, if JSON can hold it."""
    schema.pop("default", None)
    try:
        shown = to_jsonable_python(default)
    except PydanticSerializationError:
        return
    if shown is not None and _as_json(shown) is not None:
        schema["default"] = shown


def _as_json(value: object) -> bytes | None:
    """``value`` as the JSON that a model's provider is sent, None if it is none."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        return None
