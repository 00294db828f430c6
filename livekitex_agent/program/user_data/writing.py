"""User data as text."""

import json
from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum, Flag
from math import isfinite
from typing import Any, Final

from livekitex_agent.program.user_data.kinds import (
    ENUM,
    FACTORIES,
    FIELDS,
    KEPT,
    LEAVES,
    MAPPINGS,
    OBJECT,
    SEQUENCES,
    VERSION,
    field_names,
    name_of,
)
from protocols import MessageTooLargeError

MAX_BYTES: Final = 128_000
MAX_DEPTH: Final = 64
MAX_INT_BITS: Final = 10_000
"""Python reads and writes no longer numbers by default."""

Node = Any
"""JSON."""
_MISSING: Final = object()
_NO_OBJECTS: Final = (bool, int, float, str, bytes, list, tuple, set, frozenset, dict, deque, Enum, type)
"""Their attributes, where a subclass has some, are not what they hold."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """What cannot be written: where it is (``userdata.db``), the name of its type, and why."""

    path: str
    type_name: str
    why: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """User data as JSON, at most `MAX_BYTES` of UTF-8, and what of it could not be written."""

    text: str
    unwritten: tuple[Unwritten, ...]


def encode(value: object, root: str = "userdata", *, without: Collection[str] = ()) -> Encoded:
    """Write ``value``, which is called ``root`` in paths, but for its attributes ``without``. Equal data gives equal text within a process.

    Raises:
        MessageTooLargeError: it has more than `MAX_BYTES`.
    """
    writer = _Writer(root)
    text = json.dumps({"v": VERSION, "data": writer.write_root(value, without)}, ensure_ascii=False, separators=(",", ":"))
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        text = json.dumps(json.loads(text), separators=(",", ":"))
        size = len(text)
    if size > MAX_BYTES:
        raise writer.too_large()
    return Encoded(text, tuple(writer.unwritten))


class _Writer:
    def __init__(self, root: str) -> None:
        self.unwritten: list[Unwritten] = []
        self._root = root
        self._within: set[int] = set()
        self._left = MAX_BYTES

    def too_large(self) -> MessageTooLargeError:
        return MessageTooLargeError(f"{self._root} has more than {MAX_BYTES} bytes as JSON: keep less in it, or where to find it")

    def write_root(self, value: object, without: Collection[str]) -> Node:
        """The node of the object itself, whose attributes are written whatever its class is."""
        attributes = getattr(value, "__dict__", None)
        if type(attributes) is not dict or type(value).__module__ == "builtins" or isinstance(value, _NO_OBJECTS):
            return self._write(value, self._root)
        names = dict.fromkeys((*(field_names(type(value)) or ()), *attributes))
        self._within.add(id(value))
        return self._write_fields(value, tuple(name for name in names if name not in without), self._root)

    def _write(self, value: object, path: str) -> Node:
        self._spend(1)
        kind = type(value)
        if isinstance(value, Enum):
            return {
                ENUM: name_of(kind),
                "value" if isinstance(value, Flag) else "name": value.value if isinstance(value, Flag) else value.name,
            }
        if value is None or isinstance(value, bool | int | float | str):
            return self._write_plain(value, path)
        if kind in LEAVES:
            tag, to_text, _ = LEAVES[kind]
            return {tag: self._spend_text(to_text(value))}
        if id(value) in self._within:
            return self._keep(value, path, "it contains itself")
        if len(self._within) == MAX_DEPTH:
            return self._keep(value, path, f"it is deeper than {MAX_DEPTH} levels")
        self._within.add(id(value))
        try:
            return self._write_container(value, kind, path)
        finally:
            self._within.remove(id(value))

    def _write_plain(self, value: bool | float | str | None, path: str) -> Node:  # noqa: FBT001 - a value
        """What JSON has a word for; of a subclass, the plain value."""
        match value:
            case str():
                return self._spend_text(str.__str__(value))
            case int() if value.bit_length() > MAX_INT_BITS:
                return self._keep(value, path, f"it has more than {MAX_INT_BITS} bits")
            case float() if not isfinite(value):
                return {LEAVES[float][0]: float.__repr__(value)}
            case _:
                return value

    def _write_container(self, value: Any, kind: type, path: str) -> Node:  # noqa: ANN401 - any value
        if kind is list:
            return self._write_items(value, path)
        if kind in MAPPINGS:
            node = self._write_mapping(list(value.items()), MAPPINGS[kind], path)
            return node | {"factory": self._write_factory(value.default_factory, path)} if isinstance(value, defaultdict) else node
        if kind in SEQUENCES:
            items = self._write_items(value, path)
            if isinstance(value, set | frozenset):  # in an order that does not change from process to process
                items = sorted((item for item in items if not _is_kept(item)), key=json.dumps)
            return {SEQUENCES[kind]: items, "maxlen": value.maxlen} if isinstance(value, deque) else {SEQUENCES[kind]: items}
        names = field_names(kind)
        return self._keep(value, path, "its class is not known") if names is None else self._write_fields(value, names, path)

    def _write_items(self, values: Iterable[object], path: str) -> list[Node]:
        return [self._write(item, f"{path}[{index}]") for index, item in enumerate(tuple(values))]

    def _write_mapping(self, items: list[tuple[object, object]], tag: str, path: str) -> Node:
        pairs = []
        for key, value in items:
            written = self._write(key, f"{path}.keys()")
            if not _is_kept(written):
                pairs.append((written, self._write(value, f"{path}[{key!r:.80}]")))
        if tag == "$dict" and all(isinstance(key, str) and not key.startswith("$") for key, _ in pairs):
            return dict(pairs)
        return {tag: [list(pair) for pair in pairs]}

    def _write_factory(self, factory: object, path: str) -> str | None:
        name = next((name for name, known in FACTORIES.items() if known is factory), None)
        if name is None and factory is not None:
            self._keep(factory, f"{path}.default_factory", "it is not a type of Python's own")
        return name

    def _write_fields(self, value: object, names: tuple[str, ...], path: str) -> Node:
        fields = {}
        for name in names:
            try:
                held = getattr(value, name, _MISSING)
            except Exception as failure:  # noqa: BLE001 - an attribute may be code of the user's
                fields[name] = self._keep(failure, f"{path}.{name}", "reading it fails")
                continue
            if held is not _MISSING:
                fields[name] = self._write(held, f"{path}.{name}")
        return {OBJECT: self._spend_text(name_of(type(value))), FIELDS: fields}

    def _keep(self, value: object, path: str, why: str) -> Node:
        name = name_of(type(value))
        self.unwritten.append(Unwritten(path, name, why))
        return {KEPT: self._spend_text(name)}

    def _spend_text(self, text: str) -> str:
        self._spend(len(text))
        return text

    def _spend(self, characters: int) -> None:
        """Give up early on what cannot fit, however much more of it there is."""
        self._left -= characters
        if self._left < 0:
            raise self.too_large()


def _is_kept(node: Node) -> bool:
    return isinstance(node, dict) and KEPT in node
