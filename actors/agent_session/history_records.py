"""How a call's history stands in its journal: each item as a record with its type. Yesterday's journals hold messages without a type.

In those (versions 1 and 2 of the records) a message held its tool calls, the role ``tool`` told an output, and ``failed`` the caller's
message of a turn that was given up. Their items get ids by their places, and no time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from actors.agent_session.core.memory import LONG_AGO
from actors.journal import BYTES, FLAG, INTEGER, MAP, NUMBER, TEXT, Kind, Records, RecordType, choice, many, maybe, nested
from protocols import (
    AgentConfigUpdate,
    AgentHandoff,
    AudioContent,
    ChatContext,
    ChatItem,
    ChatMessage,
    FailedTurn,
    FunctionCall,
    FunctionCallOutput,
    ImageContent,
    Role,
    Summary,
    TextContent,
)

_ROLE: Final = choice({Role.SYSTEM: "system", Role.DEVELOPER: "developer", Role.USER: "user", Role.ASSISTANT: "assistant"})
_CONTENT: Final = Records(
    RecordType(TextContent, "text", text=TEXT),
    RecordType(
        ImageContent,
        "image",
        url=TEXT.default(""),
        data=BYTES.default(b""),
        mime_type=TEXT.default(""),
        detail=TEXT.default("auto"),
    ),
    RecordType(AudioContent, "audio", transcript=TEXT, reference=TEXT.default(""), duration_s=NUMBER.default(0.0)),
)
_ID: Final = TEXT.default("")
_TIME: Final = NUMBER.default(0.0)
_EXTRA: Final = MAP.default({})
_CALL: Final = RecordType(FunctionCall, "function_call", id=_ID, created_at=_TIME, call_id=TEXT, name=TEXT, arguments=TEXT, extra=_EXTRA)
_MESSAGE: Final = RecordType(
    ChatMessage,
    "message",
    id=_ID,
    created_at=_TIME,
    role=_ROLE,
    content=many(_CONTENT.one_of()).default(()),
    interrupted=FLAG.default(False),
    extra=_EXTRA,
)
MESSAGE: Final = nested(_MESSAGE)
"""A message that stands alone."""
ITEMS: Final = Records(
    _MESSAGE,
    _CALL,
    RecordType(
        FunctionCallOutput,
        "function_call_output",
        id=_ID,
        created_at=_TIME,
        call_id=TEXT,
        name=TEXT.default(""),
        output=TEXT,
        is_error=FLAG.default(False),
    ),
    RecordType(AgentHandoff, "agent_handoff", id=_ID, created_at=_TIME, old_agent=TEXT.default(""), new_agent=TEXT),
    RecordType(
        AgentConfigUpdate,
        "agent_config_update",
        id=_ID,
        created_at=_TIME,
        instructions=maybe(TEXT).default(None),
        tools_added=many(TEXT).default(()),
        tools_removed=many(TEXT).default(()),
    ),
    RecordType(Summary, "summary", id=_ID, created_at=_TIME, text=TEXT, items=INTEGER.default(0)),
    RecordType(FailedTurn, "failed_turn", id=_ID, created_at=_TIME, text=TEXT, tools=many(TEXT).default(())),
)
"""The items of a history; one that is not known ends the reading: what was said is not passed over."""

FUNCTION_CALL: Final = nested(_CALL)
FUNCTION_CALLS: Final = many(FUNCTION_CALL)
"""Calls that the model asks for within a turn."""

_ITEM: Final = ITEMS.one_of()


@dataclass(frozen=True, slots=True, kw_only=True)
class _OldMessage:
    """A message of the records' versions 1 and 2."""

    role: str
    content: str
    calls: tuple[FunctionCall, ...]
    call_id: str


_OLD_MESSAGE: Final = nested(
    RecordType(
        _OldMessage,
        "message",
        role=choice({role: role for role in ("system", "user", "assistant", "tool", "failed")}),
        content=TEXT.default(""),
        calls=FUNCTION_CALLS.default(()),
        call_id=TEXT.default(""),
    )
)
_STORED: Final = many(
    Kind(
        _ITEM.encode,
        lambda fields: _ITEM.decode(fields) if isinstance(fields, dict) and "type" in fields else _OLD_MESSAGE.decode(fields),
    )
)


def _items_of(stored: Sequence[ChatItem | _OldMessage]) -> ChatContext:
    names: dict[str, str] = {}
    items: list[ChatItem] = []
    for item in stored:
        if isinstance(item, _OldMessage):
            names |= {call.call_id: call.name for call in item.calls}
            items += [replace(old, id=f"old-{at}", created_at=LONG_AGO) for at, old in enumerate(_old_items(item, names), len(items))]
        else:
            items.append(item)
    return ChatContext(tuple(items))


def _old_items(message: _OldMessage, names: dict[str, str]) -> Iterator[ChatItem]:
    match message.role:
        case "tool":
            yield FunctionCallOutput(call_id=message.call_id, name=names.get(message.call_id, ""), output=message.content)
        case "failed":
            yield FailedTurn(text=message.content, tools=tuple(dict.fromkeys(call.name for call in message.calls)))
        case role:
            if message.content:
                yield ChatMessage.of(Role(role), message.content)
            yield from message.calls


HISTORY: Final = Kind(
    lambda value: _STORED.encode(value.items if isinstance(value, ChatContext) else value), lambda value: _items_of(_STORED.decode(value))
)
"""A `ChatContext`."""
