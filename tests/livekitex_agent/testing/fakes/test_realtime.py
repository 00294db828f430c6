"""The scripted realtime model: each edge that a session has to live with."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from livekitex_agent.testing.fakes import FakeRealtimeModel, FakeRealtimeSession, ScriptedReply
from livekitex_agent.testing.fakes.realtime import FULL_CAPABILITIES, MAX_EVENTS
from protocols import (
    AudioChunk,
    ChatContext,
    ChatMessage,
    FunctionCall,
    FunctionCallOutput,
    GenerationAudio,
    GenerationCall,
    GenerationCreated,
    GenerationFinished,
    GenerationRefused,
    GenerationStatus,
    GenerationText,
    InputCommitted,
    InputSpeechStarted,
    InputSpeechStopped,
    InputTranscribed,
    ProviderError,
    RealtimeCapabilities,
    RealtimeFailed,
    RealtimeSetup,
    Reconnected,
    Role,
    ToolChoice,
)
from support import virtual_time
from support.scripted_providers import spoken

HZ = 24_000
SPEECH = spoken("what is a pizza", HZ)
CALL = FunctionCall(call_id="c", name="price", arguments="{}")


def told(
    test: Callable[[FakeRealtimeSession], Awaitable[None]], *replies: ScriptedReply, detects: bool = True, **capabilities: Any
) -> list[Any]:
    """What the session tells while ``test`` uses it, until it is quiet."""

    async def work() -> list[Any]:
        offered = RealtimeCapabilities(**{name: getattr(FULL_CAPABILITIES, name) for name in RealtimeCapabilities.__slots__} | capabilities)
        model = FakeRealtimeModel(replies or (ScriptedReply(text="Nine dollars."),), ("what is a pizza", "and a salad"), offered)
        session = model.session(RealtimeSetup(turn_detection=detects))
        events: list[Any] = []

        async def read() -> None:
            events.extend([event async for event in session])

        reading = asyncio.ensure_future(read())
        await test(session)
        await model.aclose()
        await reading
        return events

    return virtual_time.run(work())


def push(session: FakeRealtimeSession, pcm: bytes) -> None:
    for at in range(0, len(pcm), 960):
        session.push_audio(AudioChunk(pcm=pcm[at : at + 960], rate_hz=HZ))


async def quiet(session: FakeRealtimeSession) -> None:
    """Until no answer goes on."""
    while session._generation is not None and not session._generation.done():
        await asyncio.wait((session._generation,))


def kinds(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events if not isinstance(event, GenerationText | GenerationAudio)]


def test_the_caller_s_turn_is_found_transcribed_and_answered_unasked() -> None:
    async def test(session: FakeRealtimeSession) -> None:
        push(session, bytes(HZ) + SPEECH + bytes(HZ))
        await quiet(session)

    events = told(test)
    assert kinds(events) == [
        *("InputSpeechStarted", "InputSpeechStopped", "InputCommitted", "InputTranscribed", "GenerationCreated", "GenerationFinished"),
    ]
    started, stopped = (next(event for event in events if isinstance(event, kind)) for kind in (InputSpeechStarted, InputSpeechStopped))
    assert (started.at_ms, stopped.at_ms) == (500, 500 + 150)
    assert "".join(event.text for event in events if isinstance(event, GenerationText)) == "Nine dollars. "


def test_the_transcript_may_come_after_the_answer() -> None:
    async def test(session: FakeRealtimeSession) -> None:
        push(session, SPEECH + bytes(HZ))
        await quiet(session)

    events = told(test, ScriptedReply(text="Nine.", late_transcript=True))
    assert kinds(events)[-2:] == ["GenerationFinished", "InputTranscribed"]
    committed = next(event for event in events if isinstance(event, InputCommitted))
    assert events[-1] == InputTranscribed(item_id=committed.item_id, transcript=events[-1].transcript, is_final=True)


def test_the_caller_interrupts_by_speaking() -> None:
    async def test(session: FakeRealtimeSession) -> None:
        session.generate_reply("r")
        push(session, SPEECH)

    events = told(test, ScriptedReply(text="One two three", delay_s=1.0))
    assert kinds(events) == ["GenerationCreated", "GenerationFinished", "InputSpeechStarted"]
    assert events[1].status is GenerationStatus.CANCELLED


def test_a_lost_connection_fails_the_answer_and_loses_what_was_not_committed() -> None:
    async def test(session: FakeRealtimeSession) -> None:
        push(session, bytes(960))
        session.generate_reply("r")
        session.lose_connection()
        session.commit_audio()

    events = told(test, ScriptedReply(text="One", delay_s=1.0))
    assert kinds(events) == ["GenerationCreated", "GenerationFinished", "Reconnected", "RealtimeFailed"]
    assert (events[1].status, events[1].failure.retryable) == (GenerationStatus.FAILED, True)


def test_an_answer_that_fails_says_why_behind_what_it_said() -> None:
    failure = ProviderError("overloaded", retryable=True)

    async def test(session: FakeRealtimeSession) -> None:
        session.generate_reply("r")
        await quiet(session)

    events = told(test, ScriptedReply(text="One", calls=(CALL,), failure=failure))
    assert [type(event) for event in events] == [GenerationCreated, GenerationText, GenerationAudio, GenerationCall, GenerationFinished]
    assert events[-1].failure is failure


def test_the_session_fails_for_good() -> None:
    async def test(session: FakeRealtimeSession) -> None:
        session.generate_reply("r")
        session.fail(ProviderError("gone", retryable=False))
        with pytest.raises(ProviderError, match="the session is over"):
            session.interrupt()

    with pytest.raises(ProviderError, match="gone"):
        told(test, ScriptedReply(text="One", delay_s=1.0))


def test_results_of_tools_are_answered_unasked_where_the_model_does_so() -> None:
    results = ChatContext((ChatMessage.of(Role.USER, "price"), CALL, FunctionCallOutput(call_id="c", name="price", output="9")))

    async def test(session: FakeRealtimeSession) -> None:
        await session.update_chat_context(results)
        await session.update_chat_context(results)
        await quiet(session)

    assert kinds(told(test)) == []
    assert kinds(told(test, auto_tool_reply=True)) == ["GenerationCreated", "GenerationFinished"]


def test_tools_for_one_reply_are_refused_where_the_model_takes_none() -> None:
    async def test(session: FakeRealtimeSession) -> None:
        session.generate_reply("one", tools=())
        session.generate_reply("two", tool_choice=ToolChoice.REQUIRED)

    assert kinds(told(test, choice_per_reply=False)) == ["GenerationRefused", "GenerationRefused"]
    assert "GenerationCreated" in kinds(told(test))


@pytest.mark.parametrize("audio_end_ms", [-1, 1_000_000])
def test_no_more_is_truncated_than_there_is(audio_end_ms: int) -> None:
    async def test(session: FakeRealtimeSession) -> None:
        session.generate_reply("r")
        await quiet(session)
        item_id = next(iter(session._heard_ms))
        session.truncate(item_id, audio_end_ms=20, text="N")
        session.truncate(item_id, audio_end_ms=audio_end_ms, text="Nine")

    assert kinds(told(test))[-1:] == ["RealtimeFailed"]


def test_a_test_has_it_tell_whatever_it_wants_within_a_bound() -> None:
    async def test(session: FakeRealtimeSession) -> None:
        for _ in range(MAX_EVENTS):
            session.emit(Reconnected())
        with pytest.raises(ProviderError, match=f"more than {MAX_EVENTS} events"):
            session.emit(Reconnected())

    assert len(told(test)) == MAX_EVENTS


def test_the_last_reply_and_transcript_come_again() -> None:
    async def test(session: FakeRealtimeSession) -> None:
        for number in range(3):
            push(session, SPEECH)
            session.commit_audio()
            session.generate_reply(f"r{number}")
            await quiet(session)

    events = told(test, ScriptedReply(text="one"), ScriptedReply(text="two"), detects=False)
    assert [event.transcript.text for event in events if isinstance(event, InputTranscribed)] == ["what is a pizza", *["and a salad"] * 2]
    assert [event.text for event in events if isinstance(event, GenerationText)] == ["one ", "two ", "two "]
    assert not any(isinstance(event, GenerationFinished) and event.failure for event in events)
    assert not any(isinstance(event, GenerationRefused | RealtimeFailed) for event in events)
