from typing import Any

import pytest

from protocols import (
    CHAT_ITEMS,
    AudioContent,
    ChatItem,
    ChatMessage,
    FunctionCall,
    ImageContent,
    Role,
    TextContent,
    UsageError,
    pack,
    unpack,
)
from support.messages import sample_of

IMAGE = ImageContent(url="https://a.b/c.png")


def test_a_message_is_made_of_text_and_other_content() -> None:
    message = ChatMessage.of(Role.USER, "look at", IMAGE, AudioContent(transcript="this"), id="m", created_at=5.0)
    assert message.content == (TextContent(text="look at"), IMAGE, AudioContent(transcript="this"))
    assert (message.id, message.created_at, message.interrupted, message.extra) == ("m", 5.0, False, {})
    assert message.text == "look at\nthis"
    assert message.images == (IMAGE,)


def test_a_message_may_say_nothing() -> None:
    assert ChatMessage(role=Role.ASSISTANT).text == ""
    assert ChatMessage.of(Role.ASSISTANT, "", "a", "").text == "a"


@pytest.mark.parametrize("content", ["hello", ["hello"], ("hello",), None, (TextContent(text="a"), "b")])
def test_content_that_is_none_is_refused_with_the_cure(content: Any) -> None:
    with pytest.raises(UsageError, match=r"ChatMessage\.of"):
        ChatMessage(role=Role.USER, content=content)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.USER])
def test_images_are_the_users(role: Role) -> None:
    with pytest.raises(UsageError, match=f"role {role}: models take images in messages of the user only"):
        ChatMessage.of(role, IMAGE)


def test_who_instructs_the_model() -> None:
    assert [role for role in Role if ChatMessage.of(role, "x").instructs] == [Role.SYSTEM, Role.DEVELOPER]


@pytest.mark.parametrize("cls", CHAT_ITEMS)
def test_items_are_frozen_and_travel(cls: Any) -> None:
    item = sample_of(cls)
    assert isinstance(item, ChatItem)
    assert unpack(cls, pack(cls, item)) == item
    assert cls.__dataclass_params__.frozen
    assert cls.__match_args__ == (), "keyword-only"
    assert (item.id, item.created_at) == ("id", 1.25)
    hash(item)


def test_arguments_are_as_the_model_wrote_them() -> None:
    assert FunctionCall(call_id="1", name="price", arguments='{"name": ').arguments == '{"name": '
