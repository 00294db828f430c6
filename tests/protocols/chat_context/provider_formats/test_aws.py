import pytest
from hypothesis import given

from protocols import ChatContext, ImageContent, UsageError
from support import provider_rules
from support.chat_contexts import CONTEXTS
from support.dialogue import DIALOGUE


def test_a_dialogue() -> None:
    form = DIALOGUE.to_provider_format("aws")
    second = form.messages[3]["content"][2]["toolUse"]["toolUseId"]
    assert form.system == "Be brief.\n\nWhat was said before, in short:\nThey want pizza."
    assert form.messages == [
        {"role": "user", "content": [{"text": "(silence)"}]},
        {"role": "assistant", "content": [{"text": "Welcome back."}]},
        {
            "role": "user",
            "content": [{"text": "Is this"}, {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}, {"text": "a pizza?"}],
        },
        {
            "role": "assistant",
            "content": [
                {"text": "One moment."},
                {"toolUse": {"toolUseId": "look-1", "name": "look", "input": {"at": "pizza"}}},
                {"toolUse": {"toolUseId": second, "name": "ask", "input": {}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "look-1", "content": [{"text": "found"}], "status": "success"}},
                {"toolResult": {"toolUseId": second, "content": [{"text": "(no result)"}], "status": "error"}},
                {"text": "Hurry up."},
                {"text": "<instructions>\nSay it in French.\n</instructions>"},
            ],
        },
    ]


FORMATS = [("image/jpeg", "jpeg"), ("image/png", "png"), ("image/gif", "gif"), ("image/webp", "webp")]


@pytest.mark.parametrize(("mime_type", "form"), FORMATS)
def test_an_image_has_its_format(mime_type: str, form: str) -> None:
    images = [ImageContent(data=b"x", mime_type=mime_type), ImageContent(url="s3://a/b", mime_type=mime_type)]
    messages = ChatContext().add_message("user", images).to_provider_format("aws").messages
    assert messages[0]["content"] == [
        {"image": {"format": form, "source": {"bytes": b"x"}}},
        {"image": {"format": form, "source": {"s3Location": {"uri": "s3://a/b"}}}},
    ]


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (ImageContent(url="https://a/b.png"), r"no image by its URL \('https://a/b.png'\): give its data, or put it into S3"),
        (ImageContent(url="s3://a/b"), r"type of an image \('s3://a/b'\): give its mime_type"),
    ],
)
def test_an_image_that_it_does_not_take_is_named(image: ImageContent, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ChatContext().add_message("user", [image]).to_provider_format("aws")


@given(CONTEXTS)
def test_any_context_keeps_the_rules(context: ChatContext) -> None:
    provider_rules.check("aws", context.to_provider_format("aws"))
