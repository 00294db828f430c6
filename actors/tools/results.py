"""A tool's result as a model is told it: text as it is, anything else as JSON; what is no JSON is named by its place and type."""

import dataclasses
import json
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json

from protocols import InvalidToolError

MAX_RESULT_CHARS: Final = 64_000
"""Longest result that a model is told; what is beyond is cut, and the cut is told."""

_MAX_DEPTH: Final = 200
"""How deep the place of what is no JSON is looked for; a circle is told as what it is at this depth."""


def told(tool: str, result: object) -> str:
    """The result of ``tool`` as text.

    Raises:
        InvalidToolError: it is nothing that JSON can hold; the text names the place, as ``result["prices"][3]``, and the type there.
    """
    text = result if isinstance(result, str) else _to_json(result)
    if text is None:
        raise InvalidToolError(f"{tool} returned {_culprit(result)}, which is no JSON: return text or plain data")
    if len(text) > MAX_RESULT_CHARS:
        return f"{text[:MAX_RESULT_CHARS]} [{len(text) - MAX_RESULT_CHARS} more characters were cut]"
    return text


def _to_json(value: object) -> str | None:
    """``value`` as JSON, None if it is none.

    An iterator is none, which pydantic would read to its end: that runs the tool's code after the tool, without its deadline, and a counter
    has no end.
    """
    if _holds_iterator(value):
        return None
    try:
        text = to_json(value).decode()
        if "NaN" in text or "Infinity" in text:  # pydantic writes both bare, where they are no strings
            json.loads(text, parse_constant=_refuse, parse_int=str)
    except (PydanticSerializationError, ValueError, RecursionError):
        return None
    return text


def _holds_iterator(value: object) -> bool:
    """Whether ``value`` or a part of it is an iterator: a generator, ``map``, ``zip``, an open file."""
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Iterator):
            return True
        if id(part) not in seen:
            seen.add(id(part))
            waiting.extend(inner for _, inner in _parts(part))
    return False


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _culprit(value: object) -> str:
    """The innermost part of ``value`` that is no JSON: its type, and where it stands if that is not ``value`` itself."""
    path = ""
    for _ in range(_MAX_DEPTH):
        inner = next(((place, part) for place, part in _parts(value) if _to_json(part) is None), None)
        if inner is None:
            break
        path, value = path + inner[0], inner[1]
    kind = repr(value) if isinstance(value, float) else f"a {type(value).__name__}"
    return f"{kind} in result{path}" if path else kind


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """The places of ``value`` and what stands there."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield f"[{json.dumps(key) if isinstance(key, str) else repr(key):.80}]", part
        for key in value:
            yield f", the key {key!r:.80}", key
    elif isinstance(value, list | tuple | set | frozenset | deque):
        for at, part in enumerate(value):
            yield f"[{at}]", part
    elif isinstance(value, BaseModel) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        names = type(value).model_fields if isinstance(value, BaseModel) else [field.name for field in dataclasses.fields(value)]
        for name in names:
            yield f".{name}", getattr(value, name)
