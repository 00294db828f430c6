from protocols import AudioContent, ChatMessage, ImageContent, Role
from protocols.chat_context.provider_formats.parts import parts_of

IMAGE = ImageContent(url="https://a")


def test_the_parts_that_say_something_in_their_order() -> None:
    message = ChatMessage.of(Role.USER, "one", " ", IMAGE, AudioContent(transcript="two"), AudioContent(transcript=""), "three")
    assert parts_of(message, lambda text: {"text": text}, lambda image: {"image": image.url}) == [
        {"text": "one"},
        {"image": "https://a"},
        {"text": "two"},
        {"text": "three"},
    ]
