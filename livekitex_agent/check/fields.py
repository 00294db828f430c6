"""Fields of user data that cannot be written, by the annotations of its class. Pure.

What is annotated as something that may be anything (``Any``, ``object``, a protocol) is not judged: at run time it is told.
"""

import types
import typing
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Final, get_args, get_origin

from livekitex_agent.program.user_data.kinds import LEAVES, MAPPINGS, SEQUENCES, field_names

PLAIN: Final = (type(None), bool, int, float, str, list, *LEAVES, *SEQUENCES, *MAPPINGS)


def unwritable(cls: type, path: str = "userdata", seen: frozenset[type] = frozenset()) -> Iterator[tuple[str, str]]:
    """The fields of ``cls`` that cannot be written, each as its path and the name of its type."""
    if cls in seen:
        return
    try:
        hints = typing.get_type_hints(cls)
    except Exception:  # noqa: BLE001 - annotations are code of the user's
        hints = dict(getattr(cls, "__annotations__", {}))
    for name in field_names(cls) or tuple(hints):
        if name in hints:
            yield from _judge(hints[name], f"{path}.{name}", seen | {cls})


def _judge(hint: Any, path: str, seen: frozenset[type]) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - annotations
    origin = get_origin(hint)
    if origin is typing.ClassVar or isinstance(hint, str):
        return
    if origin in {typing.Union, types.UnionType, typing.Annotated} or origin in PLAIN:
        for part in get_args(hint):
            yield from _judge(part, path, seen)
    elif origin is Callable or hint is Callable or hint in {types.FunctionType, types.MethodType}:
        yield path, "a function"
    elif isinstance(origin, type):
        yield from _judge(origin, path, seen)
    elif isinstance(hint, type) and hint not in {object, Any}:
        yield from _of_class(hint, path, seen)


def _of_class(cls: type, path: str, seen: frozenset[type]) -> Iterator[tuple[str, str]]:
    if issubclass(cls, PLAIN) or issubclass(cls, Enum) or getattr(cls, "_is_protocol", False) or _is_agent(cls):
        return
    if field_names(cls) is None:
        yield path, f"{cls.__module__}.{cls.__qualname__}"
    else:
        yield from unwritable(cls, path, seen)


def _is_agent(cls: type) -> bool:
    """An agent in user data is found again by its origin."""
    return any(base.__name__ == "Agent" and base.__module__.startswith("livekitex_agent") for base in cls.__mro__)
