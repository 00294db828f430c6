"""What becomes of a call that its model ends."""

from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent.beta import EndCallTool
from livekitex_agent.beta.tools import end_call
from livekitex_agent.llm import ToolContext, ToolFlag

pytestmark = pytest.mark.asyncio


class Call:
    """A session, a speech and a job, as the tool uses them."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.spoken: list[Any] = []
        self.closed: list[Any] = []
        session = SimpleNamespace(shutdown=lambda: self.done.append("session"), once=self.once)
        speech = SimpleNamespace(add_done_callback=self.spoken.append)
        self.context: Any = SimpleNamespace(session=session, speech_handle=speech)
        self.at_shutdown: list[Any] = []

    def once(self, event: str, callback: Any) -> None:
        assert event == "close"
        self.closed.append(callback)

    def shutdown(self, reason: str) -> None:
        self.done.append(reason)

    def add_shutdown_callback(self, callback: Any) -> None:
        self.at_shutdown.append(callback)

    async def delete_room(self) -> None:
        self.done.append("room")

    def end(self) -> None:
        for callback in self.spoken:
            callback(None)
        for callback in self.closed:
            callback(SimpleNamespace(reason=SimpleNamespace(value="user_initiated")))


def tool_of(tools: EndCallTool) -> Any:
    return ToolContext([tools]).function_tools["end_call"]


async def test_the_call_ends_once_the_last_word_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    call = Call()
    monkeypatch.setattr(end_call, "get_job_context", lambda *, required: call)
    tool = tool_of(EndCallTool(extra_description="Say bye first.", ignore_on_enter=True))
    assert tool.schema.description.endswith("Say bye first.")
    assert tool.flags & ToolFlag.IGNORE_ON_ENTER
    assert tool.schema.parameters.get("properties", {}) == {}
    assert await tool(ctx=call.context) == "say goodbye to the user"
    assert call.done == []
    call.end()
    assert call.done == ["session", "user_initiated"]
    for callback in call.at_shutdown:
        await callback()
    assert call.done[-1] == "room"


async def test_a_room_may_stay_and_there_may_be_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    call = Call()
    monkeypatch.setattr(end_call, "get_job_context", lambda *, required: call)
    assert await tool_of(EndCallTool(delete_room=False, end_instructions=None))(ctx=call.context) is None
    call.end()
    assert call.at_shutdown == []
    alone = Call()
    monkeypatch.setattr(end_call, "get_job_context", lambda *, required: None)
    await tool_of(EndCallTool())(ctx=alone.context)
    alone.end()
    assert alone.done == ["session"]


async def test_who_is_told_may_change_the_last_word() -> None:
    told: list[str] = []

    async def called(event: EndCallTool.ToolCalledEvent) -> None:
        told.append("called")
        assert event.arguments == {}

    async def completed(event: EndCallTool.ToolCompletedEvent) -> None:
        told.append("completed")
        event.output = "thank the user"

    tool = tool_of(EndCallTool(on_tool_called=called, on_tool_completed=completed))
    assert await tool(ctx=Call().context) == "thank the user"
    assert told == ["called", "completed"]
