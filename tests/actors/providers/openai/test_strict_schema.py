"""Schemas of tools in strict mode: the loopback server refuses what OpenAI does."""

import enum
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from actors import function_tool
from actors.providers.openai.strict_schema import MAX_DEPTH, strict_schema
from livekitex_agent.testing.openai_server.refusals import refusal_of


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class Topping(BaseModel):
    """Something on it."""

    name: str = Field(min_length=2, max_length=20)
    grams: int = 30
    inner: "Topping | None" = None


@dataclass
class Address:
    street: str
    number: int | None = None


def plain(product: str, count: int = 1, *, express: bool = False) -> None: ...
def literal(size: Literal["small", "large"] = "small", sort: Literal["a", 1] | None = None) -> None: ...
def enums(size: Size, other: Size = Size.SMALL, nothing: Size | None = None) -> None: ...
def nested(topping: Topping, address: Address, more: list[Topping] | None = None) -> None: ...
def narrowed(
    code: Annotated[str, Field(pattern="[A-Z]+", max_length=3)], share: Annotated[float, Field(ge=0, le=1, description="Of all.")] = 0.5
) -> None: ...
def unions(value: int | str | list[int], other: Topping | Address) -> None: ...
def described(topping: Annotated[Topping, Field(description="What is on it.")]) -> None: ...
def nothing() -> None: ...
def free(values: dict[str, int]) -> None: ...
def anything(value: Any) -> None: ...
def pair(value: tuple[int, str]) -> None: ...


def parameters(function: Any) -> dict[str, Any]:
    return function_tool(function).schema.parameters


def refused(schema: dict[str, Any] | None) -> str:
    tool = {"type": "function", "function": {"name": "f", "strict": True, "parameters": schema}}
    return refusal_of("chat", {"model": "m", "messages": [], "tools": [tool]})


@pytest.mark.parametrize("function", [plain, literal, enums, nested, narrowed, unions, described, nothing], ids=lambda f: f.__name__)
def test_what_functions_take_is_said_so_that_the_service_accepts_it(function: Any) -> None:
    original = parameters(function)
    before = repr(original)
    strict = strict_schema(original)
    assert strict is not None
    assert refused(strict) == ""
    assert "default" not in repr(strict)
    assert repr(original) == before, "the tool's own schema is left as it was"
    if function is not nothing:
        assert refused(original), "so it has something to do"


@pytest.mark.parametrize("function", [free, anything, pair], ids=lambda f: f.__name__)
def test_what_strict_mode_has_no_word_for_is_not_strict(function: Any) -> None:
    assert strict_schema(parameters(function)) is None


def test_what_may_be_left_out_may_be_null() -> None:
    strict = strict_schema(parameters(plain))
    assert strict == {
        "type": "object",
        "properties": {"product": {"type": "string"}, "count": {"type": ["integer", "null"]}, "express": {"type": ["boolean", "null"]}},
        "required": ["product", "count", "express"],
        "additionalProperties": False,
    }


def object_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("value", "strict"),
    [
        ({"type": "string", "minLength": 1, "default": "x", "title": "T", "format": "uri"}, {"type": ["string", "null"]}),
        ({"type": "string", "format": "date"}, {"type": ["string", "null"], "format": "date"}),
        ({"enum": ["a", 1]}, {"enum": ["a", 1, None], "type": ["string", "integer", "null"]}),
        ({"enum": ["a", None]}, {"enum": ["a", None], "type": ["string", "null"]}),
        ({"const": "a"}, {"anyOf": [{"const": "a", "type": "string"}, {"type": "null"}]}),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
        (
            {"anyOf": [{"type": "null"}, {"enum": ["a", "b"]}], "description": "Which."},
            {"type": ["string", "null"], "enum": ["a", "b", None], "description": "Which."},
        ),
        (
            {"anyOf": [{"const": "a"}, {"type": "null"}, {"type": "integer"}]},
            {"anyOf": [{"const": "a", "type": "string"}, {"type": "null"}, {"type": "integer"}]},
        ),
        ({"allOf": [{"type": "string"}], "description": "d"}, {"type": ["string", "null"], "description": "d"}),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, {"type": ["array", "null"], "items": {"type": "integer"}}),
    ],
)
def test_each_word_is_said_as_strict_mode_says_it(value: dict[str, Any], strict: dict[str, Any]) -> None:
    made = strict_schema(object_of(value=value))
    assert made is not None
    assert made["properties"]["value"] == strict
    assert refused(made) == ""


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"type": "object"},
        {"type": "object", "properties": {}, "additionalProperties": True},
        {"type": "object", "properties": {}, "patternProperties": {".": {}}},
        {"type": "array"},
        {"type": "array", "prefixItems": [{"type": "string"}]},
        {"allOf": [{"type": "string"}, {"minLength": 2}]},
        {"not": {"type": "string"}},
        {"$ref": "#/$defs/Missing"},
        {"$ref": "https://example.org/schema"},
        {"enum": [[1]]},
        {"enum": []},
        True,
        "string",
    ],
)
def test_a_value_without_a_word_makes_the_schema_not_strict(value: Any) -> None:
    assert strict_schema(object_of(value=value)) is None


def test_roots_that_are_no_object_and_depths_beyond_the_bound_are_not_strict() -> None:
    assert strict_schema({"type": "string"}) is None
    assert strict_schema({"anyOf": [object_of()]}) is None
    assert strict_schema({"$ref": "#/$defs/A", "$defs": {"A": object_of()}}) is None
    schema = object_of(value={"type": "string"})
    for _ in range(MAX_DEPTH - 2):
        schema = object_of(inner=schema)
    assert strict_schema(schema) is not None
    assert strict_schema(object_of(inner=schema)) is None
    assert strict_schema(object_of(**{f"p{n}": {"type": "string"} for n in range(5_001)})) is None


def test_a_reference_stands_alone_and_one_to_itself_stays_one() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node", "description": "the next"}}}
    made = strict_schema({**object_of(first={"$ref": "#/$defs/Node", "description": "the first"}), "$defs": {"Node": node}})
    assert made is not None
    assert refused(made) == ""
    assert made["properties"]["first"]["description"] == "the first"
    old = strict_schema({**object_of(a={"$ref": "#/definitions/Node"}), "definitions": {"Node": object_of(b={"type": "string"})}})
    assert old is not None
    assert refused(old) == ""
