"""OpenAI's Chat Completions: https://platform.openai.com/docs/api-reference/chat/create.

A message of the assistant with ``tool_calls`` is followed by one message of the role ``tool`` for each of them. Instructions may stand
anywhere. Content is a text, or for the user a list of parts; an image is a URL, which may hold its data. Servers that speak this protocol
often take no list where a text would do, so only messages with images have one.
"""

from collections.abc import Sequence
from typing import Any

from protocols.chat_context.content import ImageContent
from protocols.chat_context.items import ChatItem, ChatMessage, FunctionCall
from protocols.chat_context.provider_formats.format import ProviderFormat
from protocols.chat_context.provider_formats.images import image_url
from protocols.chat_context.provider_formats.parts import parts_of
from protocols.chat_context.provider_formats.steps import Step, steps_of

__all__ = ["to_openai"]


def to_openai(items: Sequence[ChatItem]) -> ProviderFormat:
    """``items`` as the ``messages`` of a request."""
    return ProviderFormat(messages=[message for step in steps_of(items) for message in _messages(step)])


def _messages(step: Step) -> list[dict[str, Any]]:
    said: dict[str, Any] = {"role": "assistant", "content": None}
    if step.message is not None:
        said = {"role": str(step.message.role), "content": _content(step.message)}
    if step.calls:
        said["tool_calls"] = [_call(call) for call, _ in step.calls]
    outputs = [{"role": "tool", "tool_call_id": output.call_id, "content": output.output} for _, output in step.calls]
    return [said, *outputs]


def _content(message: ChatMessage) -> str | list[dict[str, Any]]:
    return parts_of(message, lambda text: {"type": "text", "text": text}, _image) if message.images else message.text


def _image(image: ImageContent) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": image_url(image), "detail": image.detail}}


def _call(call: FunctionCall) -> dict[str, Any]:
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
