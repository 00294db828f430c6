"""A chat context as plain data that JSON holds, to be kept or sent by programs: ``{"version": 1, "items": [...]}``.

Readers pass over kinds of items, of content, and fields that they do not know, and take the default of a field that is absent; so a further
version adds, and changes nothing. What is known and malformed is an error that names its place (``items[3].role``).
"""

import base64
import binascii
import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from protocols.chat_context.content import AudioContent, ChatContent, ImageContent, TextContent
from protocols.chat_context.items import (
    AgentConfigUpdate,
    AgentHandoff,
    ChatItem,
    ChatMessage,
    FailedTurn,
    FunctionCall,
    FunctionCallOutput,
    Role,
    Summary,
)
from protocols.errors import UsageError
from protocols.text import well_formed

__all__ = ["VERSION", "from_dict", "to_dict"]

VERSION: Final = 1

_ITEMS: Final[Mapping[str, type[ChatItem]]] = {
    "message": ChatMessage,
    "function_call": FunctionCall,
    "function_call_output": FunctionCallOutput,
    "agent_handoff": AgentHandoff,
    "agent_config_update": AgentConfigUpdate,
    "summary": Summary,
    "failed_turn": FailedTurn,
}
_CONTENT: Final[Mapping[str, type[ChatContent]]] = {"text": TextContent, "image": ImageContent, "audio": AudioContent}
_NAMES: Final[Mapping[type[Any], str]] = {cls: name for name, cls in (*_ITEMS.items(), *_CONTENT.items())}


def to_dict(items: Sequence[ChatItem], *, exclude_image: bool, exclude_audio: bool) -> dict[str, Any]:
    """``items`` as plain data; images as base64."""
    dropped = (*((ImageContent,) if exclude_image else ()), *((AudioContent,) if exclude_audio else ()))

    def kept(item: ChatItem) -> ChatItem:
        if not dropped or not isinstance(item, ChatMessage):
            return item
        return dataclasses.replace(item, content=tuple(part for part in item.content if not isinstance(part, dropped)))

    return {"version": VERSION, "items": [_plain(kept(item)) for item in items]}


def from_dict(data: object) -> tuple[ChatItem, ...]:
    """The items that ``data`` holds.

    Raises:
        UsageError: it is malformed; the text names the place.
    """
    fields = _map(data, "the context")
    if "items" not in fields:
        raise UsageError("items is missing: give what to_dict gave")
    _integer(fields.get("version", VERSION), "version")
    items = (_read(_ITEMS, value, f"items[{at}]") for at, value in enumerate(_sequence(fields["items"], "items")))
    return tuple(item for item in items if item is not None)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a field holds
    if dataclasses.is_dataclass(value):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"type": _NAMES[type(value)], **fields}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _read(kinds: Mapping[str, type[Any]], value: object, place: str) -> Any:  # noqa: ANN401 - one of ``kinds``, or None for another one
    fields = _map(value, place)
    if "type" not in fields:
        raise UsageError(f"{place}.type is missing: give one of {', '.join(kinds)}")
    cls = kinds.get(_text(fields["type"], f"{place}.type"))
    if cls is None:
        return None
    known = {}
    for field in dataclasses.fields(cls):
        if field.name in fields:
            known[field.name] = _READERS[field.name](fields[field.name], f"{place}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise UsageError(f"{place}.{field.name} is missing")
    try:
        return cls(**known)
    except UsageError as failure:
        raise UsageError(f"{place}: {failure}") from failure


def _content(value: object, place: str) -> tuple[ChatContent, ...]:
    if isinstance(value, str):
        return (TextContent(text=value),)
    parts = (
        TextContent(text=part) if isinstance(part, str) else _read(_CONTENT, part, f"{place}[{at}]")
        for at, part in enumerate(_sequence(value, place))
    )
    return tuple(part for part in parts if part is not None)


def _role(value: object, place: str) -> Role:
    try:
        return Role(_text(value, place))
    except ValueError:
        raise UsageError(f"{place} is {value!r:.40}: give one of {', '.join(Role)}") from None


def _bytes(value: object, place: str) -> bytes:
    try:
        return base64.b64decode(_text(value, place), validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(f"{place} is no base64") from None


def _text(value: object, place: str) -> str:
    return well_formed(value) if isinstance(value, str) else _wrong(value, place, "text")


def _flag(value: object, place: str) -> bool:
    return value if isinstance(value, bool) else _wrong(value, place, "true or false")


def _integer(value: object, place: str) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else _wrong(value, place, "a whole number")


def _number(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        _wrong(value, place, "a finite number")
    return float(value)


def _map(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        _wrong(value, place, "a map with text keys")
    return value


def _sequence(value: object, place: str) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else _wrong(value, place, "a list")


def _texts(value: object, place: str) -> tuple[str, ...]:
    return tuple(_text(item, f"{place}[{at}]") for at, item in enumerate(_sequence(value, place)))


def _text_or_none(value: object, place: str) -> str | None:
    return None if value is None else _text(value, place)


def _wrong(value: object, place: str, expected: str) -> NoReturn:
    raise UsageError(f"{place} is a {type(value).__name__} ({value!r:.40}): give {expected}")


_READERS: Final[Mapping[str, Callable[[object, str], Any]]] = {
    **dict.fromkeys(("id", "call_id", "name", "arguments", "output", "text", "old_agent", "new_agent", "url"), _text),
    **dict.fromkeys(("mime_type", "detail", "transcript", "reference"), _text),
    **dict.fromkeys(("interrupted", "is_error"), _flag),
    **dict.fromkeys(("created_at", "duration_s"), _number),
    **dict.fromkeys(("tools", "tools_added", "tools_removed"), _texts),
    "role": _role,
    "content": _content,
    "extra": _map,
    "data": _bytes,
    "instructions": _text_or_none,
    "items": _integer,
}
"""How the value of a field is read: a name means the same in every class."""
