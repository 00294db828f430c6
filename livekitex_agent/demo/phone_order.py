"""The phone order of the demo: a catalogue, the order in the call's user data, the tools that change it, and what a right order is.

All that a tool changes is ``ctx.user_data``, which is written to the journal together with its result: a run that a crash cut off has
changed nothing, so each tool may be run again and says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from threading import Event
from typing import Any, Final

from actors import FunctionTool, RunContext, function_tool

AGENT_NAME: Final = "phone_order"
INSTRUCTIONS: Final = (
    "You take orders for a restaurant on the phone. Be friendly and brief. Use the tools for prices and for the order. "
    "At the end tell the caller the whole order, ask for phone number and address, and place the order."
)
GREETING: Final = "Hello, this is the corner kitchen. How can I help you?"

TILL_S: Final = 0.15
MAX_QUANTITY: Final = 99
PHONE_DIGITS: Final = range(6, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What the restaurant sells. ``also`` are other words for it."""

    name: str
    plural: str
    price: float
    stock: int
    also: tuple[str, ...] = ()


CATALOG: Final[Mapping[str, Product]] = {
    product.name: product
    for product in (
        Product(name="pizza", plural="pizzas", price=10.0, stock=50, also=("margherita", "margarita")),
        Product(name="salad", plural="salads", price=5.0, stock=100),
        Product(name="ice cream", plural="ice creams", price=3.0, stock=40, also=("icecream", "ice-cream")),
        Product(name="burger", plural="burgers", price=8.5, stock=30, also=("hamburger", "hamburgers")),
        Product(name="lasagna", plural="lasagnas", price=9.5, stock=20, also=("lasagne",)),
        Product(name="soup", plural="soups", price=4.5, stock=25),
        Product(name="coffee", plural="coffees", price=2.5, stock=200),
        Product(name="lemonade", plural="lemonades", price=3.5, stock=60),
        Product(name="water", plural="waters", price=1.5, stock=100, also=("bottle of water", "bottles of water")),
    )
}

CALLER_LINES: Final = (
    "Hello, good evening.",
    "What is the price of a pizza?",
    "I would like two pizzas, please.",
    "Please add one salad and three ice creams.",
    "What have I ordered so far?",
    "My phone number is five five five, one two three four.",
    "My address is twelve Baker Street.",
    "That is all, thank you, goodbye.",
)
"""What the demo's caller says, one line a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as it stands in the call's user data."""

    items: Mapping[str, int]
    phone: str
    address: str
    placed: bool

    @property
    def total(self) -> float:
        """The price of everything in dollars."""
        return sum(CATALOG[name].price * quantity for name, quantity in self.items.items())

    def __str__(self) -> str:
        return _listed([_label(name, quantity) for name, quantity in self.items.items()]) or "nothing"


EXPECTED_ORDER: Final = Order(items={"pizza": 2, "salad": 1, "ice cream": 3}, phone="5551234", address="12 Baker Street", placed=True)
"""What the demo's caller has ordered in the end."""


def read_order(user_data: Mapping[str, Any]) -> Order:
    """The order in ``user_data``; an empty one if there is none."""
    data = user_data.get("order", {})
    return Order(
        items=dict(data.get("items", {})), phone=data.get("phone", ""), address=data.get("address", ""), placed=data.get("placed", False)
    )


def order_problems(order: Order, expected: Order | None) -> list[str]:
    """What is missing for ``order`` to be complete and, if ``expected`` is given, to be that one; empty if it is right."""
    wanted = [
        (bool(order.items), "nothing was ordered"),
        (bool(order.phone), "the phone number is missing"),
        (bool(order.address), "the address is missing"),
        (order.placed, "the order was not placed"),
    ]
    problems = [problem for fulfilled, problem in wanted if not fulfilled]
    if expected is not None and not problems:
        pairs = {
            "items": (order.items, expected.items),
            "phone": (order.phone, expected.phone),
            "address": (order.address, expected.address),
        }
        problems = [f"{name}: {got!r} instead of {right!r}" for name, (got, right) in pairs.items() if got != right]
    return problems


def _till(function: Callable[..., dict[str, Any]]) -> FunctionTool:
    """Make it a tool that asks the restaurant's till, which is another machine and takes its time."""

    @wraps(function)
    def ask(*args: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - the function's own
        Event().wait(TILL_S)
        return function(*args, **kwargs)

    return function_tool(idempotent=True)(ask)


@_till
def list_products() -> dict[str, Any]:
    """Name everything that can be ordered."""
    return {"products": sorted(CATALOG)}


@_till
def get_product_info(name: str) -> dict[str, Any]:
    """Look up the price and the stock of a product.

    Args:
        name: The product's name.
    """
    product = CATALOG.get(name.lower())
    if product is None:
        return _not_on_the_menu(name)
    return {"name": product.name, "price": product.price, "stock": product.stock}


@_till
def add_item(ctx: RunContext, item: str, quantity: int = 1) -> dict[str, Any]:
    """Add a product to the order.

    Args:
        ctx: The call.
        item: The product's name.
        quantity: How many of it are added.
    """
    order = _order(ctx)
    name = item.lower()
    if name not in CATALOG:
        return _not_on_the_menu(item)
    ordered = order["items"].get(name, 0) + quantity
    if quantity < 1 or ordered > min(MAX_QUANTITY, CATALOG[name].stock):
        return {"error": f"We cannot deliver {_label(name, ordered)}."}
    order["items"][name] = ordered
    order["last"] = name
    return {"item": name, "quantity": quantity, "label": _label(name, quantity)}


@_till
def change_quantity(ctx: RunContext, quantity: int, item: str = "") -> dict[str, Any]:
    """Set how many of a product are ordered.

    Args:
        ctx: The call.
        quantity: The new number; 0 takes the product off the order.
        item: The product's name; empty for the one that was ordered last.
    """
    order = _order(ctx)
    name = item.lower() or order["last"]
    if name not in order["items"]:
        return {"error": f"There is no {name or 'product'} in your order."}
    if not 0 <= quantity <= min(MAX_QUANTITY, CATALOG[name].stock):
        return {"error": f"We cannot deliver {_label(name, quantity)}."}
    order["items"][name] = quantity
    if not quantity:
        del order["items"][name]
        order["last"] = ""
    return {"item": name, "quantity": quantity, "label": _label(name, quantity)}


@_till
def summarize_order(ctx: RunContext) -> dict[str, Any]:
    """Tell the order, its price, and what is still missing to place it.

    Args:
        ctx: The call.
    """
    order = read_order(ctx.user_data)
    if not order.items:
        return {"error": "You have ordered nothing yet.", "missing": "items"}
    return {"summary": str(order), "total": order.total, "missing": _missing(order)}


@_till
def update_phone(ctx: RunContext, phone: str) -> dict[str, Any]:
    """Note the caller's phone number.

    Args:
        ctx: The call.
        phone: The number's digits.
    """
    digits = "".join(character for character in phone if character in "0123456789")
    if len(digits) not in PHONE_DIGITS:
        return {"error": "I need a phone number of 6 to 15 digits.", "missing": "phone"}
    _order(ctx)["phone"] = digits
    return {"phone": digits, "missing": _missing(read_order(ctx.user_data))}


@_till
def update_address(ctx: RunContext, address: str) -> dict[str, Any]:
    """Note where the order is to be delivered.

    Args:
        ctx: The call.
        address: Street and number, and the town if it is another.
    """
    cleaned = " ".join(address.split()).strip(" .,")
    if len(cleaned.split()) < 2:  # noqa: PLR2004 - a street and its number
        return {"error": "I need a street and a house number.", "missing": "address"}
    _order(ctx)["address"] = cleaned
    return {"address": cleaned, "missing": _missing(read_order(ctx.user_data))}


@_till
def place_order(ctx: RunContext) -> dict[str, Any]:
    """Place the order and end the call.

    Args:
        ctx: The call.
    """
    order = read_order(ctx.user_data)
    missing = _missing(order)
    if missing != "confirmation":
        return {"error": f"I still need your {_WORDS[missing]}.", "missing": missing}
    _order(ctx)["placed"] = True
    ctx.end_call("order placed")
    return {"summary": str(order), "total": order.total, "address": order.address, "order": _order(ctx)}


TOOLS: Final = (
    list_products,
    get_product_info,
    add_item,
    change_quantity,
    summarize_order,
    update_phone,
    update_address,
    place_order,
)


_WORDS: Final = {"items": "order", "phone": "phone number", "address": "address"}


def _order(ctx: RunContext) -> dict[str, Any]:
    order: dict[str, Any] = ctx.user_data.setdefault("order", {"items": {}, "last": "", "phone": "", "address": "", "placed": False})
    return order


def _missing(order: Order) -> str:
    if not order.items:
        return "items"
    if not order.phone:
        return "phone"
    return "confirmation" if order.address else "address"


def _not_on_the_menu(name: str) -> dict[str, Any]:
    return {"error": f"We have no {name}, but we have {_listed(sorted(CATALOG))}."}


def _label(name: str, quantity: int) -> str:
    return f"{quantity or 'no'} {CATALOG[name].name if quantity == 1 else CATALOG[name].plural}"


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
