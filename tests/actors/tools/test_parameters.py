import enum
import functools
import inspect
import json
import math
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, Field

from actors.tools import RunContext
from actors.tools.parameters import read_parameters
from protocols import InvalidToolError

if TYPE_CHECKING:
    from decimal import Decimal


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


@dataclass
class Item:
    name: str
    quantity: int = 1


class Address(BaseModel):
    street: str
    number: int


def order(  # noqa: PLR0917
    context: RunContext,
    name: str,
    size: Size,
    crust: Literal["thin", "thick"],
    items: list[Item],
    address: Address,
    extras: dict[str, float] | None = None,
    price: float = 9.5,
    paid: bool = False,
    schema: str = "x",
    _note: Annotated[str, Field(description="A remark.")] = "",
) -> str: ...


def nothing() -> None: ...


def by_json(arguments: object) -> dict[str, Any]:
    return read_parameters(order, {}).validate("order", json.dumps(arguments))


GOOD = {
    "name": "pizza",
    "size": "large",
    "crust": "thin",
    "items": [{"name": "cola", "quantity": 2}],
    "address": {"street": "Elm", "number": 5},
}


def test_schema_of_a_signature() -> None:
    parameters = read_parameters(order, {"name": "What to order."})
    schema = parameters.json_schema
    assert parameters.context_name == "context"
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["name", "size", "crust", "items", "address"]
    assert schema["properties"]["name"] == {"type": "string", "description": "What to order."}
    assert schema["properties"]["price"] == {"type": "number", "default": 9.5}
    assert schema["properties"]["crust"] == {"enum": ["thin", "thick"], "type": "string"}
    assert schema["properties"]["extras"] == {"anyOf": [{"additionalProperties": {"type": "number"}, "type": "object"}, {"type": "null"}]}
    assert schema["properties"]["_note"] == {"type": "string", "description": "A remark.", "default": ""}
    assert schema["$defs"]["Size"]["enum"] == ["small", "large"]
    assert "title" not in schema
    assert "context" not in schema["properties"]


def test_schema_without_parameters() -> None:
    assert read_parameters(nothing, {}).json_schema == {"type": "object", "properties": {}, "additionalProperties": False}


def test_arguments_become_the_annotated_types() -> None:
    assert by_json(GOOD) == {
        "name": "pizza",
        "size": Size.LARGE,
        "crust": "thin",
        "items": [Item("cola", 2)],
        "address": Address(street="Elm", number=5),
    }


@pytest.mark.parametrize("arguments", ["", "  ", "{}"])
def test_no_text_is_no_arguments(arguments: str) -> None:
    assert read_parameters(nothing, {}).validate("nothing", arguments) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": 5}, "name\n  Input should be a valid string [type=string_type, input_value=5, input_type=int]"),
        ({"size": "huge"}, "size\n  Input should be 'small' or 'large' [type=enum, input_value='huge', input_type=str]"),
        ({"items": [{"quantity": 1}]}, "items.0.name\n  Field required [type=missing, input_value={'quantity': 1}, input_type=dict]"),
    ],
)
def test_wrong_arguments_are_told_to_the_model_in_pydantics_words(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidToolError) as caught:
        by_json(GOOD | change)
    assert str(caught.value).startswith(f"Error parsing arguments for `order`: 1 validation error for OrderArgs\n{told}")


@pytest.mark.parametrize("name", ["colour", "context"])
def test_what_a_function_does_not_take_is_not_given_to_it(name: str) -> None:
    assert by_json(GOOD | {name: "red"}) == by_json(GOOD)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_any_other_json_is_refused_for_the_model(value: object) -> None:
    with pytest.raises(InvalidToolError, match=r"^Error parsing arguments for `order`: "):
        by_json(value)


def unannotated(name) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001


def variadic(*names: str) -> None: ...


def positional(name: str, /) -> None: ...


def unknown_type(name: "Decimal") -> None: ...


def opaque_default(name: str = object()) -> None: ...  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("function", "cure"),
    [
        (unannotated, r"parameter name has no type: annotate it \(name: str\)"),
        (variadic, r"\*names: str cannot be filled: make it an ordinary parameter"),
        (positional, "name: str cannot be filled"),
        (unknown_type, "import it at run time"),
        (max, "no readable signature"),
    ],
)
def test_what_no_model_can_call_is_refused(function: Any, cure: str) -> None:
    with pytest.raises(InvalidToolError, match=cure):
        read_parameters(function, {})


class Opaque:
    pass


def takes_opaque(thing: Opaque) -> None: ...


def test_a_type_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidToolError, match=r"takes_opaque: .* Use str, int"):
        read_parameters(takes_opaque, {})


def test_a_default_that_json_cannot_hold_is_not_shown() -> None:
    parameters = read_parameters(opaque_default, {})
    assert parameters.json_schema["properties"] == {"name": {"type": "string"}}
    assert parameters.validate("opaque_default", "{}") == {}


def test_context_may_be_optional() -> None:
    def tool(call: RunContext | None = None) -> None: ...

    assert read_parameters(tool, {}).context_name == "call"


def default_in_field(city: str = Field(default="Berlin", description="The city.", min_length=2)) -> None: ...


def default_in_annotated(city: Annotated[str, Field(default="Berlin", description="The city.", min_length=2)]) -> None: ...


def default_of_its_own(city: Annotated[str, Field(description="The city.", min_length=2)] = "Berlin") -> None: ...


@pytest.mark.parametrize("function", [default_in_field, default_in_annotated, default_of_its_own])
def test_a_field_says_the_same_wherever_it_stands(function: Any) -> None:
    parameters = read_parameters(function, {"city": "The docstring comes after it."})
    city = {"type": "string", "default": "Berlin", "description": "The city.", "minLength": 2}
    assert parameters.json_schema == {"type": "object", "properties": {"city": city}, "additionalProperties": False}
    filled = {} if function is default_of_its_own else {"city": "Berlin"}
    assert parameters.validate("f", "{}") == filled
    assert parameters.validate("f", '{"city": "Rome"}') == {"city": "Rome"}
    with pytest.raises(InvalidToolError, match="city\n  String should have at least 2 characters"):
        parameters.validate("f", '{"city": "X"}')


def constrained(count: int = Field(ge=1)) -> None: ...


def with_alias(place: str = Field("here", alias="city")) -> None: ...


def made_anew(sizes: list[int] = Field(default_factory=lambda: [1])) -> None: ...  # noqa: B008


def inner_limit(count: Annotated[int, Field(ge=1)] | None = None) -> None: ...


def own_extra(count: int = Field(default=5, json_schema_extra={"examples": [1]})) -> None: ...


@pytest.mark.parametrize(
    ("function", "arguments", "given"),
    [
        (constrained, '{"count": 1}', {"count": 1}),
        (constrained, "{}", None),
        (constrained, '{"count": 0}', None),
        (with_alias, "{}", {"place": "here"}),
        (with_alias, '{"city": "there"}', {"place": "there"}),
        (with_alias, '{"place": "there"}', {"place": "here"}),
        (made_anew, "{}", {"sizes": [1]}),
        (inner_limit, "{}", {}),
        (inner_limit, '{"count": null}', {"count": None}),
        (inner_limit, '{"count": 0}', None),
        (own_extra, "{}", {"count": 5}),
    ],
)
def test_what_a_field_demands_is_kept(function: Any, arguments: str, given: dict[str, Any] | None) -> None:
    parameters = read_parameters(function, {})
    if given is not None:
        assert parameters.validate("f", arguments) == given
        return
    with pytest.raises(InvalidToolError, match="Error parsing arguments for `f`"):
        parameters.validate("f", arguments)


def test_a_default_that_a_field_makes_is_new_each_time() -> None:
    parameters = read_parameters(made_anew, {})
    parameters.validate("f", "{}")["sizes"].append(2)
    assert parameters.validate("f", "{}") == {"sizes": [1]}


def in_both_places(city: Annotated[str, Field(description="The city.")] = Field(default="Berlin", min_length=2)) -> None: ...


def other_names(city: str = Field(default="Berlin", validation_alias=AliasChoices("town", "city"))) -> None: ...


def exact(count: int = Field(default=1, strict=True)) -> None: ...


def wrong_default(count: int = Field(default=0, ge=1, validate_default=True)) -> None: ...


@pytest.mark.parametrize(
    ("function", "arguments", "given"),
    [
        (in_both_places, "{}", {"city": "Berlin"}),
        (in_both_places, '{"city": "X"}', "city\n  String should have at least 2 characters"),
        (other_names, '{"city": "Rome"}', {"city": "Rome"}),
        (other_names, "{}", {"city": "Berlin"}),
        (exact, '{"count": "3"}', "count\n  Input should be a valid integer"),
        (wrong_default, "{}", "count\n  Input should be greater than or equal to 1"),
    ],
)
def test_a_field_is_read_in_every_form_that_pydantic_knows(function: Any, arguments: str, given: dict[str, Any] | str) -> None:
    parameters = read_parameters(function, {})
    if isinstance(given, dict):
        assert parameters.validate("f", arguments) == given
        return
    with pytest.raises(InvalidToolError, match=given):
        parameters.validate("f", arguments)


@dataclass
class Scale:
    most: float = math.inf


class Range(BaseModel):
    least: float = -math.inf


def endless(most: float = math.inf) -> None: ...


def endless_in_a_field(most: float = Field(default=math.inf)) -> None: ...


def endless_in_a_list(most: list[float] = [math.nan]) -> None: ...  # noqa: B006


def endless_in_a_model(range_: Range) -> None: ...


def endless_in_a_dataclass(scale: Scale) -> None: ...


def half_a_letter(text: str = "a pizza \ud83c") -> None: ...


@pytest.mark.parametrize(
    "function", [endless, endless_in_a_field, endless_in_a_list, endless_in_a_model, endless_in_a_dataclass, half_a_letter]
)
def test_a_default_that_json_cannot_write_is_not_shown(function: Any) -> None:
    schema = read_parameters(function, {}).json_schema
    assert "default" not in json.dumps(schema, ensure_ascii=False, allow_nan=False).encode().decode()


def endless_example(count: float = Field(default=1.0, examples=[math.nan])) -> None: ...


def endless_extra(count: float = Field(default=1.0, json_schema_extra={"step": math.inf})) -> None: ...


def half_a_letter_told(count: float = Field(default=1.0, description="\ud83c")) -> None: ...


@pytest.mark.parametrize("function", [endless_example, endless_extra, half_a_letter_told])
def test_a_schema_that_is_no_json_is_refused_where_it_is_defined(function: Any) -> None:
    with pytest.raises(InvalidToolError, match=r"tool endless|half.*: what its Fields say is no JSON"):
        read_parameters(function, {})


def by_floats(one: float, many: list[float] | None = None) -> None: ...


@pytest.mark.parametrize("arguments", ['{"one": NaN}', '{"one": Infinity}', '{"one": 1e999}', '{"one": 1, "many": [-Infinity]}'])
def test_a_number_that_json_does_not_know_is_no_argument(arguments: str) -> None:
    with pytest.raises(InvalidToolError, match="Input should be a finite number"):
        read_parameters(by_floats, {}).validate("by_floats", arguments)


def one_alias_twice(a: str = Field(alias="b"), b: str = "") -> None: ...


def factory_of_others(a: int, b: int = Field(default_factory=lambda values: values["a"])) -> None: ...


def of_a_dataclass(city: str = dataclass_field(default="Berlin")) -> None: ...


class Shop:
    def order(self, name: str) -> None: ...


def shown_as(function: Any, wrapper: Any) -> Any:
    return functools.wraps(function)(wrapper)


def by_name(name: str) -> None: ...


def with_store(store: str, name: str) -> None: ...


@pytest.mark.parametrize(
    ("function", "cure"),
    [
        (one_alias_twice, "two parameters have one alias"),
        (of_a_dataclass, "the default of city is a dataclass's field: use pydantic.Field"),
        (factory_of_others, "the default_factory of b takes an argument"),
        (shown_as(by_name, lambda *args: None), r"takes \(name\), but its code takes \(\*args\)"),
        (shown_as(with_store, lambda name: None), r"takes \(store, name\), but its code takes \(name\)"),
        (shown_as(by_name, lambda user, **rest: None), "missing a required argument: 'user'"),
        (shown_as(shown_as(by_name, lambda user: None), lambda *args, **kwargs: None), r"takes \(name\), but its code takes \(user\)"),
    ],
)
def test_what_could_never_be_called_is_refused_where_it_is_defined(function: Any, cure: str) -> None:
    with pytest.raises(InvalidToolError, match=cure):
        read_parameters(function, {})


@pytest.mark.parametrize(
    "wrapper",
    [lambda *args, **kwargs: None, lambda name: None, lambda name="x", **rest: None, lambda user="", **rest: None],
)
def test_a_wrapper_that_takes_what_it_shows_is_read(wrapper: Any) -> None:
    assert list(read_parameters(shown_as(by_name, wrapper), {}).json_schema["properties"]) == ["name"]


def test_a_decorator_that_says_what_it_takes_itself_may_give_the_rest() -> None:
    wrapper = shown_as(with_store, lambda **rest: with_store("here", **rest))
    wrapper.__signature__ = inspect.signature(by_name)
    wrapper.__annotations__ = {"name": str}
    assert list(read_parameters(shown_as(wrapper, lambda *args, **kwargs: None), {}).json_schema["properties"]) == ["name"]
