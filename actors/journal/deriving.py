"""The record of a class, made from its annotations: for classes whose fields change by one rule alone, that a new one has a default.

A text, number or flag is written as it is, an enumeration by its values, a dataclass as a record within the record, ``X | None`` as nothing
or X, ``tuple[X, ...]`` as an array. A field has the default that the class gives it, which thus stays for ever. Where a class or a field
shall be called otherwise than in the journal, or is to mean something else, its record is stated by hand (`actors.journal.records`).
"""

import dataclasses
import types
import typing
from enum import StrEnum
from typing import Any, Final

from actors.journal.records import FLAG, INTEGER, NUMBER, TEXT, Field, Kind, RecordType, choice, many, maybe, nested
from protocols import InternalError

_SCALARS: Final = {str: TEXT, int: INTEGER, float: NUMBER, bool: FLAG}


def derived_record(cls: type[Any], name: str, *, critical: bool = True) -> RecordType[Any]:
    """How the values of the dataclass ``cls`` are written, under ``name``.

    Raises:
        InternalError: a field is of a type that has no form in a journal.
    """
    hints = typing.get_type_hints(cls)
    fields = {field.name: _field(field, _kind(hints[field.name])) for field in dataclasses.fields(cls)}
    return RecordType(cls, name, critical=critical, **fields)


def _field(field: "dataclasses.Field[Any]", kind: Kind) -> Kind | Field:
    return kind if field.default is dataclasses.MISSING else kind.default(field.default)


def _kind(annotation: Any) -> Kind:  # noqa: ANN401 - an annotation
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return choice({member: member.value for member in annotation})
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return nested(derived_record(annotation, annotation.__name__))
    arguments = typing.get_args(annotation)
    match typing.get_origin(annotation), arguments:
        case origin, (item, ending) if origin is tuple and ending is Ellipsis:
            return many(_kind(item))
        case ((typing.Union | types.UnionType), (item, types.NoneType)):
            return maybe(_kind(item))
        case _:
            raise InternalError(f"no form in a journal for {annotation!r}: see actors.journal.deriving")
