import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from protocols import (
    AgentMessage,
    CallEnded,
    CancelResponse,
    ChatContext,
    CommandAccepted,
    CommitAudio,
    EndCall,
    GenerateReply,
    GetSession,
    InvalidAudioError,
    Message,
    Say,
    SendText,
    SessionInfo,
    SessionUnavailableError,
    SpeechPriority,
    StreamAudio,
    UpdateChatContext,
    UpdateInstructions,
)
from support.handle_harness import Harness, handle_harness, said

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    async with handle_harness() as harness:
        yield harness


@pytest.mark.parametrize(
    ("command", "kind", "fields"),
    [
        (lambda session: session.send_text("hi"), SendText, {"text": "hi"}),
        (
            lambda session: session.say("hi \ud83c", allow_interruptions=False, priority=SpeechPriority.HIGH),
            Say,
            {"text": "hi \ufffd", "allow_interruptions": False, "priority": 10},
        ),
        (
            lambda session: session.generate_reply(instructions="Ask. \ud83c", user_input="hi", priority=SpeechPriority.LOW),
            GenerateReply,
            {"instructions": "Ask. \ufffd", "user_input": "hi", "allow_interruptions": True, "priority": 0},
        ),
        (lambda session: session.commit_audio(), CommitAudio, {}),
        (lambda session: session.cancel_response(), CancelResponse, {}),
        (lambda session: session.update_instructions("Be brief. \ud83c"), UpdateInstructions, {"instructions": "Be brief. \ufffd"}),
        (lambda session: session.update_chat_context(ChatContext()), UpdateChatContext, {"context": ChatContext()}),
        (lambda session: session.end("bye"), EndCall, {"reason": "bye"}),
        (lambda session: session.send_text("a pizza \ud83c"), SendText, {"text": "a pizza \ufffd"}),
        (lambda session: session.end("no pizza \ud83c"), EndCall, {"reason": "no pizza \ufffd"}),
    ],
)
async def test_each_command_returns_its_id_once_it_is_accepted(
    harness: Harness, command: Any, kind: type[Message], fields: dict[str, Any]
) -> None:
    await harness.subscribe()
    accepted = asyncio.create_task(command(harness.session))
    request = await harness.tree.request(kind)
    message: Any = request.message
    assert {name: getattr(message, name) for name in fields} == fields
    assert not accepted.done()
    harness.tree.answer(request, CommandAccepted(command_id=message.command_id))
    taken = await accepted
    assert getattr(taken, "command_id", taken) == message.command_id


async def test_what_was_not_answered_is_tried_again_under_the_id_that_the_error_names(harness: Harness) -> None:
    await harness.subscribe()
    with pytest.raises(SessionUnavailableError, match=r"SendText \(command_id='\w+'\) was not accepted within 0.01 s") as caught:
        await harness.session.send_text("hi", timeout_s=0.01)
    assert caught.value.retryable
    first = (await harness.tree.request(SendText)).message
    again = asyncio.create_task(harness.session.send_text("hi", command_id=str(caught.value).split("'")[1]))
    request = await harness.tree.request(SendText)
    assert request.message == first
    harness.tree.answer(request, CommandAccepted(command_id="x"))
    assert await again in str(caught.value)


async def test_waiting_goes_on_where_the_last_waiting_ended(harness: Harness) -> None:
    await harness.subscribe()
    for number, text in enumerate(("hello", "one", "two", "three"), 1):
        harness.push(number, said(text))
    assert (await harness.session.wait_for(AgentMessage)).text == "hello"
    assert (await harness.session.wait_for(AgentMessage, lambda message: message.text.startswith("t"))).text == "two"
    assert (await harness.session.wait_for(AgentMessage)).text == "three"
    with pytest.raises(TimeoutError):
        await harness.session.wait_for(AgentMessage, timeout_s=0.0)
    harness.push(5, CallEnded(reason="normal"))
    with pytest.raises(SessionUnavailableError, match="the call c has ended without AgentMessage"):
        await harness.session.wait_for(AgentMessage)


async def test_waiting_begins_anew_with_the_call(harness: Harness) -> None:
    await harness.subscribe()
    for number, text in enumerate(("hello", "one"), 1):
        harness.push(number, said(text))
    for text in ("hello", "one"):
        assert (await harness.session.wait_for(AgentMessage)).text == text
    harness.tree.name("agent_session/c", 2)
    await harness.subscribe(os_pid=8)
    await harness.subscribe(os_pid=8)
    harness.push(1, said("hello again"))
    assert (await harness.session.wait_for(AgentMessage)).text == "hello again"


async def test_long_audio_is_taken_in_pieces(harness: Harness) -> None:
    await harness.subscribe()
    await harness.session.stream_audio(b"\0\0" * 20_000, 8_000)
    sizes = [len((await harness.tree.request(StreamAudio)).message.pcm) for _ in range(3)]  # type: ignore[union-attr]
    assert sizes == [16_000, 16_000, 8_000]


async def test_audio_that_nobody_takes_is_told_in_time(harness: Harness) -> None:
    with pytest.raises(SessionUnavailableError, match="audio was not taken within 0 s; try again"):
        await harness.session.stream_audio(b"\0\0", 8_000, timeout_s=0.0)
    with pytest.raises(InvalidAudioError):
        await harness.session.stream_audio(b"\0", 8_000)


async def test_a_session_is_asked_how_it_is(harness: Harness) -> None:
    asked = asyncio.create_task(harness.session.info())
    request = await harness.tree.request(GetSession)
    info = SessionInfo(call_id="c", state="idle", incarnation=1, os_pid=7, journal_path="", user_data_json="{}", history=ChatContext())
    harness.tree.answer(request, info)
    assert await asked == info
    assert harness.session.call_id == "c"
    asked_for_history = asyncio.create_task(harness.session.history())
    harness.tree.answer(await harness.tree.request(GetSession), info)
    assert await asked_for_history == ChatContext()
