"""The msgpack codec of frozen dataclasses.

A field may be ``bool``, ``int``, ``float``, ``str``, ``bytes``, a ``StrEnum``, another dataclass, a union of dataclasses, ``X | None``,
``tuple[X, ...]``, ``Mapping[str, X]`` and ``Any`` (what JSON holds, and bytes; sequences come back as lists). A dataclass travels as the
map of its fields, a member of a union as ``[tag, fields]``, its tag being the class's ``TAG``. A class that has ``TAGGED``, a
mapping of its subclasses by their tags, stands for their union, which may grow (`protocols.events.definition`).

Both directions check every value, so what one side sends the other can read: a value of another type is the sender's `UsageError` and the
receiver's `DecodeError`. Only what types allow in silence is made exact by the sender: an ``int`` in a ``float`` field, a ``bool`` in an
``int`` field. Numbers are finite.

Coders are built from the annotations, once per class. This module knows no message and no socket.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Any, Final, TypeVar, cast

import msgpack

from protocols.errors import DecodeError, InternalError, MessageTooLargeError, UsageError

__all__ = ["MAX_WIRE_BYTES", "pack", "unpack"]

MAX_WIRE_BYTES: Final = 1 << 20
"""Largest encoded value in bytes: a larger one is refused by its sender and by its receiver."""

MAX_DEPTH: Final = 64
"""Deepest nesting of a free-form (``Any``) value: deeper ones are refused by both sides."""

MAX_ITEMS: Final = 1 << 16
"""Most items of one array or map; the memory for them is taken before they are read, so a claim of more is refused unread."""


C = TypeVar("C", bound=Sized)


class _MisfitError(Exception):
    """A value does not fit its annotation. Never leaves this module."""

    def within(self, place: str) -> "_MisfitError":
        """The same, with the place where the value stands."""
        return _MisfitError(f"{place}: {self}")


@dataclass(frozen=True, slots=True)
class _Coder:
    """Values to what msgpack holds, and back. Both raise `_MisfitError`."""

    encode: Callable[[Any], Any]
    decode: Callable[[object], Any]


def pack(annotation: Any, value: object) -> bytes:
    """The bytes of ``value``, which is of the type ``annotation``.

    Raises:
        MessageTooLargeError: more than `MAX_WIRE_BYTES`, or an array or map of more than `MAX_ITEMS`; send it in parts.
        UsageError: a value of another type, or one that msgpack cannot hold.
    """
    coder = _coder_of(annotation)
    try:
        data = cast("bytes", msgpack.packb(coder.encode(value)))
    except (_MisfitError, ValueError, OverflowError) as failure:
        raise UsageError(f"{type(value).__name__} holds a value that cannot travel: {failure}") from failure
    if len(data) > MAX_WIRE_BYTES:
        raise MessageTooLargeError(f"{type(value).__name__} has {len(data)} bytes, the limit is {MAX_WIRE_BYTES}: send it in parts")
    return data


def unpack(annotation: Any, data: bytes) -> Any:
    """The value of type ``annotation`` that ``data`` encodes.

    Raises:
        DecodeError: for any other bytes.
    """
    if len(data) > MAX_WIRE_BYTES:
        raise DecodeError(f"{len(data)} bytes, the limit is {MAX_WIRE_BYTES}")
    coder = _coder_of(annotation)
    try:
        value = msgpack.unpackb(data, strict_map_key=True, max_array_len=MAX_ITEMS, max_map_len=MAX_ITEMS)
    except (ValueError, msgpack.UnpackException, RecursionError) as failure:
        raise DecodeError(f"not msgpack: {str(failure) or type(failure).__name__}") from failure
    try:
        return coder.decode(value)
    except (_MisfitError, UsageError) as failure:  # a UsageError: a dataclass refused its own fields
        raise DecodeError(str(failure)) from failure


def _coder_of(annotation: Any) -> _Coder:
    try:
        return _coder(annotation)
    except RecursionError:
        raise InternalError(f"no wire form for {annotation!r}: it contains itself") from None


@cache
def _coder(annotation: Any) -> _Coder:
    if annotation is Any:
        return _Coder(_free_form, _free_form)
    if annotation is float:
        return _Coder(lambda value: _finite(float(value) if isinstance(value, int) else value), _finite)
    if annotation is int:
        return _Coder(lambda value: int(value) if isinstance(value, int) else _misfit("int", value), _exactly(int))
    if annotation in (bool, str, bytes):
        return _Coder(_instance_of(annotation), _exactly(annotation))
    if isinstance(annotation, type):
        return _class_coder(annotation)
    match typing.get_origin(annotation), typing.get_args(annotation):
        case ((typing.Union | types.UnionType), members):
            return _union_coder(members)
        case origin, (item, ending) if origin is tuple and ending is Ellipsis:
            return _tuple_coder(item)
        case origin, (key, item) if origin is Mapping and key is str:
            return _mapping_coder(item)
    return _no_coder(annotation)


def _class_coder(cls: type[Any]) -> _Coder:
    if issubclass(cls, StrEnum):
        return _enum_coder(cls)
    if "TAGGED" in vars(cls):
        return _tagged_coder(cls.TAGGED)
    return _dataclass_coder(cls) if dataclasses.is_dataclass(cls) else _no_coder(cls)


def _no_coder(annotation: Any) -> typing.NoReturn:
    raise InternalError(f"no wire form for {annotation!r}: see protocols.codec")


def _misfit(expected: str, value: object) -> typing.NoReturn:
    raise _MisfitError(f"expected {expected}, got {type(value).__name__}")


def _exactly(expected: type) -> Callable[[object], object]:
    return lambda value: value if type(value) is expected else _misfit(expected.__name__, value)


def _instance_of(expected: type) -> Callable[[object], object]:
    return lambda value: value if isinstance(value, expected) else _misfit(expected.__name__, value)


def _finite(value: object) -> float:
    if not isinstance(value, float):
        _misfit("float", value)
    if not isfinite(value):
        raise _MisfitError(f"{value} is no finite number")
    return value


def _free_form(value: object, depth: int = 0) -> object:
    """``value`` with every sequence as a list, as it comes back from the wire."""
    if value is None or isinstance(value, bool | int | str | bytes):
        return value
    if isinstance(value, float):
        return _finite(value)
    if depth == MAX_DEPTH:
        raise _MisfitError(f"more than {MAX_DEPTH} levels of nesting")
    if isinstance(value, list | tuple) and not isinstance(value, msgpack.ExtType):  # which is a tuple
        return [_free_form(entry, depth + 1) for entry in _bounded(value)]
    if isinstance(value, Mapping):
        return {_text_key(key): _free_form(entry, depth + 1) for key, entry in _bounded(value).items()}
    raise _MisfitError(f"{type(value).__name__} (allowed: None, numbers, text, bytes, lists, maps with text keys)")


def _text_key(key: object) -> str:
    return key if isinstance(key, str) else _misfit("a text key", key)


def _bounded(value: C) -> C:
    if len(value) > MAX_ITEMS:
        raise MessageTooLargeError(f"{len(value)} items in one {type(value).__name__}, the limit is {MAX_ITEMS}: send it in parts")
    return value


def _enum_coder(enum: type[StrEnum]) -> _Coder:
    members = {str(member): member for member in enum}

    def decode(value: object) -> StrEnum:
        if not isinstance(value, str) or value not in members:
            raise _MisfitError(f"{value!r:.50} is no {enum.__name__}")
        return members[value]

    return _Coder(lambda value: str(decode(value)), decode)


def _tuple_coder(item: Any) -> _Coder:
    inner = _coder(item)

    def encode(value: object) -> list[object]:
        return list(map(inner.encode, _bounded(value))) if isinstance(value, tuple) else _misfit("tuple", value)

    def decode(value: object) -> tuple[object, ...]:
        return tuple(map(inner.decode, value)) if isinstance(value, list) else _misfit("an array", value)

    return _Coder(encode, decode)


def _mapping_coder(item: Any) -> _Coder:
    inner = _coder(item)

    def each(value: object, code: Callable[[Any], object]) -> dict[str, object]:
        if not isinstance(value, Mapping):
            _misfit("a map", value)
        return {_text_key(key): code(entry) for key, entry in _bounded(value).items()}

    return _Coder(lambda value: each(value, inner.encode), lambda value: each(value, inner.decode))


def _union_coder(members: tuple[Any, ...]) -> _Coder:
    present = tuple(member for member in members if member is not types.NoneType)
    inner = _coder(present[0]) if len(present) == 1 else _tagged_coder(_by_tag(present))
    if len(present) == len(members):
        return inner
    return _Coder(
        lambda value: None if value is None else inner.encode(value),
        lambda value: None if value is None else inner.decode(value),
    )


def _by_tag(classes: tuple[Any, ...]) -> Mapping[str, Any]:
    if not all(dataclasses.is_dataclass(cls) and isinstance(getattr(cls, "TAG", None), str) for cls in classes):
        raise InternalError(f"no wire form for a union of {classes!r}: its members are dataclasses with a TAG")
    by_tag = {cls.TAG: cls for cls in classes}
    if len(by_tag) != len(classes):
        raise InternalError(f"two classes of one union share a tag: {sorted(cls.TAG for cls in classes)}")
    return by_tag


def _tagged_coder(by_tag: Mapping[str, Any]) -> _Coder:
    """The coder of a union of dataclasses by their tags; what is added to ``by_tag`` later is of it too."""

    def encode(value: object) -> object:
        cls: Any = type(value)
        tag = getattr(cls, "TAG", "")
        if by_tag.get(tag) is not cls:
            _misfit(f"one of {len(by_tag)} tagged classes", value)
        return tag, _coder(cls).encode(value)

    def decode(value: object) -> object:
        match value:
            case [str(tag), fields] if tag in by_tag:
                return _coder(by_tag[tag]).decode(fields)
            case [str(tag), _]:
                raise _MisfitError(f"unknown tag {tag!r:.50}")
            case _:
                return _misfit("[tag, fields]", value)

    return _Coder(encode, decode)


def _dataclass_coder(cls: type[Any]) -> _Coder:
    hints = typing.get_type_hints(cls)
    coders = {field.name: _coder(hints[field.name]) for field in dataclasses.fields(cls)}

    def encode(value: object) -> dict[str, object]:
        if type(value) is not cls:
            _misfit(cls.__name__, value)
        encoded = {}
        for name, coder in coders.items():
            try:
                encoded[name] = coder.encode(getattr(value, name))
            except _MisfitError as misfit:
                raise misfit.within(f"{cls.__name__}.{name}") from None
        return encoded

    def decode(value: object) -> object:
        if not isinstance(value, dict):
            _misfit(f"the map of {cls.__name__}", value)
        if value.keys() != coders.keys():
            raise _MisfitError(f"{cls.__name__} has the fields {', '.join(coders)}; got {', '.join(map(repr, value))[:200]}")
        decoded = {}
        for name, coder in coders.items():
            try:
                decoded[name] = coder.decode(value[name])
            except _MisfitError as misfit:
                raise misfit.within(f"{cls.__name__}.{name}") from None
        return cls(**decoded)

    return _Coder(encode, decode)
