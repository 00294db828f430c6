"""Whether a tool is one that a model can be told of: its name, its texts, and the JSON schema of its parameters.

The schema's structure is checked, keyword by keyword, as far as the models' services look at it; keywords that are unknown here pass.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from protocols import InvalidToolError, ToolEntry

MAX_DESCRIPTION_CHARS: Final = 4_096
"""Longest description in characters; a longer one is refused."""

MAX_SOURCE_CHARS: Final = 1_024
"""Longest reference to a tool's function in characters; a longer one is refused."""

MAX_DEPTH: Final = 16
"""Deepest nesting of schemas; a deeper one is refused."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SOURCE: Final = re.compile(r"[^:]+:[^:]+")
_TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")
_ONE: Final = ("items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else")
_SOME: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED: Final = ("properties", "patternProperties", "$defs", "definitions")
_KINDS: Final = (
    (("description", "title"), str, "a text"),
    (("enum",), list, "a list of values"),
    (_SOME, list, "a list of schemas"),
    (_NAMED, Mapping, "a map of schemas"),
)


def require_tool(tool: ToolEntry) -> None:
    """Refuse what is no tool.

    Raises:
        InvalidToolError: with the tool's name, the first thing that is wrong, and the cure.
    """
    if not _NAME.fullmatch(tool.name):
        raise InvalidToolError(f"{tool.name!r:.80} is no name of a tool: use 1 to 64 letters, digits, _ and -")
    if len(tool.description) > MAX_DESCRIPTION_CHARS:
        raise InvalidToolError(f"tool {tool.name}: its description has more than {MAX_DESCRIPTION_CHARS} characters: shorten its docstring")
    if len(tool.source) > MAX_SOURCE_CHARS or not _SOURCE.fullmatch(tool.source):
        raise InvalidToolError(f"tool {tool.name}: its source is {tool.source!r:.80}: use module:function or /path/script.py:function")
    for problem in _problems(tool.parameters):
        raise InvalidToolError(f"tool {tool.name}: {problem}")


def _problems(parameters: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a tool's parameters, the first first."""
    if parameters.get("type") != "object":
        yield f"parameters.type is {parameters.get('type')!r:.40}: a tool's parameters are a JSON schema of type 'object'"
    yield from _schema_problems(parameters, "parameters", MAX_DEPTH)
    try:
        json.dumps(dict(parameters), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as failure:
        yield f"parameters are no JSON: {failure}"


def _schema_problems(schema: object, path: str, depth: int) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield f"{path} is {schema!r:.40}: a schema is a map"
    elif depth == 0:
        yield f"{path} is nested too deeply: use at most {MAX_DEPTH} levels"
    else:
        yield from _keyword_problems(schema, path)
        for key, value in schema.items():
            for place, inner in _inner(key, value):
                yield from _schema_problems(inner, f"{path}.{place}", depth - 1)


def _inner(key: str, value: object) -> list[tuple[str, object]]:
    """The schemas that a keyword holds, each with its place."""
    if key in _ONE:
        return [(key, value)]
    if key in _SOME and isinstance(value, list):
        return [(f"{key}[{at}]", one) for at, one in enumerate(value)]
    if key in _NAMED and isinstance(value, Mapping):
        return [(f"{key}.{name}", one) for name, one in value.items()]
    return []


def _keyword_problems(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """What is wrong with a schema, apart from the schemas inside it."""
    types = schema.get("type", "null")
    if not all(one in _TYPES for one in (types if isinstance(types, list) and types else [types])):
        yield f"{path}.type is {types!r:.40}: use {', '.join(_TYPES)}"
    for keys, kind, expected in _KINDS:
        for key in keys:
            if key in schema and (not isinstance(schema[key], kind) or (kind is list and not schema[key])):
                yield f"{path}.{key} is {schema[key]!r:.40}: use {expected}"
    required, known = schema.get("required", []), schema.get("properties", {})
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        yield f"{path}.required is {required!r:.40}: use a list of names"
    elif missing := [name for name in required if name not in known]:
        yield f"{path}.required names {missing[0]!r:.40}, which is not among the properties"
