"""Images as those providers take them whose API is JSON."""

import base64

from protocols.chat_context.content import ImageContent

__all__ = ["base64_of", "image_url"]


def base64_of(image: ImageContent) -> str:
    """The bytes of an image, as text."""
    return base64.b64encode(image.data).decode("ascii")


def image_url(image: ImageContent) -> str:
    """The image's URL, or one that holds its data (RFC 2397)."""
    return image.url or f"data:{image.mime_type};base64,{base64_of(image)}"
