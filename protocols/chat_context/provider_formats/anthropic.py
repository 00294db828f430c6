"""Anthropic's Messages: https://docs.anthropic.com/en/api/messages, and "Handling stop reasons and tool results" of its tool use guide.

Instructions are the parameter ``system``, none stand among the messages. The first message is the user's, and so is the last: newer models
take no beginning of an answer. Each ``tool_use`` has its ``tool_result`` in the very next message, before any text of that. No text is
blank.
"""

from collections.abc import Sequence
from typing import Any, Final

from protocols.chat_context.content import ImageContent
from protocols.chat_context.items import ChatItem, FunctionCall, FunctionCallOutput
from protocols.chat_context.provider_formats.format import ProviderFormat
from protocols.chat_context.provider_formats.images import base64_of
from protocols.chat_context.provider_formats.steps import arguments_of, split_instructions, steps_of
from protocols.chat_context.provider_formats.turns import MODEL, Blocks, turns_of

__all__ = ["to_anthropic"]


def to_anthropic(items: Sequence[ChatItem]) -> ProviderFormat:
    """``items`` as the ``messages`` and the ``system`` of a request."""
    system, steps = split_instructions(steps_of(items))
    messages = [{"role": "assistant" if turn.role == MODEL else "user", "content": turn.blocks} for turn in turns_of(steps, _BLOCKS)]
    return ProviderFormat(messages=messages, system=system)


def _image(image: ImageContent) -> dict[str, Any]:
    if image.url:
        return {"type": "image", "source": {"type": "url", "url": image.url}}
    return {"type": "image", "source": {"type": "base64", "media_type": image.mime_type, "data": base64_of(image)}}


def _call(call: FunctionCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.call_id, "name": call.name, "input": arguments_of(call)}


def _output(output: FunctionCallOutput) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": output.call_id, "content": output.output, "is_error": output.is_error}


_BLOCKS: Final = Blocks(text=lambda text: {"type": "text", "text": text}, image=_image, call=_call, output=_output)
