"""A chat context: ordered, never changed, whole pairs only."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import (
    MAX_CONTEXT_ITEMS,
    AgentConfigUpdate,
    AgentHandoff,
    AudioContent,
    ChatContext,
    ChatItem,
    ChatMessage,
    FunctionCall,
    FunctionCallOutput,
    ImageContent,
    Role,
    Summary,
    SystemClock,
    UsageError,
    pack,
    unpack,
)
from support.chat import said, texts
from support.chat_contexts import CONTEXTS, ITEMS, orphans

CALL = FunctionCall(id="call", created_at=3.0, call_id="c1", name="look", arguments="{}")
OUTPUT = FunctionCallOutput(id="output", created_at=4.0, call_id="c1", name="look", output="found")


def context(*roles: str) -> ChatContext:
    """Messages of these roles, and calls and outputs."""
    built = ChatContext()
    for role in roles:
        if role == "call":
            built = built.append(FunctionCall(call_id="c1", name="look", arguments="{}"))
        elif role == "output":
            built = built.append(FunctionCallOutput(call_id="c1", output="found"))
        else:
            built = built.add_message(role, f"{role} {len(built)}")
    return built


def kinds(built: ChatContext) -> list[str]:
    return [str(item.role) if isinstance(item, ChatMessage) else {FunctionCall: "call"}.get(type(item), "output") for item in built]


# Adding and finding.


def test_a_message_gets_an_id_and_the_time_of_now() -> None:
    before = SystemClock().wall()
    built = ChatContext().add_message("user", "hello").add_message(Role.USER, ["look", ImageContent(url="https://a")])
    first, second = built.messages
    assert first.id != second.id
    assert before <= first.created_at <= second.created_at <= SystemClock().wall()
    assert (second.text, len(second.images)) == ("look", 1)
    assert ChatContext((CALL,)).items == (CALL,), "what has an id and a time keeps them"


def test_a_message_may_say_what_it_is() -> None:
    message = ChatContext().add_message("assistant", "hi", id="m", created_at=5.0, interrupted=True, extra={"a": 1}).messages[0]
    assert (message.id, message.created_at, message.interrupted, message.extra) == ("m", 5.0, True, {"a": 1})


def test_a_role_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="'tool': give one of system, developer, user, assistant"):
        ChatContext().add_message("tool", "found")


def test_two_items_with_one_id_are_refused() -> None:
    with pytest.raises(UsageError, match="two items have the id 'call'"):
        ChatContext((CALL, OUTPUT, CALL))


def test_more_items_than_any_model_takes_are_refused() -> None:
    items = tuple(FunctionCall(id=str(number), created_at=1.0, call_id="c", name="n", arguments="") for number in range(MAX_CONTEXT_ITEMS))
    assert len(ChatContext(items)) == MAX_CONTEXT_ITEMS
    with pytest.raises(UsageError, match="10001 items, the limit is 10000: truncate it"):
        ChatContext((*items, CALL))


def test_a_context_never_changes() -> None:
    empty = ChatContext()
    empty.add_message("user", "hello")
    empty.append(CALL)
    empty.insert(CALL)
    assert empty.items == ()
    with pytest.raises(AttributeError):
        empty.items = (CALL,)  # type: ignore[misc]


def test_messages_are_told_apart_from_other_items() -> None:
    built = context("system", "user", "call", "output", "assistant")
    assert [str(message.role) for message in built.messages] == ["system", "user", "assistant"]
    assert built.instructions is built.items[0]
    assert context("user").instructions is None


def test_an_item_is_found_by_its_id() -> None:
    built = ChatContext((CALL, OUTPUT))
    assert built.get_by_id("output") is OUTPUT
    assert built.get_by_id("other") is None


def test_an_item_is_inserted_behind_the_last_one_that_is_not_younger() -> None:
    built = ChatContext()
    for number, at in enumerate((10.0, 30.0, 20.0, 20.0, 5.0, 40.0)):
        built = built.add_message("user", str(number), created_at=at)
    assert texts(built) == ["4", "0", "2", "3", "1", "5"]
    assert kinds(built.insert(CALL)) == ["call"] + ["user"] * 6
    assert texts(built.add_message("user", "last")) == ["4", "0", "2", "3", "1", "5", "last"]


@given(st.lists(ITEMS, max_size=12))
def test_items_that_are_inserted_are_in_the_order_of_their_times(items: list[ChatItem]) -> None:
    built = ChatContext()
    for item in items:
        built = built.insert(item)
    assert [item.created_at for item in built] == sorted(item.created_at for item in items)
    numbered = [ChatMessage.of(Role.USER, str(number), created_at=item.created_at) for number, item in enumerate(items)]
    stable = sorted(range(len(items)), key=lambda number: items[number].created_at)
    assert texts(ChatContext().insert(*numbered)) == list(map(str, stable))


# Removing.


def test_remove_by_id() -> None:
    built = context("user", "assistant")
    assert kinds(built.remove(built.items[0].id)) == ["assistant"]


def test_remove_by_item() -> None:
    built = context("user", "call", "output")
    assert kinds(built.remove(built.items[0])) == ["call", "output"]
    assert kinds(built.remove(built.items[1])) == ["user"], "with the other one of its pair"


def test_remove_nonexistent_is_refused() -> None:
    with pytest.raises(UsageError, match="no item has the id 'gone'"):
        context("user").remove("gone")


# Copying.


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, ["system", "user", "look", "looked", "buy", "bought", "empty", "handoff", "update", "summary", "assistant"]),
        ({"exclude_function_call": True}, ["system", "user", "empty", "handoff", "update", "summary", "assistant"]),
        ({"exclude_instructions": True}, ["user", "look", "looked", "buy", "bought", "empty", "handoff", "update", "summary", "assistant"]),
        ({"exclude_empty": True}, ["system", "user", "look", "looked", "buy", "bought", "handoff", "update", "summary", "assistant"]),
        ({"exclude_handoff": True}, ["system", "user", "look", "looked", "buy", "bought", "empty", "update", "summary", "assistant"]),
        (
            {"exclude_config_update": True},
            ["system", "user", "look", "looked", "buy", "bought", "empty", "handoff", "summary", "assistant"],
        ),
        ({"tools": ["buy"]}, ["system", "user", "buy", "bought", "empty", "handoff", "update", "summary", "assistant"]),
        ({"tools": []}, ["system", "user", "empty", "handoff", "update", "summary", "assistant"]),
    ],
)
def test_a_copy_is_without_what_is_excluded(options: dict[str, Any], left: list[str]) -> None:
    built = ChatContext(
        (
            ChatMessage.of(Role.SYSTEM, "Be brief.", id="system"),
            ChatMessage.of(Role.USER, ImageContent(url="https://a"), id="user"),
            FunctionCall(id="look", call_id="1", name="look", arguments="{}"),
            FunctionCallOutput(id="looked", call_id="1", output="found"),
            FunctionCall(id="buy", call_id="2", name="buy", arguments="{}"),
            FunctionCallOutput(id="bought", call_id="2", output="", name="buy"),
            ChatMessage.of(Role.ASSISTANT, " ", id="empty"),
            AgentHandoff(id="handoff", new_agent="billing"),
            AgentConfigUpdate(id="update", instructions="Be kind."),
            Summary(id="summary", text="All is bought."),
            ChatMessage.of(Role.ASSISTANT, "done", id="assistant"),
        )
    )
    assert [item.id for item in built.copy(**options)] == left


@given(CONTEXTS, st.fixed_dictionaries({}, optional={"exclude_function_call": st.booleans(), "tools": st.sampled_from([(), ("look",)])}))
def test_a_copy_has_no_half_of_a_pair(built: ChatContext, options: dict[str, Any]) -> None:
    copied = built.copy(**options)
    assert not orphans(copied)
    assert copied.copy(**options) == copied


# Truncating.


def test_truncate_noop_when_under_limit() -> None:
    built = context("system", "user", "assistant")
    assert built.truncate(5) == built
    assert built.truncate(3) == built


def test_truncate_basic() -> None:
    assert texts(context("user", "assistant", "user", "assistant").truncate(2)) == ["user 2", "assistant 3"]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_truncate_preserves_system_and_developer_instructions(role: str) -> None:
    assert texts(context(role, "user", "assistant", "user", "assistant").truncate(2)) == [f"{role} 0", "user 3", "assistant 4"]
    assert texts(context(role, "user").truncate(0)) == [f"{role} 0"]


def test_truncate_no_duplication() -> None:
    assert kinds(context("user", "system", "user").truncate(2)) == ["system", "user"]


def test_truncate_keeps_the_first_of_several_instructions() -> None:
    assert texts(context("system", "developer", "user", "user", "user").truncate(2)) == ["system 0", "user 3", "user 4"]


def test_truncate_never_begins_with_half_a_pair() -> None:
    built = context("user", "call", "output", "assistant", "user")
    assert kinds(built.truncate(4)) == ["call", "output", "assistant", "user"]
    assert kinds(built.truncate(3)) == ["assistant", "user"]
    assert kinds(built.truncate(0)) == []


def test_truncate_to_less_than_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="max_items=-1: give 0 or more"):
        context("user").truncate(-1)


@given(CONTEXTS, st.integers(0, 14))
def test_what_is_truncated_is_the_newest_without_half_a_pair(built: ChatContext, most: int) -> None:
    left = built.truncate(most)
    assert not orphans(left)
    assert len(left) <= most + (built.instructions is not None)
    assert left.truncate(most) == left or built.instructions is not None
    assert left.instructions is built.instructions
    newest = {item.id for item in built.items[max(0, len(built) - most) :]}
    assert all(item.id in newest for item in left if item is not built.instructions)


# Merging and comparing.


def test_merge_adds_what_is_not_there_by_time() -> None:
    one = ChatContext().add_message("user", "a", id="a", created_at=1.0).add_message("user", "c", id="c", created_at=3.0)
    two = ChatContext().add_message("system", "i", id="i", created_at=1.0).add_message("user", "b", id="b", created_at=2.0)
    two = two.insert(CALL, OUTPUT).add_message("user", "other words", id="c", created_at=3.0)
    assert [item.id for item in one.merge(two)] == ["a", "i", "b", "c", "call", "output"]
    assert texts(one.merge(two, exclude_function_call=True, exclude_instructions=True)) == ["a", "b", "c"]


@given(CONTEXTS, CONTEXTS)
def test_merging_again_changes_nothing(one: ChatContext, two: ChatContext) -> None:
    merged = one.merge(two)
    assert merged.merge(two) == merged
    assert one.merge(one) == one
    assert {item.id for item in one} <= {item.id for item in merged}


def test_equivalent_is_what_has_the_same_items_whatever_their_times() -> None:
    one = ChatContext((ChatMessage.of(Role.USER, "a", id="m", created_at=1.0), CALL))
    later = ChatContext((ChatMessage(id="m", created_at=9.0, role=Role.USER, content=one.messages[0].content, extra={"x": 1}), CALL))
    assert one.is_equivalent(later)
    assert one.is_equivalent(one)
    assert not one.is_equivalent(ChatContext((one.items[0],)))
    assert not one.is_equivalent(ChatContext((ChatMessage.of(Role.USER, "b", id="m"), CALL)))
    assert not one.is_equivalent(ChatContext((ChatMessage.of(Role.USER, "a", id="n"), CALL)))
    assert not ChatContext((OUTPUT,)).is_equivalent(ChatContext((replace(OUTPUT, output="lost"),)))


# Other forms.


def test_serialized_and_deserialized_with_defaults() -> None:
    built = ChatContext((AgentHandoff(new_agent="default"),)).add_message("user", "Hello!").add_message("assistant", "Hi there!")
    assert ChatContext.from_dict(built.to_dict()) == built


def test_what_is_excluded_from_a_dict() -> None:
    content = ["look", ImageContent(url="https://a"), AudioContent(transcript="here")]
    built = ChatContext((CALL, OUTPUT)).add_message("user", content)
    kept = built.to_dict(exclude_image=True, exclude_audio=True, exclude_function_call=True)
    assert said(ChatContext.from_dict(kept)) == [("user", "look")]
    assert len(kept["items"][0]["content"]) == 1


@given(CONTEXTS)
def test_a_context_travels(built: ChatContext) -> None:
    assert ChatContext.from_dict(built.to_dict()) == built
    assert unpack(ChatContext, pack(ChatContext, built)) == built


def test_a_context_in_the_form_of_a_provider() -> None:
    form = context("system", "user").to_provider_format("anthropic")
    assert (form.system, form.messages) == ("system 0", [{"role": "user", "content": [{"type": "text", "text": "user 1"}]}])
