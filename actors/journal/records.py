"""The form of a journal's records, which older and newer versions of this program read.

A record is the msgpack array ``[name, critical, fields]``, ``fields`` being a map by name. What a journal may hold is stated in tables of
`RecordType`s, apart from the classes that the program works with: to rename a class or a message, or its fields, changes no journal.

- A field that equals its default is not written, and a field that is absent has its default; one without a default must be there.
- What a reader does not know, it passes over: further fields, and further items of the array.
- A record whose name or values a reader does not know is one that a later version wrote. If it is critical, the call cannot be taken by
  this version. If not, it is an `UnknownRecord`, which whoever makes a checkpoint takes along.

So the tables change in three ways only: a field is added with a default that stays for ever; a record type is added, critical unless the
call goes on rightly without it; and what is to mean something else gets another name. The tests hold the bytes of each version.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from operator import attrgetter
from typing import Any, Final, Generic, NoReturn, TypeVar

import msgpack

from protocols import DecodeError, InternalError, LivekitexError, UsageError

_ABSENT: Final = object()

R = TypeVar("R")


class _MisfitError(Exception):
    """A value is none of its kind. Never leaves this module."""

    def within(self, place: str) -> "_MisfitError":
        """The same, with the place where the value stands."""
        return _MisfitError(f"{place}: {self}")


@dataclass(frozen=True, slots=True)
class UnknownRecord:
    """What a version of this program wrote that knows more than this one; ``body`` is kept byte for byte."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record: its ``kind``, its ``default`` where it has one, and the ``attribute`` that holds it (its own name, if empty)."""

    kind: "Kind"
    default: Any = _ABSENT
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """Values of one kind, to what msgpack holds and back; both refuse any other value."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]

    def default(self, value: object) -> Field:
        """A field of this kind that is ``value`` where it is absent."""
        return Field(self, value)


def _misfit(expected: str, value: object) -> NoReturn:
    raise _MisfitError(f"expected {expected}, got {type(value).__name__} {value!r:.60}")


def _exact(cls: type) -> Kind:
    def check(value: object) -> object:
        return value if type(value) is cls else _misfit(cls.__name__, value)

    return Kind(check, check)


def _number(value: object) -> float:
    if type(value) not in (float, int) or not isfinite(value):  # type: ignore[arg-type]  # a number by then
        _misfit("a finite number", value)
    return float(value)  # type: ignore[arg-type]


def _text(value: object) -> str:
    return str(value) if isinstance(value, str) else _misfit("text", value)


def _map(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else _misfit("a map", value)


TEXT: Final = Kind(_text, _exact(str).decode)
INTEGER: Final = _exact(int)
NUMBER: Final = Kind(_number, _number)
FLAG: Final = _exact(bool)
BYTES: Final = _exact(bytes)
MAP: Final = Kind(_map, _map)
"""A map with text keys of what JSON holds, and bytes; sequences in it come back as lists."""


def many(kind: Kind) -> Kind:
    """A tuple of values of ``kind``."""
    encode, decode = kind.encode, kind.decode
    return Kind(
        lambda value: [encode(item) for item in value] if isinstance(value, tuple) else _misfit("a tuple", value),
        lambda value: tuple([decode(item) for item in value]) if isinstance(value, list) else _misfit("an array", value),
    )


def maybe(kind: Kind) -> Kind:
    """None, or a value of ``kind``."""
    encode, decode = kind.encode, kind.decode
    return Kind(lambda value: None if value is None else encode(value), lambda value: None if value is None else decode(value))


def choice(names: Mapping[Any, str]) -> Kind:
    """One of the keys of ``names``, under its name."""
    by_name = {name: value for value, name in names.items()}

    def find(known: Mapping[Any, Any], value: object) -> Any:  # noqa: ANN401 - a member or its name
        try:
            return known[value]
        except (KeyError, TypeError):
            return _misfit(f"one of {', '.join(names.values())}", value)

    return Kind(lambda value: find(names, value), lambda value: find(by_name, value))


class RecordType(Generic[R]):
    """How the values of one class are written: under ``name``, with these ``fields``, which are all that the class has."""

    def __init__(self, cls: type[R], name: str, /, *, critical: bool = True, **fields: Kind | Field) -> None:
        self.cls, self.name, self.critical = cls, name, critical
        stated = {key: field if isinstance(field, Field) else Field(field) for key, field in fields.items()}
        self.attributes = tuple(field.attribute or key for key, field in stated.items())
        held = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]  # a dataclass
        if held != set(self.attributes):
            raise InternalError(f"the record type {name!r} states {', '.join(self.attributes)}, and {cls} has {', '.join(sorted(held))}")
        self._writers = tuple((key, field.kind.encode, field.default) for key, field in stated.items())
        self._readers = tuple((key, field.attribute or key, field.kind.decode, field.default) for key, field in stated.items())
        getter = attrgetter(*self.attributes) if self.attributes else lambda _value: ()
        self._values: Callable[[Any], tuple[Any, ...]] = getter if len(self.attributes) != 1 else lambda value: (getter(value),)

    def encode(self, value: R) -> dict[str, Any]:
        """The fields of ``value``."""
        encoded = {}
        for (name, encode, default), item in zip(self._writers, self._values(value), strict=True):
            if item != default:
                try:
                    encoded[name] = encode(item)
                except _MisfitError as misfit:
                    raise misfit.within(f"{self.name}.{name}") from None
        return encoded

    def decode(self, fields: object) -> R:
        """The value with these fields; what is none of its fields is passed over."""
        if type(fields) is not dict:
            _misfit(f"the fields of {self.name}", fields)
        values = {}
        for name, attribute, decode, default in self._readers:
            item = fields.get(name, _ABSENT)
            if item is not _ABSENT:
                try:
                    item = decode(item)
                except _MisfitError as misfit:
                    raise misfit.within(f"{self.name}.{name}") from None
            elif default is _ABSENT:
                raise _MisfitError(f"{self.name}.{name} is missing")
            else:
                item = default
            values[attribute] = item
        return self.cls(**values)


def nested(record: RecordType[Any]) -> Kind:
    """A value that is written as ``record`` within another."""
    return Kind(lambda value: record.encode(value) if type(value) is record.cls else _misfit(record.name, value), record.decode)


class Records:
    """A closed union of record types: what stands alone in a journal, or one of several within another record."""

    def __init__(self, *types: RecordType[Any]) -> None:
        self.types = types
        self._by_class = {record.cls: record for record in types}
        self._by_name = {record.name: record for record in types}
        if not len(types) == len(self._by_class) == len(self._by_name):
            raise InternalError(f"two record types share a class or a name: {sorted(record.name for record in types)}")

    def encode(self, value: object) -> bytes:
        """The body of a record.

        Raises:
            UsageError: a value of another type, or one that msgpack cannot hold.
        """
        try:
            return value.body if isinstance(value, UnknownRecord) else _packed(self._encode(value))
        except (_MisfitError, ValueError, TypeError, OverflowError) as failure:
            raise UsageError(f"{type(value).__name__} cannot be written to a journal: {failure}") from failure

    def decode(self, body: bytes) -> Any:  # noqa: ANN401 - one of its classes, or UnknownRecord
        """The value that a body holds, `UnknownRecord` if this version does not know it and may go on without.

        Raises:
            DecodeError: this version may not go on without it, or the bytes are no record.
        """
        try:
            return self._decode(_unpacked(body))
        except _MisfitError as misfit:
            raise DecodeError(str(misfit)) from misfit

    def standing_alone(self) -> Kind:
        """A record of these within another, with its name and whether it is critical, or one that is unknown."""
        return Kind(lambda value: _unpacked(value.body) if isinstance(value, UnknownRecord) else self._encode(value), self._decode)

    def one_of(self, *, or_unknown: bool = False) -> Kind:
        """A value of these types within another record, as its fields with its ``type``; unless ``or_unknown``, it has to be known."""

        def encode(value: object) -> Any:  # noqa: ANN401 - a map
            if or_unknown and isinstance(value, UnknownRecord):
                return _unpacked(value.body)
            record = self._type_of(value)
            return {"type": record.name, **record.encode(value)}

        def decode(fields: object) -> object:
            name = fields.get("type") if isinstance(fields, dict) else _misfit("a map with a type", fields)
            try:
                return self._named(name).decode(fields)
            except _MisfitError:
                if not or_unknown:
                    raise
                return UnknownRecord(_packed(fields))

        return Kind(encode, decode)

    def _named(self, name: object) -> RecordType[Any]:
        record = self._by_name.get(name) if isinstance(name, str) else None
        return record if record is not None else _misfit("a type that this version knows", name)

    def _type_of(self, value: object) -> RecordType[Any]:
        record = self._by_class.get(type(value))
        return record if record is not None else _misfit(f"one of {', '.join(self._by_name)}", value)

    def _encode(self, value: object) -> list[Any]:
        record = self._type_of(value)
        return [record.name, record.critical, record.encode(value)]

    def _decode(self, raw: object) -> object:
        name, critical, fields = _parts(raw)
        try:
            return self._named(name).decode(fields)
        except (_MisfitError, LivekitexError) as misfit:  # the latter: a class refuses its own fields
            if critical:
                raise _MisfitError(
                    f"the record {name!r:.60}, without which no call may go on, is not understood here ({misfit})"
                ) from misfit
            return UnknownRecord(_packed(raw))


def describe_record(body: bytes) -> dict[str, Any]:
    """A record for people, known to this version or not: its ``type``, whether it is ``critical``, and the fields that were written.

    Raises:
        DecodeError: the bytes are no record.
    """
    try:
        name, critical, fields = _parts(_unpacked(body))
    except _MisfitError as misfit:
        raise DecodeError(str(misfit)) from misfit
    return {"type": name, "critical": critical, **fields}


def _parts(raw: object) -> tuple[str, bool, dict[str, Any]]:
    match raw:
        case [str(name), bool(critical), dict(fields), *_]:
            return name, critical, fields
        case _:
            return _misfit("a record", raw)


def _packed(raw: object) -> bytes:
    packed: bytes = msgpack.packb(raw, unicode_errors="replace")  # half a surrogate pair is no text, and no reason to end a call
    return packed


def _unpacked(body: bytes) -> object:
    try:
        return msgpack.unpackb(body, strict_map_key=True)
    except (ValueError, msgpack.UnpackException, RecursionError) as failure:
        raise _MisfitError(f"not msgpack: {str(failure) or type(failure).__name__}") from failure
