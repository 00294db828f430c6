"""Text back to user data, onto the object that the rerun passes."""

import dataclasses
import json
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import MISSING, dataclass
from enum import Enum
from typing import Any, Final, TypeVar

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from livekitex_agent.program.user_data.kinds import (
    CONTAINERS,
    ENUM,
    FACTORIES,
    FIELDS,
    KEPT,
    MAPPINGS,
    OBJECT,
    READERS,
    VERSION,
    field_names,
    loaded_class,
    name_of,
)
from livekitex_agent.program.user_data.writing import Node
from protocols import DecodeError

T = TypeVar("T")
_NOTHING: Final = object()
"""Where the rerun has no value, and what becomes of a value that neither was written nor is the rerun's."""


@dataclass(frozen=True, slots=True)
class Restored:
    """User data as it was, and the paths of what is neither in the text nor in the rerun's object, with the name of its type."""

    value: Any
    lost: tuple[tuple[str, str], ...]


def restore(text: str, onto: object, root: str = "userdata") -> Restored:
    """The data that ``text`` holds, in ``onto`` itself where that can be changed and is of the same class.

    What was not written stays as it is in ``onto``. So do lists, dicts and objects in it, with their new content. The classes of objects
    are those of ``onto`` or of modules that are loaded. Nothing is imported, and no code of a class runs but its fields' defaults.

    Raises:
        DecodeError: the text is no user data, or of a later version.
    """
    try:
        whole = json.loads(text)
        if whole["v"] != VERSION:
            raise DecodeError(f"user data of version {whole['v']!r:.20} instead of {VERSION}: use the release that wrote it")
        reader = _Reader(root)
        value = reader.read(whole["data"], onto, root)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as failure:
        raise DecodeError(f"no user data: {type(failure).__name__}: {failure}") from failure
    return Restored(onto if value is _NOTHING else value, tuple(reader.lost))


class _Reader:
    def __init__(self, root: str) -> None:
        self.lost: list[tuple[str, str]] = []
        self._root = root

    def read(self, node: Node, onto: object, path: str) -> Any:  # noqa: ANN401 - any value
        match node:
            case list():
                return _refill(onto, self._read_items(node, onto, path), list)
            case dict() if (tag := next(iter(node), "")).startswith("$"):
                return self._read_tagged(tag, node, onto, path)
            case dict():
                return self._read_mapping(list(node.items()), dict, onto, path)
            case _:
                return node

    def _read_tagged(self, tag: str, node: dict[str, Node], onto: object, path: str) -> Any:  # noqa: ANN401 - any value
        if tag == KEPT:
            return self._rerun_s(onto, path, node[tag])
        if tag in READERS:
            return READERS[tag](node[tag])
        if tag == ENUM:
            return self._read_enum(node, onto, path)
        if tag == OBJECT:
            return self._read_object(node, onto, path)
        kind = CONTAINERS[tag]
        if kind in MAPPINGS:
            found = self._read_mapping([(self.read(key, _NOTHING, path), value) for key, value in node[tag]], kind, onto, path)
            if isinstance(found, defaultdict) and node["factory"] is not None:
                found.default_factory = FACTORIES[node["factory"]]
            return found
        items = self._read_items(node[tag], onto, path)
        if kind is deque:
            return _refill(onto, items, lambda values: deque(values, node["maxlen"]))
        return _refill(onto, items, set) if kind is set else kind(items)

    def _read_items(self, nodes: list[Node], onto: object, path: str) -> list[Any]:
        held = list(onto) if isinstance(onto, list | tuple | deque) else []
        values = [self.read(node, held[i] if i < len(held) else _NOTHING, f"{path}[{i}]") for i, node in enumerate(nodes)]
        return [None if value is _NOTHING else value for value in values]

    def _read_mapping(self, items: list[tuple[Any, Node]], kind: type, onto: object, path: str) -> Any:  # noqa: ANN401 - any value
        held = onto if isinstance(onto, dict) else {}
        values = {key: self.read(node, held.get(key, _NOTHING), f"{path}[{key!r:.80}]") for key, node in items}
        found = onto if type(onto) is kind and isinstance(onto, dict) else kind()
        found.clear()
        found.update({key: value for key, value in values.items() if key is not _NOTHING and value is not _NOTHING})
        return found

    def _read_enum(self, node: dict[str, Node], onto: object, path: str) -> Any:  # noqa: ANN401 - any value
        kind = _class_of(node[ENUM], onto)
        if kind is None or not issubclass(kind, Enum):
            return self._rerun_s(onto, path, node[ENUM])
        found = kind(node["value"]) if "value" in node else kind.__members__.get(node["name"])
        return found if found is not None else self._rerun_s(onto, path, node[ENUM])

    def _read_object(self, node: dict[str, Node], onto: object, path: str) -> Any:  # noqa: ANN401 - any value
        name, same = node[OBJECT], name_of(type(onto)) == node[OBJECT]
        kind = _class_of(name, onto)
        if kind is None:
            return self._rerun_s(onto, path, name)
        held = {field: getattr(onto, field, _NOTHING) if same else _NOTHING for field in node[FIELDS]}
        values = {field: self.read(value, held[field], f"{path}.{field}") for field, value in node[FIELDS].items()}
        values = {field: value for field, value in values.items() if value is not _NOTHING}
        if issubclass(kind, tuple):
            return tuple.__new__(kind, [values.get(field) for field in field_names(kind) or ()])
        if same and (path == self._root or not _is_frozen(kind)):  # one that cannot be changed may be shared by others
            return _put(onto, values)
        return _put(_blank(kind), values)

    def _rerun_s(self, onto: object, path: str, type_name: str) -> Any:  # noqa: ANN401 - any value
        if onto is _NOTHING:
            self.lost.append((path, type_name))
        return onto


def _class_of(name: str, onto: object) -> type | None:
    return type(onto) if name_of(type(onto)) == name else loaded_class(name)


def _refill(onto: object, items: list[Any], make: Callable[[list[Any]], T]) -> T:
    """``onto`` with these items, if it is what ``make`` makes; else what that makes."""
    made = make(items)
    if type(onto) is not type(made) or (isinstance(onto, deque) and isinstance(made, deque) and onto.maxlen != made.maxlen):
        return made
    onto.clear()  # type: ignore[attr-defined] # a list, set or deque
    onto.update(items) if isinstance(onto, set) else onto.extend(items)  # type: ignore[attr-defined] # the same
    return onto


def _is_frozen(kind: type) -> bool:
    if issubclass(kind, BaseModel):
        return bool(kind.model_config.get("frozen"))
    parameters = getattr(kind, "__dataclass_params__", None)
    return parameters is not None and parameters.frozen


def _put(target: Any, values: dict[str, Any]) -> Any:  # noqa: ANN401 - any object
    """``target`` with these fields. Its own ``__setattr__`` is not asked: it may validate, or refuse."""
    if isinstance(target, BaseModel):
        target.__dict__.update(values)
        target.__pydantic_fields_set__.update(values)
        return target
    for field, value in values.items():
        object.__setattr__(target, field, value)
    return target


def _blank(kind: type) -> Any:  # noqa: ANN401 - any object
    """An object of ``kind`` with its fields' defaults, made without its ``__init__``."""
    if issubclass(kind, BaseModel):
        model = kind.__new__(kind)
        fields = kind.model_fields.items()
        object.__setattr__(model, "__dict__", {name: None if field.is_required() else _default(field) for name, field in fields})
        object.__setattr__(model, "__pydantic_fields_set__", set())
        object.__setattr__(model, "__pydantic_extra__", {} if kind.model_config.get("extra") == "allow" else None)
        private = {name: attribute.get_default() for name, attribute in kind.__private_attributes__.items()}
        object.__setattr__(model, "__pydantic_private__", private or None)
        return model
    blank: Any = object.__new__(kind)
    for field in dataclasses.fields(blank):
        made = field.default_factory() if field.default_factory is not MISSING else None if field.default is MISSING else field.default
        object.__setattr__(blank, field.name, made)
    return blank


def _default(field: FieldInfo) -> object:
    return field.get_default(call_default_factory=True, validated_data={})
