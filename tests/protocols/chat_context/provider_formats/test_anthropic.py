from hypothesis import given

from protocols import ChatContext, ImageContent
from support import provider_rules
from support.chat_contexts import CONTEXTS
from support.dialogue import DIALOGUE


def test_a_dialogue() -> None:
    form = DIALOGUE.to_provider_format("anthropic")
    second = form.messages[3]["content"][2]["id"]
    assert form.system == "Be brief.\n\nWhat was said before, in short:\nThey want pizza."
    assert form.messages == [
        {"role": "user", "content": [{"type": "text", "text": "(silence)"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Welcome back."}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Is this"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}},
                {"type": "text", "text": "a pizza?"},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "One moment."},
                {"type": "tool_use", "id": "look-1", "name": "look", "input": {"at": "pizza"}},
                {"type": "tool_use", "id": second, "name": "ask", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "look-1", "content": "found", "is_error": False},
                {"type": "tool_result", "tool_use_id": second, "content": "", "is_error": True},
                {"type": "text", "text": "Hurry up."},
                {"type": "text", "text": "<instructions>\nSay it in French.\n</instructions>"},
            ],
        },
    ]


def test_an_image_by_its_url() -> None:
    form = ChatContext().add_message("user", [ImageContent(url="https://a/b.png")]).to_provider_format("anthropic")
    assert form.messages[0]["content"] == [{"type": "image", "source": {"type": "url", "url": "https://a/b.png"}}]


@given(CONTEXTS)
def test_any_context_keeps_the_rules(context: ChatContext) -> None:
    provider_rules.check("anthropic", context.to_provider_format("anthropic"))
