"""Bedrock's Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html and its ContentBlock.

Instructions are the parameter ``system``. Messages alternate between user and assistant and begin with the user. Each ``toolUse`` has its
``toolResult`` in the next message. No text is blank, that of a result included. Images come as bytes, or from S3.
"""

from collections.abc import Sequence
from typing import Any, Final

from protocols.chat_context.content import ImageContent
from protocols.chat_context.items import ChatItem, FunctionCall, FunctionCallOutput
from protocols.chat_context.provider_formats.format import ProviderFormat
from protocols.chat_context.provider_formats.steps import arguments_of, split_instructions, steps_of
from protocols.chat_context.provider_formats.turns import MODEL, Blocks, turns_of
from protocols.errors import UsageError

__all__ = ["to_aws"]

NO_RESULT: Final = "(no result)"
"""What is told of an output that is blank."""
_S3: Final = "s3://"


def to_aws(items: Sequence[ChatItem]) -> ProviderFormat:
    """``items`` as the ``messages`` and the text of the ``system`` of a request.

    Raises:
        UsageError: an image by a URL that is not of S3, or one without its type.
    """
    system, steps = split_instructions(steps_of(items))
    messages = [{"role": "assistant" if turn.role == MODEL else "user", "content": turn.blocks} for turn in turns_of(steps, _BLOCKS)]
    return ProviderFormat(messages=messages, system=system)


def _image(image: ImageContent) -> dict[str, Any]:
    if image.url and not image.url.startswith(_S3):
        raise UsageError(f"Bedrock takes no image by its URL ({image.url!r:.60}): give its data, or put it into S3")
    if not image.mime_type:
        raise UsageError(f"Bedrock has to know the type of an image ({image.url!r:.60}): give its mime_type")
    source = {"s3Location": {"uri": image.url}} if image.url else {"bytes": image.data}
    return {"image": {"format": image.mime_type.removeprefix("image/"), "source": source}}


def _call(call: FunctionCall) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": call.call_id, "name": call.name, "input": arguments_of(call)}}


def _output(output: FunctionCallOutput) -> dict[str, Any]:
    text = output.output if output.output.strip() else NO_RESULT
    return {"toolResult": {"toolUseId": output.call_id, "content": [{"text": text}], "status": "error" if output.is_error else "success"}}


_BLOCKS: Final = Blocks(text=lambda text: {"text": text}, image=_image, call=_call, output=_output)
