from hypothesis import given

from protocols import ChatContext, ImageContent
from support import provider_rules
from support.chat_contexts import CONTEXTS
from support.dialogue import DIALOGUE


def test_a_dialogue() -> None:
    form = DIALOGUE.to_provider_format("google")
    second = form.messages[3]["parts"][2]["function_call"]["id"]
    assert form.system == "Be brief.\n\nWhat was said before, in short:\nThey want pizza."
    assert form.messages == [
        {"role": "user", "parts": [{"text": "(silence)"}]},
        {"role": "model", "parts": [{"text": "Welcome back."}]},
        {
            "role": "user",
            "parts": [{"text": "Is this"}, {"inline_data": {"data": b"\x89PNG", "mime_type": "image/png"}}, {"text": "a pizza?"}],
        },
        {
            "role": "model",
            "parts": [
                {"text": "One moment."},
                {"function_call": {"id": "look-1", "name": "look", "args": {"at": "pizza"}}},
                {"function_call": {"id": second, "name": "ask", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"function_response": {"id": "look-1", "name": "look", "response": {"output": "found"}}},
                {"function_response": {"id": second, "name": "ask", "response": {"error": ""}}},
            ],
        },
        {"role": "user", "parts": [{"text": "Hurry up."}, {"text": "<instructions>\nSay it in French.\n</instructions>"}]},
    ]


def test_an_image_by_its_url_has_a_type() -> None:
    images = [ImageContent(url="gs://a/b"), ImageContent(url="https://a/b", mime_type="image/webp")]
    form = ChatContext().add_message("user", images).to_provider_format("google")
    assert form.messages[0]["parts"] == [
        {"file_data": {"file_uri": "gs://a/b", "mime_type": "image/jpeg"}},
        {"file_data": {"file_uri": "https://a/b", "mime_type": "image/webp"}},
    ]


@given(CONTEXTS)
def test_any_context_keeps_the_rules(context: ChatContext) -> None:
    provider_rules.check("google", context.to_provider_format("google"))
