"""Whatever a provider or a tool does wrong, the call goes on or is told of: through the whole actor, so that any engine has to stand it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.agent_session import SHARED_MEMORY_BYTES
from protocols import (
    SHUTDOWN,
    AgentMessage,
    CommandAccepted,
    CommandDone,
    EventPushed,
    ExitSignal,
    SendText,
    SessionError,
    Subscribe,
    Subscribed,
    ToolReturned,
)
from support.actor_host import ActorHost
from support.scripted_providers import agent
from support.wayward import RELEASED, wire

TOOLS = [wire(name) for name in ("sync_tool", "async_tool", "stuck_tool", "surrogates", "everybody_out")]


class Call:
    """A call with a wayward model and wayward tools."""

    def __init__(self, host: ActorHost) -> None:
        self.host = host
        self.sent = 0
        subscribed = host.up().mail.ask(Subscribe(from_number=1, audio=True))
        assert isinstance(subscribed, Subscribed)

    def say(self, text: str) -> list[Any]:
        """The events until ``text`` is done with."""
        self.sent += 1
        key = f"text-{self.sent}"
        before = len(self.host.mail.all(EventPushed))
        assert self.host.mail.ask(SendText(command_id=key, text=text)) == CommandAccepted(command_id=key)
        self.host.mail.wait_for(EventPushed, lambda pushed: pushed.event == CommandDone(command_id=key))
        return [pushed.event for pushed in self.host.mail.all(EventPushed)[before:]]

    def goes_on(self) -> None:
        """It answers."""
        (reply,) = [event for event in self.say("hello") if isinstance(event, AgentMessage)]
        assert reply.text.startswith("You said hello.")
        assert not self.host.over


@pytest.fixture
def host(tmp_path: Path) -> Iterator[ActorHost]:
    wired = agent(tools=TOOLS, llm={"factory": "support.wayward:llm", "options": {}})
    arguments = {"call_id": "c1", "agent": wired, "options": {"journal_dir": str(tmp_path), "retention_s": 0}}
    memory = memoryview(bytearray(SHARED_MEMORY_BYTES))
    found = ActorHost("actors.agent_session:AgentSession", arguments, actor_id="agent_session/c1", memory=memory)
    yield found
    if not found.over:
        found.mail.tell(ExitSignal(reason=str(SHUTDOWN), from_parent=True))
        found.wait_for_end()


def test_whatever_a_model_raises_the_turn_fails_and_the_call_goes_on(host: ActorHost) -> None:
    call = Call(host)
    for deed in ("await_cancelled_future", "cancel_oneself", "system_exit", "stop_iteration_in_a_thread", "dumb", "surrogate", "long"):
        errors = [event for event in call.say(f"do {deed}") if isinstance(event, SessionError)]
        assert [error.source for error in errors] == ["llm"], deed
        errors[0].text.encode()
    call.goes_on()


def test_whatever_a_model_gives_the_turn_fails_with_the_field_and_the_cure(host: ActorHost) -> None:
    call = Call(host)
    for value in ("none", "text_is_bytes", "call_is_a_map", "arguments_are_a_map"):
        (error,) = [event for event in call.say(f"give {value}") if isinstance(event, SessionError)]
        assert error.source == "llm", value
        assert error.text.startswith("support.wayward.Model: "), error.text
        assert "give " in error.text or "yield " in error.text
    call.goes_on()


def test_whatever_a_tool_raises_the_model_is_told(host: ActorHost) -> None:
    call = Call(host)
    for tool, deed in (
        ("sync_tool", "stop_iteration"),
        ("sync_tool", "cancelled"),
        ("sync_tool", "keyboard_interrupt"),
        ("sync_tool", "surrogate"),
        ("async_tool", "await_cancelled_task"),
        ("async_tool", "base_group"),
    ):
        events = call.say(f'use {tool} {{"deed": "{deed}"}}')
        (returned,) = [event for event in events if isinstance(event, ToolReturned)]
        assert not returned.ok, deed
        assert returned.result.startswith("error: "), returned.result
    call.goes_on()


def test_text_that_no_utf8_can_hold_is_mended(host: ActorHost) -> None:
    call = Call(host)
    (reply,) = [event for event in call.say("emoji") if isinstance(event, AgentMessage)]
    assert reply.text == "a pizza 🍕 and �."
    (returned,) = [event for event in call.say("use surrogates") if isinstance(event, ToolReturned)]
    assert returned.result == "a pizza �"
    for arguments in ('{"deed": "\\ud83c"}', "[]", "[" * 5_000):
        (returned,) = [event for event in call.say(f"use sync_tool {arguments}") if isinstance(event, ToolReturned)]
        assert not returned.ok, arguments
    call.goes_on()


def test_tools_that_never_return_are_told_of_and_end_the_life_at_last(host: ActorHost) -> None:
    call = Call(host)
    try:
        told = [event.result for _ in range(18) for event in call.say("use stuck_tool") if isinstance(event, ToolReturned)]
        assert set(told[:16]) == {"error: stuck_tool had no result after 0.02 s"}
        assert set(told[16:]) == {"error: stuck_tool was not run: 16 calls of tools have not returned, and hold all threads"}
        call.goes_on()
        host.mail.tell(SendText(command_id="last", text="use stuck_tool"))
        assert "the tools hold all their 16 threads and do not return" in str(host.wait_for_end())
    finally:
        RELEASED.set()


def test_code_that_cancels_every_task_ends_the_life_and_not_the_call(host: ActorHost) -> None:
    Call(host)
    host.mail.tell(SendText(command_id="one", text="use everybody_out"))
    assert "was cancelled by code that does not own it" in str(host.wait_for_end())
