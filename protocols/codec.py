"""The msgpack codec of frozen dataclasses.

A field may be ``bool``, ``int``, ``float``, ``str``, ``bytes``, a ``StrEnum``, another dataclass, a union of dataclasses, ``X | None``,
``tuple[X, ...]``, ``Mapping[str, X]`` and ``Any`` (what JSON holds, and bytes; sequences come back as lists). A dataclass travels as the map of its fields, a member of a
union as ``[tag, fields]``, its tag being the class's ``TAG``. Nothing is coerced: a value of another type is a `DecodeError`.

Coders are built from the annotations, once per class. This module knows no message and no socket.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, cast

import msgpack

from protocols.errors import DecodeError, InternalError, MessageTooLargeError, UsageError

MAX_WIRE_BYTES: Final = 1 << 20
"""Largest encoded value in bytes: a larger one is refused by its sender and by its receiver."""


@dataclass(frozen=True, slots=True)
class _Coder:
    encode: Callable[[Any], object]
    decode: Callable[[object], object]


def pack(annotation: Any, value: object) -> bytes:
    """The bytes of ``value``, which is of the type ``annotation``.

    Raises:
        MessageTooLargeError: more than `MAX_WIRE_BYTES`; send it in parts.
        UsageError: a free-form value that msgpack cannot hold.
    """
    try:
        data = cast("bytes", msgpack.packb(_coder(annotation).encode(value)))
    except (TypeError, ValueError, OverflowError, RecursionError) as failure:
        raise UsageError(f"{type(value).__name__} holds a value that msgpack cannot carry: {failure}") from failure
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
    try:
        value = msgpack.unpackb(data, strict_map_key=True)
    except (ValueError, msgpack.UnpackException, RecursionError, OverflowError) as failure:
        raise DecodeError(f"not msgpack: {failure}") from failure
    try:
        return _coder(annotation).decode(value)
    except DecodeError:
        raise
    except UsageError as failure:  # a dataclass refused its own fields
        raise DecodeError(str(failure)) from failure


def _identity(value: object) -> object:
    return value


def _plain(value: object) -> object:
    """``value`` with every sequence as a list, as it comes back from the wire."""
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(entry) for key, entry in value.items()}
    raise TypeError(f"{type(value).__name__} (allowed: None, numbers, text, bytes, lists, maps with text keys)")


def _exactly(expected: type) -> Callable[[object], object]:
    def decode(value: object) -> object:
        if type(value) is not expected:
            raise DecodeError(f"expected {expected.__name__}, got {type(value).__name__}")
        return value

    return decode


@cache
def _coder(annotation: Any) -> _Coder:
    if annotation is Any:
        return _Coder(_plain, _identity)
    if annotation in (bool, int, float, str, bytes):
        return _Coder(_identity, _exactly(annotation))
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _union_coder(arguments)
    if origin is tuple:
        return _tuple_coder(arguments[0])
    if origin is Mapping:
        return _mapping_coder(arguments[1])
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return _enum_coder(annotation)
    if dataclasses.is_dataclass(annotation):
        return _dataclass_coder(cast("type[Any]", annotation))
    raise InternalError(f"no wire form for {annotation!r}: see protocols.codec")


def _enum_coder(enum: type[StrEnum]) -> _Coder:
    members = {str(member): member for member in enum}

    def decode(value: object) -> object:
        if not isinstance(value, str) or value not in members:
            raise DecodeError(f"{value!r:.50} is no {enum.__name__}")
        return members[value]

    return _Coder(str, decode)


def _tuple_coder(item: Any) -> _Coder:
    inner = _coder(item)

    def decode(value: object) -> object:
        if not isinstance(value, list):
            raise DecodeError(f"expected an array, got {type(value).__name__}")
        return tuple(map(inner.decode, value))

    return _Coder(lambda value: tuple(map(inner.encode, value)), decode)


def _mapping_coder(item: Any) -> _Coder:
    inner = _coder(item)

    def decode(value: object) -> object:
        return {key: inner.decode(entry) for key, entry in _string_keyed(value).items()}

    return _Coder(lambda value: {key: inner.encode(entry) for key, entry in value.items()}, decode)


def _string_keyed(value: object) -> dict[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise DecodeError(f"expected a map with text keys, got {type(value).__name__}")
    return value


def _union_coder(members: tuple[Any, ...]) -> _Coder:
    present = tuple(member for member in members if member is not types.NoneType)
    inner = _coder(present[0]) if len(present) == 1 else _tagged_coder(present)
    if len(present) == len(members):
        return inner
    return _Coder(
        lambda value: None if value is None else inner.encode(value),
        lambda value: None if value is None else inner.decode(value),
    )


def _tagged_coder(classes: tuple[Any, ...]) -> _Coder:
    by_tag = {cls.TAG: cls for cls in classes}
    if len(by_tag) != len(classes):
        raise InternalError(f"two classes of one union share a tag: {sorted(cls.TAG for cls in classes)}")

    def encode(value: object) -> object:
        tag: str = type(value).TAG  # type: ignore[attr-defined]
        if by_tag.get(tag) is not type(value):
            raise InternalError(f"{type(value).__name__} is not in the union")
        return tag, _coder(by_tag[tag]).encode(value)

    def decode(value: object) -> object:
        if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], str):  # noqa: PLR2004 - [tag, fields]
            raise DecodeError("expected [tag, fields]")
        if value[0] not in by_tag:
            raise DecodeError(f"unknown tag {value[0]!r:.50}")
        return _coder(by_tag[value[0]]).decode(value[1])

    return _Coder(encode, decode)


def _dataclass_coder(cls: type[Any]) -> _Coder:
    hints = typing.get_type_hints(cls)
    coders = {field.name: _coder(hints[field.name]) for field in dataclasses.fields(cls)}

    def encode(value: object) -> object:
        return {name: coder.encode(getattr(value, name)) for name, coder in coders.items()}

    def decode(value: object) -> object:
        fields = _string_keyed(value)
        if fields.keys() != coders.keys():
            raise DecodeError(f"{cls.__name__} has the fields {', '.join(coders)}; got {', '.join(sorted(fields))[:200]}")
        return cls(**{name: coder.decode(fields[name]) for name, coder in coders.items()})

    return _Coder(encode, decode)
