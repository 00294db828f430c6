import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.tool_registry.schema import MAX_DEPTH, MAX_DESCRIPTION_CHARS, MAX_SOURCE_CHARS, require_tool
from protocols import InvalidToolError, ToolEntry


def tool(**fields: Any) -> ToolEntry:
    parameters = fields.pop("parameters", {"type": "object", "properties": {}})
    return ToolEntry(**{"name": "price_of", "description": "", "source": "shop:price_of", "parameters": parameters, **fields})


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


WHOLE = {
    "type": "object",
    "title": "Order",
    "description": "what is ordered",
    "properties": {
        "size": {"type": "string", "enum": ["small", "large"]},
        "count": {"type": ["integer", "null"], "minimum": 1},
        "extras": {"type": "array", "items": {"$ref": "#/$defs/extra"}, "uniqueItems": True},
        "address": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    },
    "required": ["size"],
    "additionalProperties": False,
    "$defs": {"extra": {"type": "string"}},
}


@pytest.mark.parametrize("parameters", [WHOLE, {"type": "object"}, {"type": "object", "properties": {"deep": nested(MAX_DEPTH - 2)}}])
def test_schemas_of_type_object_pass(parameters: dict[str, Any]) -> None:
    require_tool(tool(parameters=parameters))


def test_a_script_by_its_path_is_a_source() -> None:
    require_tool(tool(source="/home/me/my shop.py:price_of"))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": ""}, "'' is no name of a tool"),
        ({"name": "price of"}, "is no name of a tool"),
        ({"name": "x" * 65}, "is no name of a tool"),
        ({"name": "prix_été"}, "is no name of a tool"),
        ({"description": "x" * (MAX_DESCRIPTION_CHARS + 1)}, "description has more than"),
        ({"source": "shop.price_of"}, "use module:function"),
        ({"source": ":price_of"}, "use module:function"),
        ({"source": "m:" + "f" * MAX_SOURCE_CHARS}, "use module:function"),
    ],
)
def test_what_is_no_tool_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidToolError, match=told):
        require_tool(tool(**fields))


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "parameters.type is None: a tool's parameters are a JSON schema of type 'object'"),
        ({"type": "array"}, "parameters.type is 'array'"),
        ({"type": "object", "properties": []}, r"parameters.properties is \[\]: use a map of schemas"),
        ({"type": "object", "properties": {"size": "string"}}, "parameters.properties.size is 'string': a schema is a map"),
        ({"type": "object", "properties": {"size": {"type": "str"}}}, "parameters.properties.size.type is 'str': use object"),
        ({"type": "object", "properties": {"size": {"type": []}}}, "size.type is"),
        ({"type": "object", "properties": {"size": {"type": [["string"]]}}}, "size.type is"),
        ({"type": "object", "properties": {"size": {"enum": []}}}, "size.enum is"),
        ({"type": "object", "properties": {"size": {"description": 3}}}, "size.description is 3: use a text"),
        ({"type": "object", "properties": {"size": {"anyOf": []}}}, r"size.anyOf is \[\]: use a list of schemas"),
        ({"type": "object", "properties": {"size": {"anyOf": [7]}}}, r"size.anyOf\[0\] is 7"),
        ({"type": "object", "properties": {"size": {"items": [7]}}}, r"size.items is \[7\]"),
        ({"type": "object", "required": "size"}, "parameters.required is 'size': use a list of names"),
        ({"type": "object", "required": [1]}, "parameters.required is"),
        ({"type": "object", "required": ["size"]}, "parameters.required names 'size', which is not among the properties"),
        ({"type": "object", "properties": {"deep": nested(MAX_DEPTH)}}, "nested too deeply"),
        ({"type": "object", "default": b"raw"}, "parameters are no JSON"),
        ({"type": "object", "default": float("nan")}, "parameters are no JSON"),
    ],
)
def test_a_wrong_schema_is_told_with_its_place(parameters: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidToolError, match=told) as failure:
        require_tool(tool(parameters=parameters))
    assert str(failure.value).startswith("tool price_of: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "properties", "items", "anyOf", "required", "x"]), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["type", "properties", "items", "oneOf", "enum", "title", "required", "$defs"]), JSON))
def test_any_map_is_a_schema_or_refused_as_ours(parameters: dict[str, Any]) -> None:
    entry = tool(parameters={"type": "object", **parameters})
    with contextlib.suppress(InvalidToolError):
        require_tool(entry)
