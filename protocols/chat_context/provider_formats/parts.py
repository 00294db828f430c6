"""A message's content as a list of parts, in each of which a provider tells one of them."""

from collections.abc import Callable
from typing import Any

from protocols.chat_context.content import AudioContent, ImageContent
from protocols.chat_context.items import ChatMessage

__all__ = ["parts_of"]


def parts_of(
    message: ChatMessage, text: Callable[[str], dict[str, Any]], image: Callable[[ImageContent], dict[str, Any]]
) -> list[dict[str, Any]]:
    """The parts of ``message`` that say something, in their order, as ``text`` and ``image`` write them; of audio its transcript."""
    parts = []
    for part in message.content:
        if isinstance(part, ImageContent):
            parts.append(image(part))
        elif (said := part.transcript if isinstance(part, AudioContent) else part.text).strip():
            parts.append(text(said))
    return parts
