"""LiveKit's chat context does what programs do with it."""

import copy
from typing import Any

import pytest

from livekitex_agent import llm
from livekitex_agent.llm.chat_context import ReadOnlyChatContext
from livekitex_agent.types import NOT_GIVEN


@llm.function_tool
async def look(thing: str) -> str:
    """Look at a thing."""
    return thing


def conversation() -> llm.ChatContext:
    made = llm.ChatContext.empty()
    made.add_message(role="system", content="be brief", id="s", created_at=1)
    made.add_message(role="user", content="hi", id="u", created_at=2)
    made.insert(
        [
            llm.FunctionCall(id="c", call_id="1", name="look", arguments="{}", created_at=3),
            llm.FunctionCallOutput(id="o", call_id="1", output="seen", is_error=False, created_at=4),
            llm.AgentHandoff(id="h", new_agent_id="billing", created_at=5),
            llm.AgentConfigUpdate(id="k", tools_added=["look"], created_at=6),
            llm.ChatMessage(id="e", role="assistant", content=[], created_at=7),
        ]
    )
    return made


def ids(context: llm.ChatContext) -> str:
    return "".join(item.id for item in context.items)


@pytest.mark.parametrize(
    ("excluded", "left"),
    [
        ({}, "sucohke"),
        ({"exclude_instructions": True}, "ucohke"),
        ({"exclude_function_call": True}, "suhke"),
        ({"exclude_handoff": True, "exclude_config_update": True, "exclude_empty_message": True}, "suco"),
        ({"tools": []}, "suhke"),
        ({"tools": ["look"]}, "sucohke"),
        ({"tools": [look]}, "sucohke"),
        ({"tools": [llm.Toolset(id="t", tools=[look])]}, "sucohke"),
    ],
)
def test_a_copy_leaves_out_what_is_excluded(excluded: Any, left: str) -> None:
    assert ids(conversation().copy(**excluded)) == left


def test_a_copy_is_another_list() -> None:
    made = conversation()
    made.copy().add_message(role="user", content="more")
    assert ids(made) == "sucohke"


@pytest.mark.parametrize(("kept", "left"), [(0, "s"), (3, "shke"), (4, "shke"), (6, "sucohke"), (9, "sucohke")])
def test_truncating_keeps_the_instructions_and_no_half_of_a_call(kept: int, left: str) -> None:
    assert ids(conversation().truncate(max_items=kept)) == left


def test_truncating_to_less_than_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="non-negative"):
        conversation().truncate(max_items=-1)


def test_merging_takes_what_is_new_where_its_time_puts_it() -> None:
    made, other = conversation(), conversation()
    other.add_message(role="assistant", content="hello", id="a", created_at=2.5)
    assert ids(made.merge(other)) == "suacohke"
    assert ids(llm.ChatContext.empty().merge(other, exclude_function_call=True, exclude_instructions=True)) == "uahke"


def test_an_item_is_found_put_in_place_and_removed() -> None:
    made = conversation()
    assert made.index_by_id("c") == 2
    assert made.get_by_id("c") is made.items[2]
    assert made.get_by_id("none") is made.index_by_id("none") is None
    assert made.find_insertion_index(created_at=2) == 2
    assert made.find_insertion_index(created_at=0) == 0
    made.remove("c")
    made.remove(made.items[-1])
    assert ids(made) == "suohk"
    with pytest.raises(ValueError, match="Item not found"):
        made.remove("c")


def test_a_message_has_its_text() -> None:
    message = llm.ChatMessage(role="user", content=["a", llm.ImageContent(image="https://host/a.png"), "b"])
    assert message.text_content == "a\nb"
    assert llm.ChatMessage(role="user", content=[]).text_content is None


def test_equivalence_looks_at_content_alone() -> None:
    made, other = conversation(), conversation()
    other.items[1].created_at = 99.0
    assert made.is_equivalent(other)
    other.messages()[1].content = ["bye"]
    assert not made.is_equivalent(other)


def test_a_dictionary_leaves_out_times_and_media_unless_they_are_asked_for() -> None:
    made = conversation()
    made.add_message(role="user", content=["see", llm.ImageContent(image="https://host/a.png")])
    item = made.to_dict()["items"][-1]
    assert item["content"] == ["see"]
    assert "created_at" not in item
    whole = made.to_dict(exclude_image=False, exclude_timestamp=False, exclude_metrics=True, exclude_function_call=True)
    assert len(whole["items"]) == 6
    assert whole["items"][-1]["content"][1]["image"] == "https://host/a.png"


def test_items_may_be_set_and_a_given_list_is_the_contexts_own() -> None:
    items: list[llm.ChatItem] = []
    made = llm.ChatContext(items)
    made.add_message(role="user", content=llm.Instructions("hello", dynamic="now"))
    assert items == made.items
    assert made.messages()[0].text_content == "hello\nnow"
    made.items = []
    assert not made.messages()
    assert llm.ChatContext(NOT_GIVEN).items == []


def test_a_read_only_context_says_what_to_change_instead() -> None:
    made = ReadOnlyChatContext(conversation().items)
    assert made.readonly
    for change in (lambda: made.add_message(role="user", content="x"), lambda: made.items.clear(), lambda: made.truncate(max_items=1)):  # noqa: PLW0108
        with pytest.raises(RuntimeError, match=r"change a \.copy\(\) of it"):
            change()
    changed = made.copy()
    changed.add_message(role="user", content="x", id="x")
    assert ids(changed) == "sucohkex"
    assert not changed.readonly
    assert type(copy.deepcopy(made.items)) is list


def test_instructions_differ_by_modality_and_fill_in_what_they_are_given() -> None:
    made = llm.Instructions("Hi {name}.", audio="Speak.", text="Write.", dynamic="It is {time}.")
    assert made.render(modality="audio", data={"name": "Ann", "time": "noon"}) == "Hi Ann.\n\nSpeak.\nIt is noon."
    assert made.render(data={"name": "Ann"}) == "Hi Ann.\nIt is ."
    assert str(made) == "Hi {name}."
    resolved = llm.Instructions.resolve_template("Begin. {body}", body=llm.Instructions("both", audio="heard"))
    assert (resolved.audio, resolved.text) == ("Begin. heard", "Begin. both")
    assert llm.Instructions.resolve_template("Begin. {body}", body="x") == "Begin. x"
    assert made != "Hi {name}."
    assert len({made, llm.Instructions("Hi {name}.")}) == 2
