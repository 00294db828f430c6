"""Which fields of user data cannot be written, by their annotations, and that writing agrees."""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Optional
from uuid import UUID

from pydantic import BaseModel

from livekitex_agent.check.fields import unwritable
from livekitex_agent.program.user_data import encode


class Size(Enum):
    SMALL = 1


class Address(BaseModel):
    street: str = ""


class Client:
    def __init__(self) -> None:
        self.lock = threading.Lock()


@dataclass
class Inner:
    lock: asyncio.Lock | None = None
    size: Size = Size.SMALL
    parent: "Outer | None" = None


@dataclass
class Outer:
    name: str = ""
    sizes: list[Size] = field(default_factory=list)
    when: Optional[datetime] = None  # noqa: UP045 - as users write it
    price: Annotated[Decimal, "dollars"] = Decimal(1)
    ids: dict[UUID, tuple[int, ...]] = field(default_factory=dict)
    queue: deque[int] = field(default_factory=deque)
    address: Address = field(default_factory=Address)
    anything: Any = None
    inner: Inner = field(default_factory=Inner)
    clients: list[Client] = field(default_factory=list)
    on_done: Callable[[], None] | None = None
    db: sqlite3.Connection | None = None


def test_fields_that_cannot_be_written_are_found_however_deep() -> None:
    assert dict(unwritable(Outer)) == {
        "userdata.inner.lock": "asyncio.locks.Lock",
        "userdata.clients": f"{__name__}.Client",
        "userdata.on_done": "a function",
        "userdata.db": "sqlite3.Connection",
    }


def test_writing_agrees() -> None:
    data = Outer(inner=Inner(lock=asyncio.Lock()), clients=[Client()], on_done=lambda: None)
    paths = {one.path.partition("[")[0] for one in encode(data).unwritten}
    assert paths == dict(unwritable(Outer)).keys() - {"userdata.db"}


def test_a_class_without_fields_has_none() -> None:
    class Nothing: ...

    assert list(unwritable(Nothing)) == []
