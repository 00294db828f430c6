"""Arguments in which a model says null for what it leaves out, read as left out. Pure.

In OpenAI's strict mode a model has to name each parameter, and says null where it would have named none; others do so of themselves. Where
null is no value of a parameter that may be left out, it can mean nothing else.
"""

from collections.abc import Mapping
from typing import Any

_NULL = "null"


def without_nulls(arguments: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """``arguments`` without the nulls that ``schema`` (of an object, from JSON Schema) has no place for."""
    pruned: dict[str, Any] = _pruned(arguments, schema, schema)
    return pruned


def _pruned(value: Any, schema: Any, root: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    schema = _resolved(schema, root)
    choices = [_resolved(choice, root) for choice in schema.get("anyOf", ())]
    if isinstance(value, list):
        items: Any = next((choice["items"] for choice in (schema, *choices) if "items" in choice), {})
        return [_pruned(item, items, root) for item in value]
    if not isinstance(value, dict):
        return value
    fitting: Mapping[str, Any] = next((choice for choice in (schema, *choices) if value.keys() <= choice.get("properties", {}).keys()), {})
    properties, required = fitting.get("properties", {}), fitting.get("required", ())
    return {
        name: _pruned(inner, properties.get(name, {}), root)
        for name, inner in value.items()
        if inner is not None or name not in properties or name in required or _takes_null(_resolved(properties[name], root), root)
    }


def _takes_null(schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    types = schema.get("type", ())
    if _NULL in ([types] if isinstance(types, str) else types) or None in schema.get("enum", ()):
        return True
    if "anyOf" in schema:
        return any(_takes_null(_resolved(choice, root), root) for choice in schema["anyOf"])
    return not {"type", "enum", "const"} & schema.keys()  # a value of any type


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    """``schema``, or what it refers to."""
    for _ in range(8):  # references to references
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            break
        _, _, path = str(schema["$ref"]).partition("#/")
        found: Any = root
        for step in path.split("/"):
            found = found.get(step) if isinstance(found, Mapping) else None
        schema = found
    return schema if isinstance(schema, Mapping) else {}
