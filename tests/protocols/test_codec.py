"""The codec: what it carries, what it refuses on either side, and that no byte string does more than be refused."""

import dataclasses
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, ClassVar

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import AudioChunk, DecodeError, InternalError, Message, MessageTooLargeError, UsageError, pack, unpack
from protocols.codec import MAX_DEPTH, MAX_ITEMS, MAX_WIRE_BYTES
from support.messages import FREE_FORM, values_of


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    HIGH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    TAG: ClassVar[str] = "point"
    x: int
    y: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    TAG: ClassVar[str] = "label"
    text: str
    colour: Colour = Colour.RED
    point: Point | None = None
    points: tuple[Point, ...] = ()
    more: Mapping[str, Point] = dataclasses.field(default_factory=dict)
    free: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    TAG: ClassVar[str] = "point"


@dataclass(frozen=True, slots=True, kw_only=True)
class Untagged:
    x: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    next: "Chain | None" = None


Shape = Point | Label


# What it carries.


@given(values_of(Message))
def test_any_message_round_trips(message: Message) -> None:
    assert unpack(Message, pack(Message, message)) == message


@given(values_of(Label))
def test_any_dataclass_round_trips(label: Label) -> None:
    assert unpack(Label, pack(Label, label)) == label


@given(FREE_FORM)
def test_free_form_values_round_trip(value: object) -> None:
    assert unpack(Any, pack(Any, value)) == value


def test_free_form_sequences_come_back_as_lists() -> None:
    assert unpack(Any, pack(Any, {"a": (1, [2, (3,)])})) == {"a": [1, [2, [3]]]}


@pytest.mark.parametrize(
    ("annotation", "value", "bytes_"),
    [
        (bool, True, "c3"),
        (int, -1, "ff"),
        (float, 0.5, "cb3fe0000000000000"),
        (str, "é", "a2c3a9"),
        (bytes, b"\x00", "c40100"),
        (Colour, Colour.BLUE, "a4626c7565"),
        (int | None, None, "c0"),
        (tuple[int, ...], (1, 2), "920102"),
        (Mapping[str, int], {"a": 1}, "81a16101"),
        (Point, Point(x=1), "82a17801a179cb0000000000000000"),
        (Shape, Point(x=1), "92a5706f696e7482a17801a179cb0000000000000000"),
    ],
)
def test_wire_forms(annotation: Any, value: object, bytes_: str) -> None:
    assert pack(annotation, value).hex() == bytes_
    assert unpack(annotation, bytes.fromhex(bytes_)) == value


@pytest.mark.parametrize(
    ("annotation", "value", "exact"),
    [(float, 3, 3.0), (float, True, 1.0), (int, True, 1), (int, Level.HIGH, 3), (str, Colour.RED, "red"), (Colour, "red", Colour.RED)],
)
def test_what_types_allow_in_silence_is_made_exact(annotation: Any, value: object, exact: object) -> None:
    found = unpack(annotation, pack(annotation, value))
    assert found == exact
    assert type(found) is type(exact)


# What the sender refuses: whatever the receiver would.


class Opaque:
    pass


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (bool, 1, "expected bool, got int"),
        (int, 1.0, "expected int, got float"),
        (int, 2**64, "out of range"),
        (int, -(2**63) - 1, "out of range"),
        (float, "1", "expected float, got str"),
        (float, math.nan, "nan is no finite number"),
        (float, -math.inf, "-inf is no finite number"),
        (float, 10**400, "too large"),
        (str, b"a", "expected str, got bytes"),
        (str, "\ud800", "surrogates"),
        (bytes, bytearray(b"a"), "expected bytes, got bytearray"),
        (Colour, "green", "'green' is no Colour"),
        (Colour, 1, "1 is no Colour"),
        (tuple[int, ...], [1], "expected tuple, got list"),
        (tuple[str, ...], "abc", "expected tuple, got str"),
        (Mapping[str, int], {1: 1}, "expected a text key, got int"),
        (Mapping[str, int], [("a", 1)], "expected a map, got list"),
        (Point, Stranger(), "expected Point, got Stranger"),
        (Shape, Stranger(), "expected one of 2 tagged classes, got Stranger"),
        (Shape, "point", "expected one of 2 tagged classes, got str"),
        (Point, Point(x="1"), r"Point\.x: expected int, got str"),  # type: ignore[arg-type]
        (Label, Label(text="a", points=(Point(x=None),)), r"Label\.points: Point\.x: expected int, got NoneType"),  # type: ignore[arg-type]
        (Any, {1}, "set .allowed: None"),
        (Any, Opaque(), "Opaque .allowed: None"),
        (Any, {"a": {b"b": 1}}, "expected a text key, got bytes"),
        (Any, [math.inf], "inf is no finite number"),
    ],
)
def test_the_sender_refuses(annotation: Any, value: object, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        pack(annotation, value)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_nesting_is_bounded_on_both_sides() -> None:
    assert unpack(Any, pack(Any, nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(UsageError, match=f"more than {MAX_DEPTH} levels"):
        pack(Any, nested(MAX_DEPTH + 1))
    with pytest.raises(DecodeError, match=f"more than {MAX_DEPTH} levels"):
        unpack(Any, msgpack.packb(nested(MAX_DEPTH + 1)))


def test_a_value_that_contains_itself_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(UsageError, match="levels of nesting"):
        pack(Any, circle)


def test_size_is_bounded_on_both_sides() -> None:
    overhead = 5
    assert len(pack(bytes, bytes(MAX_WIRE_BYTES - overhead))) == MAX_WIRE_BYTES
    with pytest.raises(MessageTooLargeError, match="send it in parts"):
        pack(bytes, bytes(MAX_WIRE_BYTES - overhead + 1))
    with pytest.raises(DecodeError, match="the limit is"):
        unpack(bytes, msgpack.packb(bytes(MAX_WIRE_BYTES)))


@pytest.mark.parametrize(
    ("annotation", "make"),
    [
        (tuple[int, ...], lambda count: (0,) * count),
        (Mapping[str, int], lambda count: {f"{key:x}": 0 for key in range(count)}),
        (Any, lambda count: [0] * count),
        (Any, lambda count: {f"{key:x}": 0 for key in range(count)}),
    ],
)
def test_items_are_bounded_on_both_sides(annotation: Any, make: Any) -> None:
    assert unpack(annotation, pack(annotation, make(MAX_ITEMS))) == make(MAX_ITEMS)
    with pytest.raises(MessageTooLargeError, match="send it in parts"):
        pack(annotation, make(MAX_ITEMS + 1))
    with pytest.raises(DecodeError, match="not msgpack"):
        unpack(annotation, msgpack.packb(make(MAX_ITEMS + 1)))


# What the receiver refuses.


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (bool, 1, "expected bool, got int"),
        (int, True, "expected int, got bool"),
        (int, 1.0, "expected int, got float"),
        (float, 1, "expected float, got int"),
        (float, math.nan, "nan is no finite number"),
        (str, b"a", "expected str, got bytes"),
        (bytes, "a", "expected bytes, got str"),
        (str, None, "expected str, got NoneType"),
        (Colour, "green", "'green' is no Colour"),
        (tuple[int, ...], {"a": 1}, "expected an array, got dict"),
        (Mapping[str, int], [1], "expected a map, got list"),
        (Mapping[str, int], {b"a": 1}, "expected a text key, got bytes"),
        (Point, [1], "expected the map of Point, got list"),
        (Point, {"x": 1}, "Point has the fields x, y; got 'x'"),
        (Point, {"x": 1, "y": 0.0, "z": 1}, "got 'x', 'y', 'z'"),
        (Point, {"x": 1, b"y": 0.0}, "got 'x', b'y'"),
        (Point, {"x": "1", "y": 0.0}, r"Point\.x: expected int, got str"),
        (Shape, {"x": 1}, r"expected \[tag, fields\], got dict"),
        (Shape, ["point"], r"expected \[tag, fields\], got list"),
        (Shape, [1, {}], r"expected \[tag, fields\], got list"),
        (Shape, ["circle", {}], "unknown tag 'circle'"),
        (Any, msgpack.ExtType(5, b"x"), "ExtType .allowed"),
        (Any, [msgpack.Timestamp(1)], "Timestamp .allowed"),
        (Any, {b"a": 1}, "expected a text key, got bytes"),
        (Any, [math.nan], "nan is no finite number"),
        (AudioChunk, {"pcm": b"odd", "rate_hz": 16_000}, "no PCM16"),
    ],
)
def test_the_receiver_refuses(annotation: Any, value: object, text: str) -> None:
    with pytest.raises(DecodeError, match=text):
        unpack(annotation, msgpack.packb(value))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",  # never used in msgpack
        b"\x00\x00",  # something follows
        b"\x92\x01",  # something is missing
        b"\xa2\xc3\x28",  # no UTF-8
        b"\x81\x01\x01",  # an integer as a key
        b"\xd6\xff\x00\x00\x00",  # half a timestamp
        b"\xc7\x05\xff\x00\x00\x00\x00\x00",  # a timestamp of an unknown size
        b"\xdd\xff\xff\xff\xff",  # an array of 4 G items
        b"\xdf\xff\xff\xff\xff",  # a map of 4 G items
        b"\xc6\xff\xff\xff\xff",  # 4 GB
        b"\xdd\x00\x00\xff\xff" * 1000,  # arrays in arrays that claim 64 k items each
        b"\x91" * 100_000,  # a depth bomb
        b"\x81\xa1a" * 100_000,  # one of maps
    ],
    ids=lambda data: data[:6].hex(),
)
def test_malformed_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        unpack(Any, data)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    for annotation in (Message, Label, Any):
        with suppress(DecodeError):
            unpack(annotation, data)


@given(values_of(Message), st.data())
def test_mutated_bytes_decode_or_are_refused(message: Message, data: st.DataObject) -> None:
    mutated = bytearray(pack(Message, message))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        mutated[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        if not mutated:
            return
    try:
        decoded = unpack(Message, bytes(mutated))
    except DecodeError:
        return
    assert unpack(Message, pack(Message, decoded)) == decoded


@given(st.recursive(st.builds(msgpack.ExtType, st.integers(0, 127), st.binary()) | st.floats(), st.lists).map(msgpack.packb))
def test_foreign_msgpack_is_refused_or_plain(data: bytes) -> None:
    try:
        decoded = unpack(Any, data)
    except DecodeError:
        return
    assert unpack(Any, pack(Any, decoded)) == decoded


# What no type of a message may be.


@pytest.mark.parametrize(
    "annotation",
    [
        complex,
        object,
        tuple[int, str],
        tuple[int],
        Mapping[int, str],
        dict[str, int],
        list[int],
        Level,
        int | str,
        Point | int,
        Point | Untagged,
    ],
)
def test_an_annotation_without_a_wire_form_is_our_bug(annotation: Any) -> None:
    with pytest.raises(InternalError, match="no wire form"):
        pack(annotation, 1)
    with pytest.raises(InternalError, match="no wire form"):
        unpack(annotation, b"\x01")


def test_two_classes_with_one_tag_are_our_bug() -> None:
    with pytest.raises(InternalError, match="share a tag: \\['point', 'point'\\]"):
        pack(Point | Stranger, Point(x=1))


def test_a_class_that_contains_itself_is_our_bug() -> None:
    with pytest.raises(InternalError, match="contains itself"):
        pack(Chain, Chain())


@dataclass(frozen=True)
class Open:
    """A union that grows."""

    TAGGED: ClassVar[dict[str, type]] = {}


@dataclass(frozen=True)
class OpenMember(Open):
    TAG: ClassVar[str] = "one"
    x: int


def test_a_class_may_stand_for_its_members_also_for_those_that_come_later() -> None:
    with pytest.raises(UsageError, match="expected one of 0 tagged classes, got OpenMember"):
        pack(Open, OpenMember(x=1))
    Open.TAGGED["one"] = OpenMember
    assert unpack(Open, pack(Open, OpenMember(x=1))) == OpenMember(x=1)
    with pytest.raises(DecodeError, match="unknown tag 'two'"):
        unpack(Open, msgpack.packb(["two", {}]))
    with pytest.raises(UsageError, match="got Open"):
        pack(Open, Open())
