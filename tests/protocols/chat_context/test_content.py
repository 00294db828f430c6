from typing import Any

import pytest

from protocols import MAX_IMAGE_BYTES, MAX_IMAGE_URL_CHARS, AudioContent, ImageContent, TextContent, UsageError, pack, unpack
from protocols.chat_context.content import content_of

DATA: dict[str, Any] = {"data": b"\xff\xd8", "mime_type": "image/jpeg"}


def test_text_is_content() -> None:
    assert content_of("hello") == TextContent(text="hello")
    assert content_of(AudioContent(transcript="hello")) == AudioContent(transcript="hello")


def test_text_and_transcripts_are_well_formed() -> None:
    assert TextContent(text="\ud83c").text == "\ufffd"
    assert AudioContent(transcript="\ud83c\udf55").transcript == "\U0001f355"


@pytest.mark.parametrize("mime_type", ["image/jpeg", "image/png", "image/gif", "image/webp"])
@pytest.mark.parametrize("detail", ["auto", "low", "high"])
def test_an_image_is_bytes_of_a_type_that_all_models_take(mime_type: str, detail: str) -> None:
    image = ImageContent(data=bytes(MAX_IMAGE_BYTES), mime_type=mime_type, detail=detail)
    assert unpack(ImageContent, pack(ImageContent, image)) == image


LONGEST = "https://" + "a" * (MAX_IMAGE_URL_CHARS - 8)


@pytest.mark.parametrize("url", ["https://a.b/c.png", "http://a", "gs://bucket/c", "s3://bucket/c", LONGEST])
def test_or_a_url_whose_type_need_not_be_known(url: str) -> None:
    assert ImageContent(url=url).mime_type == ""
    assert ImageContent(url=url, mime_type="image/png").url == url


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "url or data"),
        ({**DATA, "url": "https://a"}, "one of both"),
        ({"url": "file:///etc/passwd"}, "begin with https://, http://"),
        ({"url": "data:image/png;base64,AAAA"}, "begin with"),
        ({"url": "https://" + "a" * MAX_IMAGE_URL_CHARS}, "at most 2048 characters"),
        ({**DATA, "data": bytes(MAX_IMAGE_BYTES + 1)}, "500001 bytes, the limit is 500000: make it smaller"),
        ({**DATA, "mime_type": ""}, "image/jpeg, image/png"),
        ({**DATA, "mime_type": "image/bmp"}, "image/bmp"),
        ({"url": "https://a", "mime_type": "text/html"}, "text/html"),
        ({**DATA, "detail": "best"}, "auto, low, high"),
    ],
)
def test_what_is_no_image_is_refused_with_the_cure(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ImageContent(**wrong)
