from typing import Any

import pytest

from actors import RunContext
from livekitex_agent.demo.phone_order import (
    CATALOG,
    EXPECTED_ORDER,
    TOOLS,
    Order,
    add_item,
    change_quantity,
    get_product_info,
    list_products,
    order_problems,
    place_order,
    read_order,
    summarize_order,
    update_address,
    update_phone,
)


@pytest.fixture(autouse=True)
def _quick_till(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekitex_agent.demo.phone_order.TILL_S", 0.0)


@pytest.fixture
def ctx() -> RunContext:
    return RunContext(user_data={}, call_id="call")


def test_every_function_makes_a_tool_and_hides_the_context() -> None:
    schemas = {tool.schema.name: tool.schema for tool in TOOLS}
    assert set(schemas) >= {"get_product_info", "add_item", "summarize_order", "update_phone", "update_address", "place_order"}
    assert set(schemas["add_item"].parameters["properties"]) == {"item", "quantity"}
    assert all(schema.description for schema in schemas.values())
    assert all(tool.idempotent for tool in TOOLS), "a run that was cut off has changed nothing"


def test_products_have_a_price() -> None:
    assert get_product_info("Pizza") == {"name": "pizza", "price": 10.0, "stock": 50}
    assert "We have no sushi, but we have burger, coffee" in get_product_info("sushi")["error"]
    assert list_products() == {"products": sorted(CATALOG)}


def test_an_order_grows_changes_and_is_placed(ctx: RunContext) -> None:
    assert summarize_order(ctx) == {"error": "You have ordered nothing yet.", "missing": "items"}
    assert add_item(ctx, "pizza", 1)["label"] == "1 pizza"
    assert add_item(ctx, "pizza", 2)["label"] == "2 pizzas"
    add_item(ctx, "salad")
    add_item(ctx, "Ice Cream", 2)
    assert change_quantity(ctx, 3)["label"] == "3 ice creams"
    assert change_quantity(ctx, 2, "pizza")["quantity"] == 2
    assert summarize_order(ctx) == {"summary": "2 pizzas, 1 salad and 3 ice creams", "total": 34.0, "missing": "phone"}
    assert place_order(ctx) == {"error": "I still need your phone number.", "missing": "phone"}
    assert update_phone(ctx, "555-1234") == {"phone": "5551234", "missing": "address"}
    assert update_address(ctx, " 12  Baker Street. ") == {"address": "12 Baker Street", "missing": "confirmation"}
    assert ctx.end_requested is None
    assert place_order(ctx)["total"] == 34.0
    assert ctx.end_requested == "order placed"
    assert read_order(ctx.user_data) == EXPECTED_ORDER
    assert order_problems(read_order(ctx.user_data), EXPECTED_ORDER) == []


def test_nothing_is_changed_by_what_is_refused(ctx: RunContext) -> None:
    refused: list[dict[str, Any]] = [
        add_item(ctx, "sushi"),
        add_item(ctx, "pizza", 0),
        add_item(ctx, "pizza", 51),
        change_quantity(ctx, 2),
        change_quantity(ctx, 2, "pizza"),
        update_phone(ctx, "123"),
        update_address(ctx, "home"),
        place_order(ctx),
    ]
    assert all(result["error"] for result in refused)
    assert read_order(ctx.user_data) == Order(items={}, phone="", address="", placed=False)
    add_item(ctx, "pizza")
    assert change_quantity(ctx, 100)["error"] == "We cannot deliver 100 pizzas."
    assert change_quantity(ctx, 0)["label"] == "no pizzas"
    assert read_order(ctx.user_data).items == {}


def test_a_phone_number_before_the_first_item_is_kept(ctx: RunContext) -> None:
    assert update_phone(ctx, "5551234")["missing"] == "items"
    assert place_order(ctx)["error"] == "I still need your order."


def test_problems_name_what_is_missing_or_wrong() -> None:
    empty = Order(items={}, phone="", address="", placed=False)
    assert len(order_problems(empty, None)) == 4
    other = Order(items={"soup": 1}, phone="1234567", address="1 Elm Road", placed=True)
    assert order_problems(other, None) == []
    assert [problem.split(":")[0] for problem in order_problems(other, EXPECTED_ORDER)] == ["items", "phone", "address"]
    assert str(empty) == "nothing"
