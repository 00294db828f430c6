"""Schemas of tools in the form that OpenAI's strict mode takes: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas.

Strictly called, a model's arguments fit their schema always, and the service takes a part of JSON Schema only. Every property is required
there, so one that may be left out becomes one that may be null; whoever runs the tool reads that null as left out
(``actors.tools.nulls``). What only narrows a value (the length of a text) is left away, since the arguments are checked where the tool
runs. What cannot be said at all (an object with keys of any name, a tuple, a value of any type) makes the whole schema one that is not
strict.
"""

from collections.abc import Mapping
from typing import Any, Final

MAX_DEPTH: Final = 10
MAX_PROPERTIES: Final = 5_000

_KEPT: Final = frozenset(
    {
        "type",
        "description",
        "enum",
        "const",
        "pattern",
        "format",
        "multipleOf",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
    }
    | {"minItems", "maxItems"}
)
_FORMATS: Final = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
_DEFINITIONS: Final = ("$defs", "definitions")
_BEYOND: Final = frozenset(
    {"not", "if", "then", "else", "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas", "prefixItems", "contains"}
    | {"unevaluatedProperties", "unevaluatedItems", "additionalItems", "$dynamicRef"}
)
"""Words that say what strict mode has no word for."""
_TYPES: Final[Mapping[type, str]] = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}

Schema = dict[str, Any]


class _NotStrictError(Exception):
    """The schema says what strict mode cannot."""


def strict_schema(schema: Mapping[str, Any]) -> Schema | None:
    """``schema``, of a tool's parameters, as strict mode takes it, which is a copy; None if it cannot be said there."""
    strict = _Strict(schema)
    try:
        made = strict.root()
    except (_NotStrictError, RecursionError):
        return None
    return made if strict.properties <= MAX_PROPERTIES else None


class _Strict:
    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._definitions: dict[str, Any] = {}
        for key in _DEFINITIONS:
            found = schema.get(key, {})
            self._definitions |= {f"#/{key}/{name}": body for name, body in found.items()} if isinstance(found, Mapping) else {}
        self._names = {ref: ref.rpartition("/")[2] for ref in self._definitions}
        self.properties = 0

    def root(self) -> Schema:
        if "$ref" in self._schema or "anyOf" in self._schema or self._schema.get("type", "object") != "object":
            raise _NotStrictError
        schema = {"type": "object", "properties": {}, **{key: value for key, value in self._schema.items() if key not in _DEFINITIONS}}
        made = self._of(schema, depth=1, inlined=())
        if self._definitions:
            made["$defs"] = {self._names[ref]: self._of(body, depth=1, inlined=()) for ref, body in self._definitions.items()}
        return made

    def _of(self, schema: object, *, depth: int, inlined: tuple[str, ...]) -> Schema:
        if not isinstance(schema, Mapping) or depth > MAX_DEPTH or _BEYOND & schema.keys():
            raise _NotStrictError
        if "$ref" in schema:
            return self._referred(schema, depth=depth, inlined=inlined)
        if "allOf" in schema:
            return self._merged(schema, depth=depth, inlined=inlined)
        made = {key: value for key, value in schema.items() if key in _KEPT}
        if made.get("format") not in _FORMATS:
            made.pop("format", None)
        choices = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        if choices:
            made.pop("type", None)
            made["anyOf"] = [self._of(choice, depth=depth, inlined=inlined) for choice in choices]
            made = _without_choice(made)
            return _nullable(made) if schema.get("nullable") is True else made
        types = _types_of(made)
        made["type"] = types[0] if len(types) == 1 else types
        if "object" in types:
            made |= self._object(schema, depth=depth, inlined=inlined)
        if "array" in types:
            made["items"] = self._of(schema.get("items"), depth=depth, inlined=inlined)
        return _nullable(made) if schema.get("nullable") is True else made

    def _object(self, schema: Mapping[str, Any], *, depth: int, inlined: tuple[str, ...]) -> Schema:
        properties = schema.get("properties")
        if not isinstance(properties, Mapping) or schema.get("additionalProperties", False) is not False:
            raise _NotStrictError  # keys of any name
        self.properties += len(properties)
        required = frozenset(schema.get("required", ()))
        made = {name: self._of(value, depth=depth + 1, inlined=inlined) for name, value in properties.items()}
        return {
            "properties": {name: value if name in required else _nullable(value) for name, value in made.items()},
            "required": list(properties),
            "additionalProperties": False,
        }

    def _referred(self, schema: Mapping[str, Any], *, depth: int, inlined: tuple[str, ...]) -> Schema:
        ref, beside = schema["$ref"], {key: value for key, value in schema.items() if key != "$ref"}
        if ref not in self._definitions:
            raise _NotStrictError
        if not _KEPT & beside.keys() or ref in inlined:
            return {"$ref": f"#/$defs/{self._names[ref]}"}
        return self._of({**self._definitions[ref], **beside}, depth=depth, inlined=(*inlined, ref))  # a reference stands alone there

    def _merged(self, schema: Mapping[str, Any], *, depth: int, inlined: tuple[str, ...]) -> Schema:
        parts, beside = schema["allOf"], {key: value for key, value in schema.items() if key != "allOf"}
        if len(parts) != 1 or not isinstance(parts[0], Mapping):
            raise _NotStrictError
        return self._of({**parts[0], **beside}, depth=depth, inlined=inlined)


def _types_of(schema: Schema) -> list[str]:
    """The types of a value, which strict mode has to be told."""
    if "type" in schema:
        types = schema["type"]
        return [types] if isinstance(types, str) else list(types)
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    types = list(dict.fromkeys(_TYPES.get(type(value), "") for value in values))
    if not types or "" in types:
        raise _NotStrictError  # a value of any type
    return types


def _without_choice(schema: Schema) -> Schema:
    """``schema``, where it is a choice of null and one schema with a type, as that, whose type may be null: it is shorter."""
    others = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
    if len(schema["anyOf"]) != 2 or len(others) != 1 or "type" not in others[0] or "const" in others[0]:  # noqa: PLR2004 - these two
        return schema
    return {**{key: value for key, value in schema.items() if key != "anyOf"}, **_nullable(others[0])}


def _nullable(schema: Schema) -> Schema:
    """``schema``, or null."""
    if "anyOf" in schema:
        null = any("null" in _as_list(choice.get("type", ())) for choice in schema["anyOf"])
        return schema if null else {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "$ref" in schema or "const" in schema:
        description = {"description": schema["description"]} if "description" in schema else {}
        return {**description, "anyOf": [{key: value for key, value in schema.items() if key != "description"}, {"type": "null"}]}
    types = _as_list(schema["type"])
    if "null" in types:
        return schema
    made = {**schema, "type": [*types, "null"]}
    if "enum" in schema and None not in schema["enum"]:
        made["enum"] = [*schema["enum"], None]
    return made


def _as_list(types: object) -> list[str]:
    return [types] if isinstance(types, str) else list(types) if isinstance(types, list | tuple) else []
