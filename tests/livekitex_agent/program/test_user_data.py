"""User data: what is written comes back equal, onto the object that the rerun passes; what cannot be is named once and is the rerun's."""

import json
import sys
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, StrEnum, auto
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from livekitex_agent.program.user_data import MAX_BYTES, Unwritten, encode, restore
from livekitex_agent.program.user_data.writing import MAX_DEPTH, MAX_INT_BITS
from protocols import DecodeError, MessageTooLargeError


class Size(Enum):
    SMALL = "s"
    LARGE = object()


class Word(StrEnum):
    YES = "yes"


class Wish(Flag):
    HOT = auto()
    SPICY = auto()


class Point(NamedTuple):
    x: int
    y: float = 0.5


@dataclass
class Item:
    name: str
    count: int = 1
    sizes: list[Size] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Price:
    amount: Decimal


class Address(BaseModel):
    model_config = ConfigDict(frozen=False)
    street: str
    lines: list[str] = Field(default_factory=list)
    _seen: int = PrivateAttr(default=0)


@dataclass
class Order:
    items: list[Item] = field(default_factory=list)
    price: Price | None = None
    address: Address | None = None
    connection: Any = None
    callback: Callable[[], str] = str


plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=8)
    | st.binary(max_size=8)
    | st.datetimes(timezones=st.none() | st.just(UTC) | st.just(timezone(timedelta(minutes=77))))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.sampled_from([*Size, *Word, Wish.HOT, Wish.HOT | Wish.SPICY, Wish(0)])
)
keys = st.text(st.characters(), max_size=4) | st.sampled_from(["$dict", "$kept", "$object", "$", "fields"]) | st.integers() | st.dates()
hashable = plain | st.tuples(plain, plain) | st.builds(Point, st.integers(), st.floats(allow_nan=False)) | st.frozensets(plain, max_size=3)
values = st.recursive(
    plain | st.builds(Point, st.integers()) | st.builds(Price, st.decimals(allow_nan=False)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys | hashable, inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=3).map(OrderedDict)
        | st.lists(inner, max_size=3).map(lambda items: deque(items, 5))
        | st.sets(hashable, max_size=4)
        | st.builds(Order, st.lists(st.builds(Item, st.text(), inner), max_size=2), connection=inner)
        | st.builds(Address, street=st.text())
    ),
    max_leaves=12,
)


def same(one: object, other: object) -> bool:
    """Equal, and of the same types all the way down."""
    return one == other and repr(one) == repr(other) if not isinstance(one, set | frozenset) else one == other


@given(values, values)
def test_what_is_written_comes_back_whatever_the_rerun_passes(value: object, rerun: object) -> None:
    encoded = encode(value)
    expected = [Unwritten(path=found.path, type_name="builtins:type", why="its class is not known") for found in encoded.unwritten]
    assert list(encoded.unwritten) == expected  # the default of `callback`
    assert encode(value) == encoded
    assert len(encoded.text.encode()) <= MAX_BYTES
    restored = restore(encoded.text, rerun)
    assert restored.value == value
    assert type(restored.value) is type(value)
    assert encode(restored.value).text == encoded.text


def test_the_written_form_is_this_one() -> None:
    order = Order([Item("pizza", 2, [Size.LARGE])], Price(Decimal("9.50")), Address(street="Elm"), threading.Lock(), lambda: "x")
    written = encode(order)
    here = __name__
    assert json.loads(written.text) == {
        "v": 1,
        "data": {
            "$object": f"{here}:Order",
            "fields": {
                "items": [
                    {
                        "$object": f"{here}:Item",
                        "fields": {"name": "pizza", "count": 2, "sizes": [{"$enum": f"{here}:Size", "name": "LARGE"}]},
                    }
                ],
                "price": {"$object": f"{here}:Price", "fields": {"amount": {"$decimal": "9.50"}}},
                "address": {"$object": f"{here}:Address", "fields": {"street": "Elm", "lines": []}},
                "connection": {"$kept": "_thread:lock"},
                "callback": {"$kept": "builtins:function"},
            },
        },
    }
    assert written.unwritten == (
        Unwritten("userdata.connection", "_thread:lock", "its class is not known"),
        Unwritten("userdata.callback", "builtins:function", "its class is not known"),
    )


GOLDEN = (
    (None, "null"),
    ([1, 1.0, True, "é"], '[1,1.0,true,"é"]'),
    ("\ud800", '"\\ud800"'),
    (float("inf"), '{"$float":"inf"}'),
    (b"\x00\xff", '{"$bytes":"AP8="}'),
    ((1, (2,)), '{"$tuple":[1,{"$tuple":[2]}]}'),
    ({"b", "a", 1}, '{"$set":["a","b",1]}'),
    (frozenset({2, 1}), '{"$frozenset":[1,2]}'),
    (deque([1], 3), '{"$deque":[1],"maxlen":3}'),
    ({"a": 1}, '{"a":1}'),
    ({"$a": 1}, '{"$dict":[["$a",1]]}'),
    ({1: "a", (1, 2): "b"}, '{"$dict":[[1,"a"],[{"$tuple":[1,2]},"b"]]}'),
    (OrderedDict(a=1), '{"$ordered_dict":[["a",1]]}'),
    (Counter("aa"), '{"$counter":[["a",2]]}'),
    (defaultdict(list, a=[1]), '{"$default_dict":[["a",[1]]],"factory":"list"}'),
    (datetime(2026, 11, 30, 22, 0, tzinfo=UTC), '{"$datetime":"2026-11-30T22:00:00+00:00"}'),
    (date(2026, 11, 30), '{"$date":"2026-11-30"}'),
    (time(9, 30), '{"$time":"09:30:00"}'),
    (timedelta(milliseconds=-1), '{"$timedelta":"-1000"}'),
    (Decimal("1.10"), '{"$decimal":"1.10"}'),
    (UUID(int=7), '{"$uuid":"00000000-0000-0000-0000-000000000007"}'),
    (Wish.HOT | Wish.SPICY, f'{{"$enum":"{__name__}:Wish","value":3}}'),
    (Word.YES, f'{{"$enum":"{__name__}:Word","name":"YES"}}'),
    (Point(1), f'{{"$object":"{__name__}:Point","fields":{{"x":1,"y":0.5}}}}'),
)


@pytest.mark.parametrize(("value", "text"), GOLDEN, ids=[text for _, text in GOLDEN])
def test_golden_texts(value: object, text: str) -> None:
    whole = f'{{"v":1,"data":{text}}}'
    assert encode(value).text == whole
    assert same(restore(whole, None).value, value)


def test_a_default_dict_keeps_its_factory_where_that_can_be_written() -> None:
    encoded = encode([defaultdict(lambda: 1, a=2)])
    assert encoded.unwritten == (Unwritten("userdata[0].default_factory", "builtins:function", "it is not a type of Python's own"),)
    rerun = [defaultdict(lambda: 3)]
    (restored,) = restore(encoded.text, rerun).value
    assert (restored["b"], restored) == (3, {"a": 2, "b": 3})
    assert restore(encoded.text, []).value[0].default_factory is None


def test_not_a_number_comes_back() -> None:
    assert repr(restore(encode([float("nan")]).text, []).value) == "[nan]"


def test_fields_are_put_onto_the_rerun_s_object_and_what_was_not_written_is_its_own() -> None:
    text = encode(Order([Item("pizza")], None, Address(street="Elm", lines=["2nd floor"]), threading.Lock())).text
    rerun = Order(connection="new", address=Address(street="?"), callback=lambda: "new")
    items, address = rerun.items, rerun.address
    restored = restore(text, rerun)
    assert restored.value is rerun
    assert restored.lost == ()
    assert rerun.items is items == [Item("pizza")]
    assert rerun.address is address == Address(street="Elm", lines=["2nd floor"])
    assert rerun.connection == "new"
    assert rerun.callback() == "new"


def test_the_rerun_s_values_stand_in_for_those_that_were_not_written_also_in_containers() -> None:
    lock, agents = threading.Lock(), {"waiter": threading.Lock(), "gone": threading.Lock()}
    text = encode({"agents": agents, "list": [1, lock], "count": 2, lock: 3}).text
    waiter, first = threading.Lock(), threading.Lock()
    rerun: dict[object, Any] = {"agents": {"waiter": waiter}, "list": [first], "left": 1}
    restored = restore(text, rerun)
    assert restored.value is rerun == {"agents": {"waiter": waiter}, "list": [1, None], "count": 2}
    assert restored.lost == (("userdata['agents']['gone']", "_thread:lock"), ("userdata['list'][1]", "_thread:lock"))


def test_a_new_object_has_its_class_s_defaults_for_what_was_not_written() -> None:
    restored = restore(encode([Order(connection=threading.Lock(), callback=lambda: "x"), Address(street="Elm")]).text, [])
    order, address = restored.value
    assert order == Order()
    assert address == Address(street="Elm")
    assert address._seen == 0
    assert [path for path, _ in restored.lost] == ["userdata[0].connection", "userdata[0].callback"]


def test_an_object_of_any_class_may_be_the_data_itself() -> None:
    class Basket:
        def __init__(self) -> None:
            self.items: list[str] = []
            self.lock = threading.Lock()
            self._session = 1

    basket = Basket()
    basket.items.append("pizza")
    encoded = encode(basket, "agent", without={"_session"})
    assert [found.path for found in encoded.unwritten] == ["agent.lock"]
    rerun = Basket()
    rerun._session = 2
    lock = rerun.lock
    assert restore(encoded.text, rerun).value is rerun
    assert (rerun.items, rerun.lock, rerun._session) == (["pizza"], lock, 2)


def test_data_of_a_class_that_is_not_the_rerun_s_and_not_loaded_is_lost() -> None:
    text = '{"v":1,"data":{"$object":"antigravity:Door","fields":{"x":1}}}'
    before = set(sys.modules)
    restored = restore(text, {"mine": 1})
    assert set(sys.modules) == before
    assert restored.value == {"mine": 1}


@pytest.mark.parametrize(
    "name", ["os:system", "subprocess:Popen", f"{__name__}:test_golden_texts", f"{__name__}:GOLDEN", "x", ":", f"{__name__}:Size.SMALL"]
)
def test_only_classes_that_can_be_written_are_made(name: str) -> None:
    restored = restore(json.dumps({"v": 1, "data": [{"$object": name, "fields": {"args": "true"}}, {"$enum": name, "name": "a"}]}), [])
    assert restored.value == [None, None]
    assert restored.lost == (("userdata[0]", name), ("userdata[1]", name))


def test_making_an_object_runs_none_of_its_code() -> None:
    text = encode([Careful(1)]).text
    Careful.made = 0
    restored = restore(text, [Careful(7)])
    assert (Careful.made, restored.value[0].__dict__) == (1, {"x": 1})
    assert restore(text, []).value[0].__dict__ == {"x": 1}
    assert Careful.made == 1


@dataclass
class Careful:
    x: int
    made = 0

    def __post_init__(self) -> None:
        Careful.made += 1

    def __setattr__(self, name: str, value: object) -> None:
        if Careful.made > 1:
            raise AttributeError(name)
        super().__setattr__(name, value)


def test_one_that_cannot_be_changed_is_not_changed_where_others_may_share_it() -> None:
    shared = Price(Decimal(1))
    rerun = Order(price=shared)
    restore(encode(Order(price=Price(Decimal(2)))).text, rerun)
    assert (rerun.price, shared) == (Price(Decimal(2)), Price(Decimal(1)))
    assert restore(encode(Price(Decimal(3))).text, shared).value is shared
    assert shared == Price(Decimal(3))


def test_what_contains_itself_or_is_too_deep_is_named() -> None:
    cycle: list[object] = [1]
    cycle.append({"again": cycle})
    assert encode(cycle).unwritten == (Unwritten("userdata[1]['again']", "builtins:list", "it contains itself"),)
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    (found,) = encode(deep).unwritten
    assert found.why == f"it is deeper than {MAX_DEPTH} levels"
    assert restore(encode(deep).text, []).lost


def test_what_is_reached_twice_is_written_twice() -> None:
    item = Item("pizza")
    assert restore(encode([item, item]).text, []).value == [item, item]
    assert encode([item, item]).unwritten == ()


def test_data_beyond_the_bound_is_refused_soon() -> None:
    grows: list[object] = ["x"]
    for _ in range(60):
        grows = [grows, grows]
    for large in (grows, "x" * MAX_BYTES, "é" * (MAX_BYTES // 2), [0] * MAX_BYTES):
        with pytest.raises(MessageTooLargeError, match="userdata has more than 128000 bytes"):
            encode(large)
    encode("x" * (MAX_BYTES - 30))


def test_a_number_that_python_does_not_read_is_not_written() -> None:
    (found,) = encode([2**MAX_INT_BITS]).unwritten
    assert (found.path, found.why) == ("userdata[0]", f"it has more than {MAX_INT_BITS} bits")


def test_an_attribute_that_cannot_be_read_is_named() -> None:
    @dataclass
    class Odd:
        x: int = 1

        def __getattribute__(self, name: str) -> object:
            if name == "x":
                raise OSError("gone")
            return super().__getattribute__(name)

    assert encode([Odd()]).unwritten == (Unwritten("userdata[0].x", "builtins:OSError", "reading it fails"),)


DAMAGED = ("$what", 1), ("$uuid", "x"), ("$object", 1), ("$bytes", "x"), ("$decimal", "x"), ("$set", [[]]), ("$dict", [1]), ("$enum", 1)


@pytest.mark.parametrize(
    "text",
    ["", "1", "{}", '{"v":2,"data":1}', '{"v":1}', *(json.dumps({"v": 1, "data": {tag: value}}) for tag, value in DAMAGED)],
)
def test_text_that_is_no_user_data_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="user data"):
        restore(text, None)
