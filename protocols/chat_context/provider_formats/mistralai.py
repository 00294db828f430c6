"""Mistral's chat completions: https://docs.mistral.ai/api/endpoint/chat, and the rules that the package mistral-common checks.

Instructions are one message of the role ``system`` at the beginning. A call's id has exactly nine letters or digits. A message of the
assistant has content or calls: older models take no message with both. Nor do they take words of the user behind an output: the assistant
speaks first. The user begins, and the last message is his or an output.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from protocols.chat_context.content import ImageContent
from protocols.chat_context.items import ChatItem, ChatMessage, FunctionCall, Role
from protocols.chat_context.provider_formats.format import ProviderFormat
from protocols.chat_context.provider_formats.images import image_url
from protocols.chat_context.provider_formats.parts import parts_of
from protocols.chat_context.provider_formats.steps import SILENCE, Step, split_instructions, steps_of

__all__ = ["to_mistralai"]

INTERRUPTED: Final = "(interrupted)"
"""What the assistant says between outputs and the words of a user who did not wait for its answer."""
_ID: Final = re.compile(r"[a-zA-Z0-9]{9}")
_ID_CHARS: Final = 9


def to_mistralai(items: Sequence[ChatItem]) -> ProviderFormat:
    """``items`` as the ``messages`` of a request."""
    system, steps = split_instructions(steps_of(items, _ID, _ID_CHARS))
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for message in (message for step in steps for message in _messages(step)):
        before = messages[-1]["role"] if messages else "system"
        if message["role"] == "assistant" and before == "system":
            messages.append({"role": "user", "content": SILENCE})
        elif message["role"] == "user" and before == "tool":
            messages.append({"role": "assistant", "content": INTERRUPTED})
        messages.append(message)
    if not messages or messages[-1]["role"] in ("system", "assistant"):
        messages.append({"role": "user", "content": SILENCE})
    return ProviderFormat(messages=messages)


def _messages(step: Step) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if step.message is not None:
        role = "assistant" if step.message.role is Role.ASSISTANT else "user"
        messages.append({"role": role, "content": _content(step.message)})
    if step.calls:
        messages.append({"role": "assistant", "content": "", "tool_calls": [_call(call) for call, _ in step.calls]})
    outputs = [{"role": "tool", "tool_call_id": output.call_id, "name": output.name, "content": output.output} for _, output in step.calls]
    return [*messages, *outputs]


def _content(message: ChatMessage) -> str | list[dict[str, Any]]:
    return parts_of(message, lambda text: {"type": "text", "text": text}, _image) if message.images else message.text


def _image(image: ImageContent) -> dict[str, Any]:
    return {"type": "image_url", "image_url": image_url(image)}


def _call(call: FunctionCall) -> dict[str, Any]:
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
