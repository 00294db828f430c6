from typing import Any

from hypothesis import given

from protocols import ChatContext, FunctionCall, FunctionCallOutput, ImageContent, Role
from support import provider_rules
from support.chat_contexts import CONTEXTS
from support.dialogue import DIALOGUE


def messages(context: ChatContext) -> list[dict[str, Any]]:
    return context.to_provider_format("openai").messages


def test_a_dialogue() -> None:
    ids = [call["id"] for call in messages(DIALOGUE)[4]["tool_calls"]]
    assert ids[0] == "look-1"
    assert messages(DIALOGUE) == [
        {"role": "system", "content": "Be brief."},
        {"role": "system", "content": "What was said before, in short:\nThey want pizza."},
        {"role": "assistant", "content": "Welcome back."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Is this"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw==", "detail": "auto"}},
                {"type": "text", "text": "a pizza?"},
            ],
        },
        {
            "role": "assistant",
            "content": "One moment.",
            "tool_calls": [
                {"id": "look-1", "type": "function", "function": {"name": "look", "arguments": '{"at": "pizza"}'}},
                {"id": ids[1], "type": "function", "function": {"name": "ask", "arguments": "oops"}},
            ],
        },
        {"role": "tool", "tool_call_id": "look-1", "content": "found"},
        {"role": "tool", "tool_call_id": ids[1], "content": ""},
        {"role": "user", "content": "Hurry up."},
        {"role": "system", "content": "Say it in French."},
    ]


def test_an_image_by_its_url_and_detail() -> None:
    context = ChatContext().add_message(Role.USER, [ImageContent(url="https://a/b.png", detail="low")])
    assert messages(context)[0]["content"] == [{"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "low"}}]


def test_developers_instruct_under_their_own_name() -> None:
    assert messages(ChatContext().add_message("developer", "Be brief.")) == [{"role": "developer", "content": "Be brief."}]


def test_words_without_calls_and_calls_without_words() -> None:
    context = ChatContext().add_message(Role.ASSISTANT, "Welcome.").add_message(Role.USER, "A pizza.")
    called = context.append(FunctionCall(call_id="1", name="look", arguments=""), FunctionCallOutput(call_id="1", output="found"))
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    assert messages(called) == [
        {"role": "assistant", "content": "Welcome."},
        {"role": "user", "content": "A pizza."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "found"},
    ]


@given(CONTEXTS)
def test_any_context_keeps_the_rules(context: ChatContext) -> None:
    provider_rules.check("openai", context.to_provider_format("openai"))
