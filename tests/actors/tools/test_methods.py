"""Tools that are methods, and tools whose schema is given: as LiveKit's programs write them."""

import asyncio
import enum
import functools
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from actors.tools import (
    CONFIRM_DUPLICATE_PARAM,
    RawFunctionTool,
    RunContext,
    Tool,
    ToolFlag,
    function_tool,
    tool_to_wire,
)
from protocols import InvalidToolError

SCHEMA = {"name": "open_gate", "description": "Open a gate.", "parameters": {"type": "object", "properties": {"gate": {"type": "string"}}}}


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class Topping(BaseModel):
    name: str
    grams: int = 50


@dataclass
class Order:
    lines: list[str]


class Shop:
    def __init__(self, name: str) -> None:
        self.name = name

    @function_tool
    async def order(self, ctx: RunContext[Order], product: str, size: Size | None = None, toppings: list[Topping] = []) -> str:  # noqa: B006
        """Order something.

        Args:
            product: What it is.
        """
        assert ctx.call_id
        return f"{self.name}: {product} {size} {[topping.grams for topping in toppings]}"

    @function_tool(name="look", flags=ToolFlag.IGNORE_ON_ENTER, on_duplicate="reject")
    def find(this, kind: Literal["pizza", "salad"] = "pizza") -> str:  # noqa: N805 - the name is free
        return f"{this.name}: {kind}"

    @function_tool(raw_schema=SCHEMA)
    async def gate(self, raw_arguments: dict[str, object], context: RunContext) -> str:
        return f"{self.name} {raw_arguments} {context.call_id}"

    @staticmethod
    @function_tool
    async def hours(day: Annotated[str, Field(description="Which day.")]) -> str:
        return f"9 to 5 on {day}"


def context() -> RunContext[Any]:
    return RunContext(user_data={}, call_id="call-1")


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("order", '{"product": "pizza", "size": "large", "toppings": [{"name": "ham"}]}', "Mario: pizza Size.LARGE [50]"),
        ("order", '{"product": "pizza", "size": null}', "Mario: pizza None []"),
        ("find", "", "Mario: pizza"),
        ("gate", '{"gate": "a"}', "Mario {'gate': 'a'} call-1"),
        ("hours", '{"day": "Monday"}', "9 to 5 on Monday"),
    ],
)
def test_a_method_runs_on_the_object_that_it_is_had_from(name: str, arguments: str, told: str) -> None:
    tool = getattr(Shop("Mario"), name)
    assert asyncio.run(tool.invoke(arguments, context())) == told


def test_two_objects_have_tools_of_their_own() -> None:
    first, second = Shop("Mario"), Shop("Luigi")
    assert first.find() == "Mario: pizza"
    assert second.find("salad") == "Luigi: salad"
    assert Shop.find(first, kind="salad") == "Mario: salad"


def test_a_model_is_not_shown_what_binds_and_what_is_filled_in() -> None:
    tool = Shop("Mario").order
    assert list(tool.schema.parameters["properties"]) == ["product", "size", "toppings"]
    assert tool.schema.parameters["properties"]["product"]["description"] == "What it is."
    assert tool.schema.description == "Order something."
    assert isinstance(tool, Tool)
    assert tool.id == "order"


def test_an_unbound_method_says_where_to_take_it_from() -> None:
    with pytest.raises(InvalidToolError, match="take the tool from an object of its class"):
        asyncio.run(Shop.order.invoke('{"product": "pizza"}', context()))


@pytest.mark.parametrize("tool", [Shop.order, Shop("Mario").order])
def test_a_method_does_not_travel(tool: Any) -> None:
    with pytest.raises(InvalidToolError, match="is a method of an object, which stays in this process"):
        tool_to_wire(tool)


def test_a_raw_tool_is_offered_as_it_was_written() -> None:
    tool = Shop("Mario").gate
    assert isinstance(tool, RawFunctionTool)
    assert tool.schema.parameters == SCHEMA["parameters"]
    assert tool.info.raw_schema == SCHEMA
    assert tool.info.name == "open_gate"


@pytest.mark.parametrize("arguments", ["[1]", "nonsense", '"text"'])
def test_a_raw_tool_takes_objects_alone(arguments: str) -> None:
    with pytest.raises(InvalidToolError, match="Error parsing arguments for `open_gate`"):
        Shop.gate.validate(arguments)


@pytest.mark.parametrize("schema", [{"name": "x"}, {"name": "", "parameters": {}}, {"parameters": {}}])
def test_a_raw_schema_needs_a_name_and_parameters(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidToolError):
        function_tool(raw_schema=schema)(lambda raw_arguments: None)


def test_flags_and_the_handling_of_duplicates_are_told() -> None:
    assert Shop.find.info.flags is ToolFlag.IGNORE_ON_ENTER
    assert Shop.find.info.on_duplicate == "reject"
    assert Shop.find.info.duplicate_scope == "name"


def test_a_duplicate_is_confirmed_by_a_parameter_that_the_function_does_not_see() -> None:
    @function_tool(on_duplicate="confirm")
    async def ring(times: int) -> str:
        return f"rings {times} times"

    assert CONFIRM_DUPLICATE_PARAM in ring.schema.parameters["properties"]
    assert CONFIRM_DUPLICATE_PARAM not in ring.parameters.json_schema["properties"]
    assert ring.validate(f'{{"times": 2, "{CONFIRM_DUPLICATE_PARAM}": true}}') == {"times": 2}
    assert Shop.gate.validate(f'{{"a": 2, "{CONFIRM_DUPLICATE_PARAM}": true}}') == {"raw_arguments": {"a": 2}}


def test_a_tool_shows_the_signature_without_what_binds_it() -> None:
    import inspect

    assert list(inspect.signature(Shop("Mario").find).parameters) == ["kind"]
    assert functools.reduce(getattr, ["__name__"], Shop.order) == "order"
