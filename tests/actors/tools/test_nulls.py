"""Nulls that mean nothing."""

from typing import Any, Optional

import pytest
from pydantic import BaseModel

from actors import function_tool
from actors.tools.nulls import without_nulls


class Topping(BaseModel):
    name: str
    grams: int = 30
    note: str | None = "none"


def order(product: str, count: int = 1, note: str | None = "soon", toppings: list[Topping] | None = None, extra: Any = 5) -> None: ...


SCHEMA = function_tool(order).schema.parameters


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"product": "pizza", "count": None}, {"product": "pizza"}),
        ({"product": None}, {"product": None}),
        ({"product": "pizza", "note": None, "extra": None}, {"product": "pizza", "note": None, "extra": None}),
        ({"product": "pizza", "unknown": None}, {"product": "pizza", "unknown": None}),
        (
            {"product": "pizza", "toppings": [{"name": "ham", "grams": None, "note": None}]},
            {"product": "pizza", "toppings": [{"name": "ham", "note": None}]},
        ),
        ({"count": 1}, {"count": 1}),
    ],
)
def test_a_null_that_is_no_value_is_as_left_out(given: Any, read: Any) -> None:
    assert without_nulls(given, SCHEMA) == read


def test_a_reference_that_leads_nowhere_or_round_is_a_value_of_any_type() -> None:
    loop = {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/A"}}}
    assert without_nulls({"a": None}, loop) == {"a": None}


def test_a_tool_gets_its_default_for_a_null() -> None:
    def pay(amount: float, currency: str = "EUR", tip: Optional[float] = None) -> None: ...  # noqa: UP045 - as people write it

    from actors.tools.parameters import read_parameters

    read = read_parameters(pay, {})
    assert read.validate("pay", '{"amount": 3, "currency": null, "tip": null}') == {"amount": 3.0, "tip": None}
