"""What both directions know of the written form: values that are one text, containers by name, and the fields of objects.

Nodes are JSON: an object whose only or first key begins with ``$`` is no dict but what that tag says.
"""

import base64
import dataclasses
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

VERSION: Final = 1

Read = Callable[[str], Any]

LEAVES: Final[dict[type, tuple[str, Callable[[Any], str], Read]]] = {
    bytes: ("$bytes", lambda value: base64.b64encode(value).decode(), lambda text: base64.b64decode(text, validate=True)),
    datetime: ("$datetime", datetime.isoformat, datetime.fromisoformat),
    date: ("$date", date.isoformat, date.fromisoformat),
    time: ("$time", time.isoformat, time.fromisoformat),
    timedelta: ("$timedelta", lambda value: str(value // timedelta.resolution), lambda text: int(text) * timedelta.resolution),
    Decimal: ("$decimal", str, Decimal),
    UUID: ("$uuid", str, UUID),
    float: ("$float", repr, float),  # those that JSON has no number for
}
"""By type: the tag, to text, from text."""
READERS: Final[dict[str, Read]] = {tag: read for tag, _, read in LEAVES.values()}

SEQUENCES: Final[dict[type, str]] = {tuple: "$tuple", set: "$set", frozenset: "$frozenset", deque: "$deque"}
MAPPINGS: Final[dict[type, str]] = {dict: "$dict", OrderedDict: "$ordered_dict", Counter: "$counter", defaultdict: "$default_dict"}
CONTAINERS: Final = {tag: kind for kind, tag in (SEQUENCES | MAPPINGS).items()}
FACTORIES: Final[dict[str, Callable[[], Any]]] = {kind.__name__: kind for kind in (bool, dict, float, int, list, set, str)}
"""Of a defaultdict."""

KEPT: Final = "$kept"
"""Could not be written: the rerun's own is kept. Its value is the name of the type."""
ENUM: Final = "$enum"
OBJECT: Final = "$object"
FIELDS: Final = "fields"


def name_of(kind: type) -> str:
    """The name of a class, by which it is found again."""
    return f"{kind.__module__}:{kind.__qualname__}"


def field_names(kind: type) -> tuple[str, ...] | None:
    """The fields of the objects of a class that says which they are; None of any other."""
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    if issubclass(kind, BaseModel):
        return tuple(kind.model_fields)
    if issubclass(kind, tuple):
        names: tuple[str, ...] | None = getattr(kind, "_fields", None)
        return names
    return None


def loaded_class(name: str) -> type | None:
    """The class of this name that can be written, if its module is loaded. Nothing is imported, and no code of the module runs."""
    module, _, path = name.partition(":")
    found: object = sys.modules.get(module)
    for part in path.split("."):
        members: Mapping[str, object] = getattr(found, "__dict__", {})
        found = members.get(part)
    if isinstance(found, type) and (issubclass(found, Enum) or field_names(found) is not None):
        return found
    return None
