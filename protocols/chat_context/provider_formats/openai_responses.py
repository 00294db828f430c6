"""OpenAI's Responses: https://platform.openai.com/docs/api-reference/responses/create.

The ``input`` is a list of items: messages, each ``function_call`` and its ``function_call_output`` by their ``call_id``. Content is a text,
or for the user a list of ``input_text`` and ``input_image``.
"""

from collections.abc import Sequence
from typing import Any

from protocols.chat_context.content import ImageContent
from protocols.chat_context.items import ChatItem, ChatMessage
from protocols.chat_context.provider_formats.format import ProviderFormat
from protocols.chat_context.provider_formats.images import image_url
from protocols.chat_context.provider_formats.parts import parts_of
from protocols.chat_context.provider_formats.steps import Step, steps_of

__all__ = ["to_openai_responses"]


def to_openai_responses(items: Sequence[ChatItem]) -> ProviderFormat:
    """``items`` as the ``input`` of a request."""
    return ProviderFormat(messages=[item for step in steps_of(items) for item in _items(step)])


def _items(step: Step) -> list[dict[str, Any]]:
    message = step.message
    said = [{"type": "message", "role": str(message.role), "content": _content(message)}] if message is not None else []
    calls = [
        {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments or "{}"} for call, _ in step.calls
    ]
    outputs = [{"type": "function_call_output", "call_id": output.call_id, "output": output.output} for _, output in step.calls]
    return [*said, *calls, *outputs]


def _content(message: ChatMessage) -> str | list[dict[str, Any]]:
    return parts_of(message, lambda text: {"type": "input_text", "text": text}, _image) if message.images else message.text


def _image(image: ImageContent) -> dict[str, Any]:
    return {"type": "input_image", "image_url": image_url(image), "detail": image.detail}
