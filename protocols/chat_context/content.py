"""What a message is made of: text, images, and audio of which there is a transcript."""

from dataclasses import dataclass
from typing import ClassVar, Final

from protocols.errors import UsageError
from protocols.text import well_formed

__all__ = ["MAX_IMAGE_BYTES", "MAX_IMAGE_URL_CHARS", "AudioContent", "ChatContent", "ImageContent", "TextContent"]

MAX_IMAGE_BYTES: Final = 500_000
"""Of one image that is given as bytes: a message with it still travels. Larger ones are given by URL."""
MAX_IMAGE_URL_CHARS: Final = 2_048

_MIME_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
"""What OpenAI, Anthropic, Gemini, Mistral and Bedrock all take."""
_SCHEMES: Final = ("https://", "http://", "gs://", "s3://")
_DETAILS: Final = ("auto", "low", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContent:
    """Text, well-formed (`protocols.text`)."""

    TAG: ClassVar[str] = "chat.text"
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", well_formed(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContent:
    """An image, by ``url`` or as ``data``: one of both.

    ``mime_type`` is image/jpeg, image/png, image/gif or image/webp; with ``data`` it is needed, with ``url`` it helps those who do not
    fetch it themselves. ``detail`` (auto, low or high) is a wish that OpenAI heeds.

    Raises:
        UsageError: it has neither or both, or too many bytes, or a scheme, a type or a detail that there is not.
    """

    TAG: ClassVar[str] = "chat.image"
    url: str = ""
    data: bytes = b""
    mime_type: str = ""
    detail: str = "auto"

    def __post_init__(self) -> None:
        if bool(self.url) is bool(self.data):
            raise UsageError("an image has a url or data: give one of both")
        if self.url and (not self.url.startswith(_SCHEMES) or len(self.url) > MAX_IMAGE_URL_CHARS):
            known = ", ".join(_SCHEMES)
            raise UsageError(f"the image's url {self.url!r:.60}: give at most {MAX_IMAGE_URL_CHARS} characters that begin with {known}")
        if len(self.data) > MAX_IMAGE_BYTES:
            raise UsageError(f"the image has {len(self.data)} bytes, the limit is {MAX_IMAGE_BYTES}: make it smaller, or give its url")
        if self.mime_type not in (*_MIME_TYPES, *(("",) if self.url else ())):
            raise UsageError(f"the image's mime_type {self.mime_type!r:.40}: give one of {', '.join(_MIME_TYPES)}")
        if self.detail not in _DETAILS:
            raise UsageError(f"the image's detail {self.detail!r:.40}: give one of {', '.join(_DETAILS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioContent:
    """Audio that was heard: models are told its ``transcript``; ``reference`` says where the audio itself is, if it is kept."""

    TAG: ClassVar[str] = "chat.audio"
    transcript: str
    reference: str = ""
    duration_s: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "transcript", well_formed(self.transcript))


ChatContent = TextContent | ImageContent | AudioContent
"""A part of a message."""


def content_of(part: str | ChatContent) -> ChatContent:
    """``part``, text being made a `TextContent`."""
    return TextContent(text=part) if isinstance(part, str) else part
