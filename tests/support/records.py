"""Samples of all that a journal holds, made from type hints alone, and the bytes that each version of this program wrote for them."""

import dataclasses
import json
import typing
from pathlib import Path
from typing import Any

from actors.agent_session.core import Entry
from actors.agent_session.core.entries import Checkpoint, CommandTaken, Happened
from actors.agent_session.core.memory import Memory, Turn, TurnSource
from actors.agent_session.records import COMMANDS, ENTRIES, EVENTS
from actors.journal import CallDescription, Records, UnknownRecord
from protocols import CHAT_ITEMS, AudioContent, ChatContext, ChatMessage, ImageContent, Role, TextContent
from support.messages import sample_of

GOLDEN = Path(__file__).parents[1] / "actors" / "agent_session" / "records"
"""A file for each version of the records, of which only the newest may grow: what was written stays readable for ever."""


def versions() -> list[dict[str, str]]:
    """The golden bytes, as hex by name; the oldest version first."""
    files = sorted(GOLDEN.glob("*.json"), key=lambda path: int(path.stem))
    return [json.loads(path.read_text("utf-8")) for path in files]


def samples() -> dict[str, Any]:
    """A value of every type that a record may hold, by the names of the types; and of those with defaults one that has them all."""
    found: dict[str, Any] = {"call": sample_of(CallDescription), "call with defaults": least_call()}
    for record in ENTRIES.types:
        if record.cls is not Checkpoint:
            found[record.name] = sample_of(record.cls)
    found |= {f"event {record.name}": dataclasses.replace(sample_of(Happened), event=sample_of(record.cls)) for record in EVENTS.types}
    found |= {f"command {one.name}": dataclasses.replace(sample_of(CommandTaken), command=sample_of(one.cls)) for one in COMMANDS.types}
    found |= {f"source {source}": Checkpoint(memory=Memory(turn=least_turn(source))) for source in TurnSource}
    roles = tuple(ChatMessage(id=role, created_at=1.0, role=role) for role in Role)
    found["checkpoint"] = Checkpoint(memory=full_memory())
    found["checkpoint with defaults"] = Checkpoint(memory=Memory(history=ChatContext(roles)))
    found["checkpoint with items"] = Checkpoint(memory=Memory(history=every_item()))
    return found


def full_memory() -> Memory:
    """A memory of which no field has its default, records that are unknown and such as were once among them."""
    hints = typing.get_type_hints(Memory) | {"unknown": tuple[str, ...]}
    values = {field.name: sample_of(hints[field.name], field.name) for field in dataclasses.fields(Memory)}
    return Memory(**values | {"unknown": (UnknownRecord(b"\x93\xa6future\xc2\x81\xa3new\x01"),)})


def every_item() -> ChatContext:
    """An item of each kind, and a message with content of each kind."""
    items = [dataclasses.replace(sample_of(cls), id=cls.TAG) for cls in CHAT_ITEMS]
    content = (TextContent(text="text"), ImageContent(url="https://a.b/c.png"), AudioContent(transcript="heard"))
    return ChatContext((*items, ChatMessage(id="said", created_at=2.0, role=Role.USER, content=content)))


def least_turn(source: TurnSource) -> Turn:
    """A turn with the defaults that every version reads where a field is absent."""
    return Turn(
        turn_id="turn-1",
        source=source,
        text="hello",
        command_id="",
        asked_wall_s=0.0,
        rounds=(),
        begun_calls=(),
        outcomes=(),
        starts=(),
        deaths=(),
    )


def least_call() -> CallDescription:
    """A call with the defaults that every version reads where a field is absent."""
    return CallDescription(call_id="c1", run_id="r1", agent={}, options={}, began_wall_s=5.0, ended_wall_s=0.0, outcome="", retention_s=0.0)


def encoded(value: Any) -> bytes:
    """The bytes of a sample."""
    return value.encode() if isinstance(value, CallDescription) else ENTRIES.encode(value)


def decoded(name: str, body: bytes) -> Any:
    """The value of the golden bytes ``name``."""
    return CallDescription.decode(body) if name.startswith("call ") or name == "call" else ENTRIES.decode(body)


def names_of(records: Records) -> set[str]:
    """The names of the types of a union."""
    return {record.name for record in records.types}


ENTRY_CLASSES: tuple[type, ...] = tuple(cls for cls in typing.get_args(Entry) if cls is not UnknownRecord)
