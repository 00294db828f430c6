"""The form of records: what each kind of value takes, what is refused when a table is stated, and what an unknown one becomes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgpack
import pytest

from actors.journal import (
    FLAG,
    INTEGER,
    MAP,
    NUMBER,
    TEXT,
    Records,
    RecordType,
    UnknownRecord,
    choice,
    describe_record,
    many,
    maybe,
    nested,
)
from actors.journal.records import Field, Kind
from protocols import DecodeError, InternalError, UsageError


@dataclass(frozen=True)
class Value:
    value: Any


@dataclass(frozen=True)
class Other:
    left: Any = 0
    right: Any = ""


@dataclass(frozen=True)
class Nothing:
    pass


@dataclass(frozen=True)
class Picky:
    value: int

    def __post_init__(self) -> None:
        if self.value < 0:
            raise UsageError("too small")


def records(kind: Kind) -> Records:
    return Records(RecordType(Value, "value", value=kind))


OTHER = RecordType(Other, "other", left=INTEGER.default(0), right=TEXT.default(""))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (TEXT, "a"),
        (INTEGER, -5),
        (NUMBER, 1.5),
        (FLAG, False),
        (MAP, {"a": [1, {"b": b"\xff"}, None]}),
        (many(INTEGER), ()),
        (many(many(TEXT)), (("a",), ())),
        (maybe(FLAG), None),
        (maybe(FLAG), True),
        (choice({1: "one", 2: "two"}), 2),
        (nested(OTHER), Other(left=7)),
        (Records(OTHER).one_of(), Other(right="b")),
        (Records(OTHER).one_of(or_unknown=True), UnknownRecord(msgpack.packb({"type": "later", "x": 1}))),
        (Records(OTHER).standing_alone(), Other(left=1, right="c")),
        (Records(OTHER).standing_alone(), UnknownRecord(msgpack.packb(["later", False, {}, 1]))),
    ],
)
def test_a_value_of_a_kind_comes_back(kind: Kind, value: Any) -> None:
    assert records(kind).decode(records(kind).encode(Value(value))) == Value(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((TEXT, wrong) for wrong in (None, 1, b"a")),
        *((INTEGER, wrong) for wrong in (1.0, True, "1", 1 << 64)),
        *((NUMBER, wrong) for wrong in (float("nan"), float("inf"), True, "1")),
        *((FLAG, wrong) for wrong in (1, None)),
        *((MAP, wrong) for wrong in ([], None, {"a": object()})),
        *((many(INTEGER), wrong) for wrong in ([1], (1.5,), None)),
        (maybe(FLAG), 0),
        *((choice({1: "one"}), wrong) for wrong in (2, "one", [])),
        *((nested(OTHER), wrong) for wrong in (None, Value(1), Other(left="a"))),
        (Records(OTHER).one_of(), Value(1)),
        (Records(OTHER).one_of(), UnknownRecord(b"\x80")),
    ],
)
def test_what_is_none_of_a_kind_is_not_written(kind: Kind, value: Any) -> None:
    with pytest.raises(UsageError, match="Value cannot be written to a journal"):
        records(kind).encode(Value(value))


@pytest.mark.parametrize(
    ("kind", "raw", "told"),
    [
        (TEXT, 1, "expected str, got int 1"),
        (INTEGER, True, "expected int, got bool True"),
        (NUMBER, "x", "expected a finite number"),
        (NUMBER, float("nan"), "expected a finite number"),
        (FLAG, 1, "expected bool"),
        (MAP, [], "expected a map"),
        (many(TEXT), "ab", "expected an array"),
        (many(TEXT), [1], "expected str"),
        (choice({1: "one"}), ["one"], "expected one of one"),
        (nested(OTHER), [], "expected the fields of other"),
        (nested(OTHER), {"left": "a"}, r"other\.left: expected int"),
        (Records(OTHER).one_of(), {"type": "later"}, "expected a type that this version knows, got str 'later'"),
        (Records(OTHER).one_of(or_unknown=True), [], "expected a map with a type"),
        (Records(OTHER).standing_alone(), ["later", True, {}], "'later'"),
    ],
)
def test_what_is_none_of_a_kind_is_told_with_its_place(kind: Kind, raw: object, told: str) -> None:
    with pytest.raises(DecodeError, match=rf"value\.value: .*{told}"):
        records(kind).decode(msgpack.packb(["value", True, {"value": raw}]))


def test_a_field_may_be_written_under_another_name_and_a_type_may_have_none() -> None:
    union = Records(RecordType(Value, "value", stated=Field(INTEGER, 3, attribute="value")), RecordType(Nothing, "nothing"))
    assert describe_record(union.encode(Value(5))) == {"type": "value", "critical": True, "stated": 5}
    assert describe_record(union.encode(Value(3))) == {"type": "value", "critical": True}
    assert [union.decode(union.encode(value)) for value in (Value(5), Value(3), Nothing())] == [Value(5), Value(3), Nothing()]


@pytest.mark.parametrize("critical", [True, False])
def test_a_class_may_refuse_the_fields_of_a_record(*, critical: bool) -> None:
    union = Records(RecordType(Picky, "picky", value=INTEGER))
    body = msgpack.packb(["picky", critical, {"value": -1}])
    if critical:
        with pytest.raises(DecodeError, match=r"'picky'.*too small"):
            union.decode(body)
    else:
        assert union.decode(body) == UnknownRecord(body)


@pytest.mark.parametrize(
    "state",
    [
        lambda: RecordType(Value, "value"),
        lambda: RecordType(Value, "value", value=TEXT, more=TEXT),
        lambda: RecordType(Value, "value", other=TEXT),
        lambda: Records(OTHER, RecordType(Value, "other", value=TEXT)),
        lambda: Records(OTHER, RecordType(Other, "another", left=INTEGER, right=TEXT)),
    ],
)
def test_a_table_that_is_not_that_of_its_class_is_a_defect(state: Callable[[], object]) -> None:
    with pytest.raises(InternalError):
        state()


def test_a_record_that_is_too_deep_is_told() -> None:
    with pytest.raises(DecodeError):
        records(MAP).decode(b"\x91" * 100_000)
