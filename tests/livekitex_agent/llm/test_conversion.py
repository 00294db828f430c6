"""A context of LiveKit's classes and the frozen one are each other's inverse."""

import logging
from typing import Any

import pytest
from hypothesis import given

import protocols
from livekitex_agent import llm
from livekitex_agent.utils.audio import silence_frame
from support.chat_contexts import CONTEXTS, IMAGE


@given(CONTEXTS)
def test_a_frozen_context_comes_back_as_it_was(context: protocols.ChatContext) -> None:
    assert llm.to_protocol(llm.from_protocol(context)) == context


@given(CONTEXTS)
def test_a_context_of_livekits_comes_back_as_it_was(context: protocols.ChatContext) -> None:
    items = llm.from_protocol(context).items
    assert llm.from_protocol(llm.to_protocol(llm.ChatContext(items))).items == items


@given(CONTEXTS)
def test_a_context_comes_back_from_its_dictionary(context: protocols.ChatContext) -> None:
    made = llm.from_protocol(context)
    whole = made.to_dict(exclude_image=False, exclude_audio=False, exclude_timestamp=False)
    assert llm.to_protocol(llm.ChatContext.from_dict(whole)) == context


def test_what_one_side_has_no_field_for_is_kept_all_the_same() -> None:
    made = llm.ChatContext.empty()
    made.add_message(role="user", content=["hi", llm.CacheBreakpoint()], metrics={"e2e_latency": 0.5}, extra={"a": 1})
    made.messages()[0].transcript_confidence = 0.75
    made.insert(llm.FunctionCall(call_id="c", name="look", arguments="{}", group_id="together"))
    back = llm.from_protocol(llm.to_protocol(made)).items
    assert [back[0].content, back[0].metrics, back[0].extra] == [["hi"], {"e2e_latency": 0.5}, {"a": 1}]  # type: ignore[union-attr]
    assert back[0].transcript_confidence == 0.75  # type: ignore[union-attr]
    assert back[1] == made.items[1]


def test_a_summary_is_told_to_models_and_marked() -> None:
    (message,) = llm.from_protocol(protocols.ChatContext((protocols.Summary(text="Two pizzas.", items=9),))).messages()
    assert message.text_content == "What was said before, in short:\nTwo pizzas."
    assert message.extra["is_summary"] is True


def test_a_turn_that_was_given_up_is_told_to_no_model() -> None:
    made = llm.from_protocol(protocols.ChatContext((protocols.FailedTurn(text="boom"),)))
    assert made.messages()[0].text_content is None


def test_of_audio_the_transcript_and_its_length_are_kept() -> None:
    made = llm.ChatContext.empty()
    made.add_message(role="user", content=[llm.AudioContent(frame=[silence_frame(0.5, 16_000)], transcript="hello")])
    (part,) = llm.to_protocol(made).messages[0].content
    assert part == protocols.AudioContent(transcript="hello", duration_s=0.5)


@pytest.mark.parametrize(
    ("role", "image", "reason"),
    [
        ("user", object(), "a frame of video ends with the process"),
        ("user", "ftp://host/a.png", "begin with"),
        ("user", "data:image/png;base64,###", "base64"),
        ("user", "data:image/tiff;base64,aGk=", "mime_type"),
        ("assistant", "https://host/a.png", "it is not the user's"),
    ],
)
def test_an_image_that_cannot_be_kept_is_left_out_and_told(role: Any, image: object, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    made = llm.ChatContext.empty()
    made.add_message(role=role, content=["look", llm.ImageContent(image=image)])
    with caplog.at_level(logging.WARNING):
        assert llm.to_protocol(made).messages[0].content == (protocols.TextContent(text="look"),)
    assert reason.casefold() in caplog.text.casefold()


def test_an_image_by_its_data_is_kept() -> None:
    frozen = protocols.ChatContext().add_message("user", [IMAGE])
    (part,) = llm.from_protocol(frozen).messages()[0].content
    assert isinstance(part, llm.ImageContent)
    assert part.image == "data:image/png;base64,iVBORw=="


def test_items_with_one_id_are_told_apart() -> None:
    made = llm.ChatContext([llm.ChatMessage(id="a", role="user", content=[text]) for text in "xyz"])
    assert [item.id for item in llm.to_protocol(made)] == ["a", "a-2", "a-3"]


def test_of_too_many_items_the_newest_are_kept() -> None:
    made = llm.ChatContext([llm.AgentHandoff(new_agent_id=str(at)) for at in range(protocols.MAX_CONTEXT_ITEMS + 1)])
    kept = llm.to_protocol(made).items
    assert len(kept) == protocols.MAX_CONTEXT_ITEMS
    assert kept[0].new_agent == "1"  # type: ignore[union-attr]
