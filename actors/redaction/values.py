"""A redactor applied to what is more than a text: messages, records, JSON, log entries.

Ids stay as they are (fields that are called ``id`` or ``key``, or end in ``_id``), because others refer to them; so do enumerations. A text
that may be cut at its end is redacted as such: what was heard of an interrupted sentence, what is understood of one that goes on.
"""

import dataclasses
import json
import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar, cast

from protocols import REDACTED_KEY, PlaybackProgress, RedactionSink, Redactor, Role

V = TypeVar("V")

FAILED: Final = "[a text that could not be redacted]"
_FACTS: Final = "facts"
"""A field of JSON texts by key: the keys stay as ids do, since a program finds its facts by them."""
_CUT_FIELDS: Final = frozenset({"tail"})

log = logging.getLogger("livekitex.redaction")


class Redact(Protocol):
    """A redactor for one sink."""

    def __call__(self, text: str, *, whole: bool = True) -> str:
        """``text`` as it may leave."""
        ...


def redact_for(redactor: Redactor, sink: RedactionSink) -> Redact:
    """``redactor`` for one sink; a text at which it raises, or of which it does not give a text, is left out."""

    def redact(text: str, *, whole: bool = True) -> str:
        try:
            left: object = redactor.redact(text, sink, whole=whole)
        except Exception as failure:  # noqa: BLE001 - the seam to a redactor: it may raise anything, and may not hold up the call
            log.warning("the redactor failed, and the text is left out", extra={"sink": str(sink), "failure": type(failure).__name__})
            return FAILED
        return left if isinstance(left, str) else FAILED

    return redact


def redacted(value: V, redact: Redact) -> V:
    """``value`` with all texts in it as they may leave; itself, where nothing is to be left out."""
    return cast("V", _redacted(value, redact, whole=True))


def redacted_json(text: str, redact: Redact) -> str:
    """A JSON text that stays one; a number that is to be left out becomes a text. What is no JSON is redacted as any text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return redact(text)
    left = _redacted(value, redact, whole=True, numbers=True)
    return text if left is value else json.dumps(left, ensure_ascii=False)


def redacted_arguments(text: str, redact: Redact) -> str:
    """The arguments of a tool's call, which say so if something is left out of them."""
    left = redacted_json(text, redact)
    if left is text or left == text:
        return text
    try:
        arguments = json.loads(left)
    except ValueError:
        arguments = {}
    return json.dumps({**(arguments if isinstance(arguments, dict) else {}), REDACTED_KEY: True}, ensure_ascii=False)


def _redacted(value: Any, redact: Redact, *, whole: bool, numbers: bool = False) -> Any:  # noqa: ANN401 - anything
    def inner(item: Any) -> Any:  # noqa: ANN401 - anything
        return _redacted(item, redact, whole=whole, numbers=numbers)

    match value:
        case StrEnum() | bool():
            return value
        case str():
            left = redact(value, whole=whole)
            return value if left == value else left
        case int() | float() if numbers:
            left = redact(str(value))
            return value if left == str(value) else left
        case tuple() | list():
            return _changed(value, type(value)(map(inner, value)), list(value))
        case Mapping():
            return _changed(value, {inner(key): inner(item) for key, item in value.items()}, list(value.values()))
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return _redacted_fields(value, redact, whole=whole)
        case _:
            return value


def _changed(value: Any, after: Any, items: list[Any]) -> Any:  # noqa: ANN401 - a container
    """``after``, or ``value`` itself if each of its items is what it was."""
    left = list(after.values()) if isinstance(after, dict) else list(after)
    same = len(left) == len(items) and all(one is other for one, other in zip(left, items, strict=True))
    keys_same = not isinstance(after, dict) or list(after) == list(value)
    return value if same and keys_same else after


def _redacted_fields(value: Any, redact: Redact, *, whole: bool) -> Any:  # noqa: ANN401 - a dataclass
    whole = whole and not _may_be_cut(value)
    changes = {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if field.name == "arguments" and isinstance(item, str):
            left = redacted_arguments(item, redact)
        elif isinstance(item, str) and (field.name.endswith("_json") or item[:1] in ("{", "[")):
            left = redacted_json(item, redact)
        elif field.name.endswith("_id") or field.name in ("id", "key") or not field.init:
            continue
        elif field.name == _FACTS and isinstance(item, Mapping):
            left = _changed(item, {key: redacted_json(text, redact) for key, text in item.items()}, list(item.values()))
        else:
            left = _redacted(item, redact, whole=whole and field.name not in _CUT_FIELDS)
        if left is not item:
            changes[field.name] = left
    return dataclasses.replace(value, **changes) if changes else value


def _may_be_cut(value: Any) -> bool:  # noqa: ANN401 - a dataclass
    interim = getattr(value, "is_final", True) is False
    stopped = getattr(value, "interrupted", False) is True or getattr(value, "role", "") == Role.ASSISTANT
    return interim or stopped or isinstance(value, PlaybackProgress)
