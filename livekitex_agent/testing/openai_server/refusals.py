"""What OpenAI's service refuses of a request, as far as its pages say so: a test against the loopback server then fails as it would there.

https://platform.openai.com/docs/guides/structured-outputs#supported-schemas and the references of the endpoints. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)
_WORDS: Final = frozenset(
    {"type", "description", "title", "enum", "const", "anyOf", "$ref", "$defs", "properties", "required", "additionalProperties", "items"}
    | {"pattern", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"}
)
"""Of JSON Schema, in strict mode."""


def refusal_of(route: str, body: Mapping[str, Any]) -> str:
    """Why the service refuses ``body``; empty if it does not."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "you must provide a model parameter"
    if route == "speech":
        return "" if body.get("input") and body.get("voice") else "input and voice are required"
    if route == "transcriptions":
        return "" if body.get("file") else "file is required"
    for tool in body.get("tools", ()):
        if refused := _tool_refused(tool.get("function", tool)):
            return refused
    if not body.get("tools") and "tool_choice" in body:
        return "'tool_choice' is only allowed when 'tools' are specified"
    return next(_unanswered(body.get("messages") or ()), "")


def _tool_refused(function: Mapping[str, Any]) -> str:
    name = function.get("name")
    if not _NAME.fullmatch(str(name)):
        return f"Invalid 'tools': the name {name!r} does not match the pattern '^[a-zA-Z0-9_-]+$'"
    schema = function.get("parameters") or {}
    problem = next(_problems(schema, schema.get("$defs", {}), ()), "") if function.get("strict") else ""
    return f"Invalid schema for function '{name}': {problem}" if problem else ""


def _problems(schema: object, definitions: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[str]:
    place = f"In context={at}, "
    if not isinstance(schema, Mapping):
        yield f"{place}a schema is {schema!r:.40}"
        return
    for word in schema.keys() - _WORDS:
        yield f"{place}{word!r} is not permitted"
    if "$ref" in schema:
        yield from _reference_problems(schema, definitions, place)
        return
    if "type" not in schema and "anyOf" not in schema:
        yield f"{place}schema must have a 'type' key"
    types = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", ())
    inner: list[tuple[tuple[str, ...], Any]] = []
    if "object" in types:
        yield from _object_problems(schema, place)
        inner += [(("properties", name), value) for name, value in (schema.get("properties") or {}).items()]
    inner += [(("items",), schema.get("items"))] if "array" in types else []
    inner += [(("anyOf", str(number)), value) for number, value in enumerate(schema.get("anyOf", ()))]
    inner += [(("$defs", name), value) for name, value in schema.get("$defs", {}).items()]
    for step, value in inner:
        yield from _problems(value, definitions, (*at, *step))


def _reference_problems(schema: Mapping[str, Any], definitions: Mapping[str, Any], place: str) -> Iterator[str]:
    if len(schema) > 1:
        yield f"{place}$ref cannot have keywords beside it"
    if str(schema["$ref"]).removeprefix("#/$defs/") not in definitions:
        yield f"{place}{schema['$ref']} is not defined"


def _object_problems(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    if schema.get("additionalProperties") is not False:
        yield f"{place}'additionalProperties' is required to be supplied and to be false"
    if sorted(schema.get("required", ())) != sorted(schema.get("properties") or {}):
        yield f"{place}'required' is required to be supplied and to be an array including every key in properties"


def _unanswered(messages: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Calls without a result, and results without a call."""
    open_ids: set[str] = set()
    for message in messages:
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in open_ids:
                yield "messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
            open_ids.discard(message.get("tool_call_id"))
            continue
        if open_ids:
            yield "an assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'"
        open_ids = {call["id"] for call in message.get("tool_calls", ())}
