"""The handle of a call whose session is played by the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekitex_agent.call_handle import CallHandle
from livekitex_agent.client.call import Call
from livekitex_agent.client.connection import Connection
from livekitex_agent.client.request_sender import RequestSender
from protocols import (
    AgentMessage,
    EventPushed,
    SeededEntropy,
    SessionEvent,
    Subscribe,
    Subscribed,
    SystemClock,
    SystemUnavailableError,
)
from support.fake_launcher import FakeTree, close_connection, open_connection


def said(text: str) -> AgentMessage:
    return AgentMessage(speech_id="s", text=text, interrupted=False)


class Harness:
    """``tree`` is asked what the handle asks; ``push`` has it hear of an event."""

    connection: Connection
    tree: FakeTree
    call: Call
    session: CallHandle

    def pushed(self, message: Any) -> None:
        if isinstance(message, EventPushed):
            self.call.event(message)

    def push(self, number: int, event: SessionEvent) -> None:
        self.tree.push(EventPushed(call_id="c", number=number, incarnation=1, wall_s=0.0, event=event))

    async def subscribe(self, os_pid: int = 7) -> None:
        answer = Subscribed(next_number=1, next_sequence=0, incarnation=1, os_pid=os_pid)
        self.tree.answer(await self.tree.request(Subscribe), answer)


@asynccontextmanager
async def handle_harness() -> AsyncIterator[Harness]:
    """One for the length of a test."""
    harness = Harness()
    harness.connection, harness.tree = await open_connection(harness.pushed)
    harness.call = Call(harness.connection, SystemClock(), "c")
    requests = RequestSender(harness.connection, SystemClock())
    harness.session = CallHandle(harness.call, requests, SeededEntropy(0))
    yield harness
    await close_connection(harness.connection, harness.tree)
    harness.call.end(SystemUnavailableError("over"))
