from protocols import ImageContent
from protocols.chat_context.provider_formats.images import base64_of, image_url


def test_an_image_is_its_url_or_one_that_holds_it() -> None:
    image = ImageContent(data=b"\x00\xff", mime_type="image/gif")
    assert base64_of(image) == "AP8="
    assert image_url(image) == "data:image/gif;base64,AP8="
    assert image_url(ImageContent(url="https://a")) == "https://a"
