"""The items of a chat context of LiveKit's classes as the frozen ones that sessions keep and providers are told, and back.

Both ways keep ids, times, order and content, so that each is the other's inverse; what one side has no field for travels in ``extra``
under keys of ours. Not kept are frames of audio and video, which end with the process (of audio the transcript stays), and whether a call's
output wants a reply, which is decided when it comes.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import protocols
from livekitex_agent.llm.chat_items import (
    AgentConfigUpdate,
    AgentHandoff,
    AudioContent,
    ChatContent,
    ChatItem,
    ChatMessage,
    FunctionCall,
    FunctionCallOutput,
    ImageContent,
)
from livekitex_agent.utils.log import logger

__all__ = ["context_of", "item_from_protocol", "item_to_protocol"]

METRICS: Final = protocols.MESSAGE_METRICS
CONFIDENCE: Final = "livekitex.transcript_confidence"
GROUP: Final = "livekitex.group_id"
SUMMARY: Final = "livekitex.summary"
FAILED_TURN: Final = "livekitex.failed_turn"
IS_SUMMARY: Final = "is_summary"
"""LiveKit's own mark of a message that stands for what was said before."""

_DATA_URL: Final = re.compile(r"data:(?P<type>[\w/.+-]+);base64,(?P<data>.*)", re.DOTALL)


def context_of(items: Iterable[ChatItem]) -> protocols.ChatContext:
    """The frozen context of ``items``. Nothing is refused: an image that a frozen one cannot hold is left out, and logged.

    Of two items with one id the later gets another, and of more than it may hold the newest are taken.
    """
    frozen = [item_to_protocol(item) for item in items]
    used: set[str] = set()
    for at, item in enumerate(frozen):
        item_id, again = item.id, 1
        while item_id in used:
            again += 1
            item_id = f"{item.id}-{again}"
        used.add(item_id)
        if item_id != item.id:
            frozen[at] = replace(item, id=item_id)
    return protocols.ChatContext(tuple(frozen[-protocols.MAX_CONTEXT_ITEMS :]))


def item_to_protocol(item: ChatItem) -> protocols.ChatItem:
    """One item, frozen."""
    common: Any = {"id": item.id, "created_at": item.created_at}
    match item:
        case ChatMessage():
            return _message_to_protocol(item, common)
        case FunctionCall():
            extra = item.extra if item.group_id is None else {**item.extra, GROUP: item.group_id}
            return protocols.FunctionCall(call_id=item.call_id, name=item.name, arguments=item.arguments, extra=extra, **common)
        case FunctionCallOutput():
            return protocols.FunctionCallOutput(call_id=item.call_id, name=item.name, output=item.output, is_error=item.is_error, **common)
        case AgentHandoff():
            return protocols.AgentHandoff(old_agent=item.old_agent_id or "", new_agent=item.new_agent_id, **common)
        case AgentConfigUpdate():
            return protocols.AgentConfigUpdate(
                instructions=item.instructions,
                tools_added=tuple(item.tools_added or ()),
                tools_removed=tuple(item.tools_removed or ()),
                **common,
            )


def item_from_protocol(item: protocols.ChatItem) -> ChatItem:
    """One item, in LiveKit's classes; a summary and a turn that was given up are messages there, with a mark to come back by."""
    common: Any = {"id": item.id, "created_at": item.created_at}
    match item:
        case protocols.ChatMessage():
            return _message_from_protocol(item, common)
        case protocols.FunctionCall():
            extra = dict(item.extra)
            group = extra.pop(GROUP, None)
            return FunctionCall(call_id=item.call_id, name=item.name, arguments=item.arguments, extra=extra, group_id=group, **common)
        case protocols.FunctionCallOutput():
            return FunctionCallOutput(call_id=item.call_id, name=item.name, output=item.output, is_error=item.is_error, **common)
        case protocols.AgentHandoff():
            return AgentHandoff(old_agent_id=item.old_agent or None, new_agent_id=item.new_agent, **common)
        case protocols.AgentConfigUpdate():
            return AgentConfigUpdate(
                instructions=item.instructions,
                tools_added=list(item.tools_added) or None,
                tools_removed=list(item.tools_removed) or None,
                **common,
            )
        case protocols.Summary():
            told = [f"What was said before, in short:\n{item.text}"] if item.text else []
            mark: dict[str, Any] = {IS_SUMMARY: True, SUMMARY: {"text": item.text, "items": item.items}}
            return ChatMessage(role="system", content=[*told], extra=mark, **common)
        case protocols.FailedTurn():
            mark = {FAILED_TURN: {"text": item.text, "tools": list(item.tools)}}
            return ChatMessage(role="system", content=[], extra=mark, **common)


def _message_to_protocol(message: ChatMessage, common: Mapping[str, Any]) -> protocols.ChatItem:
    summary, failed = message.extra.get(SUMMARY), message.extra.get(FAILED_TURN)
    if isinstance(summary, Mapping):
        return protocols.Summary(text=str(summary["text"]), items=int(summary["items"]), **common)
    if isinstance(failed, Mapping):
        return protocols.FailedTurn(text=str(failed["text"]), tools=tuple(failed["tools"]), **common)
    role = protocols.Role(message.role)
    extra = dict(message.extra)
    if message.metrics:
        extra[METRICS] = dict(message.metrics)
    if message.transcript_confidence is not None:
        extra[CONFIDENCE] = message.transcript_confidence
    content = tuple(part for each in message.content if (part := _part_to_protocol(each, role)) is not None)
    return protocols.ChatMessage(role=role, content=content, interrupted=message.interrupted, extra=extra, **common)


def _message_from_protocol(message: protocols.ChatMessage, common: Mapping[str, Any]) -> ChatMessage:
    extra = dict(message.extra)
    metrics, confidence = extra.pop(METRICS, {}), extra.pop(CONFIDENCE, None)
    return ChatMessage(
        role=message.role.value,
        content=[_part_from_protocol(part, f"{message.id}_{at}") for at, part in enumerate(message.content)],
        interrupted=message.interrupted,
        transcript_confidence=confidence,
        metrics=metrics,
        extra=extra,
        **common,
    )


def _part_to_protocol(part: ChatContent, role: protocols.Role) -> protocols.ChatContent | None:
    match part:
        case str():
            return protocols.TextContent(text=part)
        case AudioContent():
            duration_s = part.duration_s or sum(frame.duration for frame in part.frame)
            return protocols.AudioContent(transcript=part.transcript or "", reference=part.reference, duration_s=duration_s)
        case ImageContent():
            return _image_to_protocol(part, role)
        case _:
            return None  # where a provider may cache is no content


def _image_to_protocol(image: ImageContent, role: protocols.Role) -> protocols.ImageContent | None:
    reason = (
        "it is not the user's" if role is not protocols.Role.USER else "a frame of video ends with the process: give its JPEG as a data URL"
    )
    if isinstance(image.image, str) and role is protocols.Role.USER:
        try:
            return _frozen_image(image.image, image)
        except (protocols.UsageError, binascii.Error) as failure:
            reason = str(failure)
    logger.warning("an image is left out of the conversation: %s", reason)
    return None


def _frozen_image(url: str, image: ImageContent) -> protocols.ImageContent:
    found = _DATA_URL.fullmatch(url)
    if found is None:
        return protocols.ImageContent(url=url, mime_type=image.mime_type or "", detail=image.inference_detail)
    data = base64.b64decode(found["data"], validate=True)
    return protocols.ImageContent(data=data, mime_type=image.mime_type or found["type"], detail=image.inference_detail)


def _part_from_protocol(part: protocols.ChatContent, image_id: str) -> ChatContent:
    match part:
        case protocols.TextContent():
            return part.text
        case protocols.AudioContent():
            return AudioContent(frame=[], transcript=part.transcript, reference=part.reference, duration_s=part.duration_s)
        case protocols.ImageContent():
            encoded = f"data:{part.mime_type};base64,{base64.b64encode(part.data).decode('ascii')}"
            detail: Any = part.detail
            return ImageContent(id=image_id, image=part.url or encoded, mime_type=part.mime_type or None, inference_detail=detail)
