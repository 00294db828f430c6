import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from livekitex_agent.client import request_sender as request_sender_module
from livekitex_agent.client.connection import Connection
from livekitex_agent.client.request_sender import RequestSender, expect
from protocols import (
    CommandAccepted,
    ErrorReply,
    InternalError,
    InvalidToolError,
    Message,
    MessageTooLargeError,
    NameChanged,
    Ref,
    SendText,
    SessionUnavailableError,
    SystemClock,
    SystemUnavailableError,
)
from support.fake_launcher import FakeTree, close_connection, open_connection

pytestmark = pytest.mark.asyncio

TEXT = SendText(command_id="1", text="a pizza")
ACCEPTED = CommandAccepted(command_id="1")


class Harness:
    connection: Connection
    tree: FakeTree
    requests: RequestSender

    def pushed(self, message: Any) -> None:
        if isinstance(message, NameChanged):
            self.requests.name_changed(message)

    def deliver(self, timeout_s: float = 10.0, message: Message = TEXT) -> "asyncio.Task[Message]":
        return asyncio.create_task(self.requests.deliver("agent_session/c", "SendText", message, timeout_s=timeout_s))


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    harness = Harness()
    harness.connection, harness.tree = await open_connection(harness.pushed)
    harness.requests = RequestSender(harness.connection, SystemClock())
    yield harness
    await close_connection(harness.connection, harness.tree)


async def test_a_request_is_answered(harness: Harness) -> None:
    delivered = harness.deliver()
    request = await harness.tree.request(SendText)
    assert request.message == TEXT
    harness.tree.answer(request, ACCEPTED)
    assert await delivered == ACCEPTED
    assert harness.requests._pending == {}


async def test_it_goes_on_through_a_restart_under_the_same_id(harness: Harness) -> None:
    delivered = harness.deliver()
    await harness.tree.request(SendText)
    harness.tree.name_gone("agent_session/c")
    harness.tree.name("agent_session/c", 2)
    request = await harness.tree.request(SendText)
    assert request.message == TEXT
    harness.tree.answer(request, ACCEPTED)
    assert await delivered == ACCEPTED


async def test_it_is_sent_again_when_nobody_has_the_name_yet(harness: Harness) -> None:
    delivered = harness.deliver()
    harness.tree.leave_unanswered(await harness.tree.request(SendText))
    harness.tree.answer(await harness.tree.request(SendText), ACCEPTED)
    await delivered


async def test_a_request_that_speaks_of_time_is_made_anew_for_each_attempt(harness: Harness) -> None:
    texts = iter(["one", "two", "three"])
    making = harness.requests.deliver_made("n", "work", lambda: SendText(command_id="1", text=next(texts)), timeout_s=10.0)
    delivered = asyncio.create_task(making)
    request = await harness.tree.request(SendText)
    harness.tree.leave_unanswered(request)
    assert (await harness.tree.request(SendText)).message == SendText(command_id="1", text="two")
    harness.tree.name("n", 2)
    request = await harness.tree.request(SendText)
    assert request.message == SendText(command_id="1", text="three")
    harness.tree.answer(request, ACCEPTED)
    assert await delivered == ACCEPTED


async def test_only_the_answer_to_the_newest_attempt_counts(harness: Harness) -> None:
    delivered = harness.deliver()
    first = await harness.tree.request(SendText)
    harness.tree.name("agent_session/c", 2)
    second = await harness.tree.request(SendText)
    harness.tree.answer(first, ErrorReply(error="CapacityError", text="64 commands wait", retryable=True))
    harness.tree.answer(second, ACCEPTED)
    assert await delivered == ACCEPTED


async def test_a_recipient_that_is_slow_is_asked_once(harness: Harness) -> None:
    delivered = harness.deliver(timeout_s=1.0)
    await harness.tree.request(SendText)
    with pytest.raises(SessionUnavailableError):
        await delivered
    assert harness.tree.quiet()


async def test_a_refusal_is_raised(harness: Harness) -> None:
    delivered = harness.deliver()
    harness.tree.answer(await harness.tree.request(SendText), ErrorReply(error="InvalidToolError", text="no such tool", retryable=False))
    with pytest.raises(InvalidToolError, match="no such tool"):
        await delivered


async def test_its_deadline_is_kept(harness: Harness) -> None:
    with pytest.raises(SessionUnavailableError, match=r"SendText was not accepted within 0.01 s"):
        await harness.deliver(timeout_s=0.01)


async def test_the_end_of_the_call_is_told_at_once_and_late_answers_are_dropped(harness: Harness) -> None:
    delivered = harness.deliver()
    request = await harness.tree.request(SendText)
    harness.tree.name_gone("agent_session/c", "normal", final=True)
    harness.tree.answer(request, ACCEPTED)
    with pytest.raises(SessionUnavailableError, match=r"the call has ended \(normal\)"):
        await delivered


async def test_a_call_known_to_have_ended_is_not_asked(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_sender_module, "MAX_ENDED", 1)
    for name in ("agent_session/other", "agent_session/c"):
        harness.requests.name_changed(NameChanged(name=name, ref=None, reason="normal", final=True))
    with pytest.raises(SessionUnavailableError, match=r"the call has ended \(normal\)"):
        await harness.deliver()
    assert list(harness.requests._ended) == ["agent_session/c"]
    harness.requests.name_changed(NameChanged(name="agent_session/c", ref=Ref(id="agent_session/c", uid="2", address="there")))
    delivered = harness.deliver()
    harness.tree.answer(await harness.tree.request(SendText), ACCEPTED)
    await delivered


async def test_the_end_of_the_system_is_told_to_all(harness: Harness) -> None:
    delivered = [harness.deliver(), harness.deliver()]
    await harness.tree.request(SendText)
    harness.requests.end(SystemUnavailableError("gone"))
    for each in delivered:
        with pytest.raises(SystemUnavailableError, match="gone"):
            await each


async def test_what_cannot_be_sent_is_raised(harness: Harness) -> None:
    with pytest.raises(MessageTooLargeError):
        await harness.deliver(message=SendText(command_id="1", text="x" * 10_000_000))


async def test_who_stops_waiting_stops_the_sending(harness: Harness) -> None:
    delivered = harness.deliver()
    request = await harness.tree.request(SendText)
    delivered.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivered
    harness.tree.answer(request, ACCEPTED)
    assert harness.requests._pending == {}


async def test_an_answer_of_another_kind_is_our_bug() -> None:
    assert expect(CommandAccepted, ACCEPTED) is ACCEPTED
    with pytest.raises(InternalError, match="expected SendText, got CommandAccepted"):
        expect(SendText, ACCEPTED)
