"""Gemini's ``generateContent``: https://ai.google.dev/api/generate-content, and its guide to function calling.

Instructions are ``system_instruction``. The roles are ``user`` and ``model``. A turn with calls follows a turn of the user; the turn behind
it holds as many ``function_response`` parts as it has ``function_call`` parts, and nothing else. The last turn is the user's.
"""

from collections.abc import Sequence
from typing import Any, Final

from protocols.chat_context.content import ImageContent
from protocols.chat_context.items import ChatItem, FunctionCall, FunctionCallOutput
from protocols.chat_context.provider_formats.format import ProviderFormat
from protocols.chat_context.provider_formats.steps import arguments_of, split_instructions, steps_of
from protocols.chat_context.provider_formats.turns import Blocks, turns_of

__all__ = ["to_google"]

_DEFAULT_MIME_TYPE: Final = "image/jpeg"


def to_google(items: Sequence[ChatItem]) -> ProviderFormat:
    """``items`` as the ``contents`` and the ``system_instruction`` of a request."""
    system, steps = split_instructions(steps_of(items))
    contents = [{"role": turn.role, "parts": turn.blocks} for turn in turns_of(steps, _BLOCKS, outputs_alone=True)]
    return ProviderFormat(messages=contents, system=system)


def _image(image: ImageContent) -> dict[str, Any]:
    if image.url:
        return {"file_data": {"file_uri": image.url, "mime_type": image.mime_type or _DEFAULT_MIME_TYPE}}
    return {"inline_data": {"data": image.data, "mime_type": image.mime_type}}


def _call(call: FunctionCall) -> dict[str, Any]:
    return {"function_call": {"id": call.call_id, "name": call.name, "args": arguments_of(call)}}


def _output(output: FunctionCallOutput) -> dict[str, Any]:
    told = {"error" if output.is_error else "output": output.output}
    return {"function_response": {"id": output.call_id, "name": output.name, "response": told}}


_BLOCKS: Final = Blocks(text=lambda text: {"text": text}, image=_image, call=_call, output=_output)
