"""Messages for tests, made from their type hints alone: one fixed sample of each class, and Hypothesis strategies of all."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from protocols import (
    CHAT_ITEMS,
    AudioContent,
    ChatContext,
    ChatMessage,
    Envelope,
    EventPushed,
    ImageContent,
    Message,
    Role,
    SessionEvent,
    TextContent,
    decode_envelope,
    encode_envelope,
    event_types,
)

INTEGERS = st.integers(-(2**63), 2**64 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | INTEGERS | FLOATS | TEXTS | st.binary()
FREE_FORM = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12)

MESSAGES: tuple[type, ...] = typing.get_args(Message)
EVENTS: tuple[type[SessionEvent], ...] = event_types()

GOLDEN = Path(__file__).parents[1] / "protocols" / "golden.json"
REGENERATE = "add what is new: python tests/protocols/write_golden.py"


def members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or nothing."""
    if annotation is SessionEvent:
        return EVENTS
    return typing.get_args(annotation) if typing.get_origin(annotation) in (typing.Union, types.UnionType) else ()


@cache
def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Every value of the type ``annotation``."""
    scalars = {bool: st.booleans(), int: INTEGERS, float: FLOATS, str: TEXTS, bytes: st.binary(), types.NoneType: st.none(), Any: FREE_FORM}
    if annotation in scalars:
        return scalars[annotation]
    if annotation is ImageContent:
        return images()
    if annotation is ChatContext:
        return contexts()
    if variants := members(annotation):
        return st.one_of([values_of(variant) for variant in variants])
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is tuple:
        return st.lists(values_of(arguments[0]), max_size=4).map(tuple)
    if typing.get_origin(annotation) is Mapping:
        return st.dictionaries(TEXTS, values_of(arguments[1]), max_size=4)
    if issubclass(annotation, StrEnum):
        return st.sampled_from(annotation)
    hints = typing.get_type_hints(annotation)
    return st.builds(annotation, **{field.name: values_of(hints[field.name]) for field in dataclasses.fields(annotation)})


def images() -> st.SearchStrategy[ImageContent]:
    """Every image, by its URL or as data."""
    types_of = st.sampled_from(["image/jpeg", "image/png", "image/gif", "image/webp"])
    details = st.sampled_from(["auto", "low", "high"])
    by_url = st.builds(ImageContent, url=TEXTS.map("https://{}".format), mime_type=types_of | st.just(""), detail=details)
    return by_url | st.builds(ImageContent, data=st.binary(min_size=1), mime_type=types_of, detail=details)


def contexts() -> st.SearchStrategy[ChatContext]:
    """Contexts of any items; images are the user's."""
    said = [values_of(cls) for cls in (TextContent, AudioContent)]
    ids, times, extras = TEXTS.filter(bool), FLOATS.filter(bool), values_of(Mapping[str, Any])
    named = {"id": ids, "created_at": times}
    by_user = st.lists(st.one_of([*said, images()]), max_size=3).map(tuple)
    by_others = st.lists(st.one_of(said), max_size=3).map(tuple)
    others = st.sampled_from([role for role in Role if role is not Role.USER])
    messages = st.builds(ChatMessage, **named, role=st.just(Role.USER), content=by_user, interrupted=st.booleans(), extra=extras)
    messages |= st.builds(ChatMessage, **named, role=others, content=by_others, interrupted=st.booleans(), extra=extras)
    rest = [
        st.builds(cls, **{field.name: values_of(typing.get_type_hints(cls)[field.name]) for field in dataclasses.fields(cls)} | named)
        for cls in CHAT_ITEMS
        if cls is not ChatMessage
    ]
    return st.lists(st.one_of([messages, *rest]), max_size=4, unique_by=lambda item: item.id).map(lambda items: ChatContext(tuple(items)))


def sample_of(annotation: Any, name: str = "x") -> Any:
    """A fixed value of the type ``annotation``; texts are the name of their field."""
    scalars = {bool: True, int: len(name) * 1000, float: len(name) / 8, str: name, bytes: name.encode(), Any: {name: [1, "a", None, 0.5]}}
    if annotation in scalars:
        return scalars[annotation]
    if variants := members(annotation):
        return sample_of(variants[0], name)
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is tuple:
        return (sample_of(arguments[0], name),)
    if typing.get_origin(annotation) is Mapping:
        return {name: sample_of(arguments[1], name)}
    if issubclass(annotation, StrEnum):
        return next(iter(annotation))
    if annotation is ImageContent:
        return ImageContent(data=name.encode(), mime_type="image/png")
    hints = typing.get_type_hints(annotation)
    return annotation(**{field.name: sample_of(hints[field.name], field.name) for field in dataclasses.fields(annotation)})


def sample_envelope(cls: type) -> Envelope:
    """The fixed sample of a message class (an event: inside its `EventPushed`) in a fixed envelope."""
    message = sample_of(cls)
    if cls in EVENTS:
        message = dataclasses.replace(sample_of(EventPushed), event=message)
    return dataclasses.replace(sample_of(Envelope), message=message)


def tagged_classes(module: types.ModuleType) -> list[type]:
    """The classes of a module of `protocols.messages` or `protocols.events` that have a tag."""
    return [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__ and hasattr(value, "TAG")]


def check_message_class(cls: Any) -> None:
    """What holds for every message: it is in its union, frozen, keyword-only and documented, and its bytes are the golden ones."""
    assert cls in MESSAGES + EVENTS, f"{cls.__name__} has a tag and is in neither Message nor SessionEvent"
    assert cls.__dataclass_params__.frozen
    assert "__slots__" in vars(cls)
    assert cls.__match_args__ == (), "keyword-only"
    assert cls.__doc__
    golden = json.loads(GOLDEN.read_text("utf-8"))
    assert cls.TAG in golden, REGENERATE
    envelope = sample_envelope(cls)
    assert encode_envelope(envelope).hex() == golden[cls.TAG], "the wire form has changed: a new WIRE_VERSION, and the golden line anew"
    assert decode_envelope(bytes.fromhex(golden[cls.TAG])) == envelope
