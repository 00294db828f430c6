"""Contexts as plain data: what is written is read again, what is not known is passed over, and what is wrong is named."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import (
    AudioContent,
    ChatContext,
    ChatMessage,
    FunctionCall,
    FunctionCallOutput,
    ImageContent,
    Role,
    TextContent,
    UsageError,
)
from protocols.chat_context.dictionary import from_dict, to_dict
from support.chat import said
from support.chat_contexts import CONTEXTS

MESSAGE = {"type": "message", "id": "m", "created_at": 5, "role": "user", "content": ["hello"]}
CALL = {"type": "function_call", "id": "c", "created_at": 6.5, "call_id": "1", "name": "look", "arguments": "{}"}


def test_what_is_written() -> None:
    image = ImageContent(data=b"\x00\x01", mime_type="image/png")
    items = (
        ChatMessage.of(Role.USER, "hello", image, AudioContent(transcript="heard"), id="m", created_at=5.0),
        FunctionCall(id="c", created_at=6.5, call_id="1", name="look", arguments="{}", extra={"google": {"signature": "x"}}),
    )
    written = to_dict(items, exclude_image=False, exclude_audio=False)
    assert written == {
        "version": 1,
        "items": [
            {
                "type": "message",
                "id": "m",
                "created_at": 5.0,
                "role": "user",
                "content": [
                    {"type": "text", "text": "hello"},
                    {"type": "image", "url": "", "data": "AAE=", "mime_type": "image/png", "detail": "auto"},
                    {"type": "audio", "transcript": "heard", "reference": "", "duration_s": 0.0},
                ],
                "interrupted": False,
                "extra": {},
            },
            {
                "type": "function_call",
                "id": "c",
                "created_at": 6.5,
                "call_id": "1",
                "name": "look",
                "arguments": "{}",
                "extra": {"google": {"signature": "x"}},
            },
        ],
    }
    assert from_dict(json.loads(json.dumps(written))) == items
    without = to_dict(items, exclude_image=True, exclude_audio=True)
    assert without["items"][0]["content"] == [{"type": "text", "text": "hello"}]


@given(CONTEXTS)
def test_what_is_written_is_read_again_and_json_holds_it(context: ChatContext) -> None:
    assert from_dict(json.loads(json.dumps(to_dict(context.items, exclude_image=False, exclude_audio=False)))) == context.items


def test_what_is_not_known_is_passed_over() -> None:
    data = {
        "version": 7,
        "mood": "fine",
        "items": [
            {"type": "thought", "text": "hm"},
            MESSAGE | {"mood": "fine", "content": ["hello", {"type": "smell", "of": "pizza"}, {"type": "text", "text": "you", "b": 1}]},
            CALL | {"cost": 3},
        ],
    }
    message, call = from_dict(data)
    assert message == ChatMessage(id="m", created_at=5.0, role=Role.USER, content=(TextContent(text="hello"), TextContent(text="you")))
    assert isinstance(call, FunctionCall)


def test_what_is_absent_has_its_default_and_content_may_be_text() -> None:
    output = {"type": "function_call_output", "call_id": "1", "output": ""}
    items = from_dict({"items": [{"type": "message", "role": "user", "content": "hi"}, output]})
    assert items == (ChatMessage.of(Role.USER, "hi"), FunctionCallOutput(call_id="1", output=""))
    assert from_dict({"items": ()}) == ()


def test_text_is_made_well_formed() -> None:
    assert said(from_dict({"items": [MESSAGE | {"content": "\ud83c"}]})) == [("user", "\ufffd")]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "the context is a NoneType"),
        ([], "the context is a list"),
        ({1: 2}, "a map with text keys"),
        ({}, "items is missing"),
        ({"items": {}}, "items is a dict"),
        ({"items": [], "version": "1"}, "version is a str"),
        ({"items": [], "version": True}, "version is a bool"),
        ({"items": [5]}, r"items\[0\] is a int \(5\): give a map"),
        ({"items": [MESSAGE, {}]}, r"items\[1\]\.type is missing: give one of message"),
        ({"items": [{"type": 5}]}, r"items\[0\]\.type is a int"),
        ({"items": [{"type": "message"}]}, r"items\[0\]\.role is missing"),
        ({"items": [MESSAGE | {"role": "tool"}]}, r"items\[0\]\.role is 'tool': give one of system, developer, user, assistant"),
        ({"items": [MESSAGE | {"role": None}]}, r"items\[0\]\.role is a NoneType"),
        ({"items": [MESSAGE | {"id": 5}]}, r"items\[0\]\.id is a int"),
        ({"items": [MESSAGE | {"created_at": "now"}]}, r"items\[0\]\.created_at is a str \('now'\): give a finite number"),
        ({"items": [MESSAGE | {"created_at": float("nan")}]}, r"items\[0\]\.created_at"),
        ({"items": [MESSAGE | {"created_at": 10**400}]}, r"items\[0\]\.created_at"),
        ({"items": [MESSAGE | {"created_at": True}]}, r"items\[0\]\.created_at"),
        ({"items": [MESSAGE | {"interrupted": 1}]}, r"items\[0\]\.interrupted is a int \(1\): give true or false"),
        ({"items": [MESSAGE | {"extra": [1]}]}, r"items\[0\]\.extra is a list"),
        ({"items": [MESSAGE | {"content": 5}]}, r"items\[0\]\.content is a int"),
        ({"items": [MESSAGE | {"content": [5]}]}, r"items\[0\]\.content\[0\] is a int"),
        ({"items": [MESSAGE | {"content": [{"type": "text"}]}]}, r"items\[0\]\.content\[0\]\.text is missing"),
        ({"items": [MESSAGE | {"content": [{"type": "image", "url": "ftp://a"}]}]}, r"items\[0\]\.content\[0\]: the image's url"),
        ({"items": [MESSAGE | {"content": [{"type": "image", "data": "no base64"}]}]}, r"items\[0\]\.content\[0\]\.data is no base64"),
        ({"items": [MESSAGE | {"content": [{"type": "image", "data": "ü"}]}]}, r"items\[0\]\.content\[0\]\.data is no base64"),
        (
            {"items": [MESSAGE | {"role": "system", "content": [{"type": "image", "url": "https://a"}]}]},
            r"items\[0\]: an image in a message of the role system",
        ),
        ({"items": [{"type": "summary"}]}, r"items\[0\]\.text is missing"),
        ({"items": [{"type": "summary", "text": "a", "items": 1.5}]}, r"items\[0\]\.items is a float"),
        ({"items": [{"type": "failed_turn", "text": "a", "tools": ["a", 5]}]}, r"items\[0\]\.tools\[1\] is a int"),
        ({"items": [{"type": "agent_config_update", "instructions": 5}]}, r"items\[0\]\.instructions is a int"),
        ({"items": [{"type": "agent_handoff"}]}, r"items\[0\]\.new_agent is missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        from_dict(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.sampled_from([MESSAGE, CALL]), max_size=3),
    st.sampled_from(["type", "id", "role", "content", "created_at", "extra", "arguments"]),
    JSON,
)
def test_anything_is_read_or_refused(items: list[dict[str, Any]], field: str, value: Any) -> None:
    for data in (value, {"items": value}, {"items": [item | {field: value} for item in items]}):
        with contextlib.suppress(UsageError):
            from_dict(data)
