import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from livekitex_agent.gateway.frames import Request
from livekitex_agent.speech_handle import SpeechHandle
from protocols import (
    AgentMessage,
    CallEnded,
    CancelResponse,
    CommandAccepted,
    CommandDone,
    ExtendSpeech,
    Say,
    SessionUnavailableError,
    SpeechCreated,
    SpeechDone,
    SpeechOutcome,
    UsageError,
)
from support.handle_harness import Harness, handle_harness, said

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    async with handle_harness() as harness:
        await harness.subscribe()
        yield harness


async def say(harness: Harness, command_id: str | None = None, speech_id: str = "speech-1") -> SpeechHandle:
    saying = asyncio.create_task(harness.session.say("hello", command_id=command_id))
    request = await harness.tree.request(Say)
    harness.tree.answer(request, CommandAccepted(command_id=request.message.command_id, speech_id=speech_id))  # type: ignore[attr-defined]
    return await saying


def created(speech_id: str, command_id: str) -> SpeechCreated:
    return SpeechCreated(
        speech_id=speech_id, source="say", priority=5, allow_interruptions=True, user_initiated=True, command_id=command_id
    )


def message(speech_id: str, text: str, *, interrupted: bool = False) -> AgentMessage:
    return AgentMessage(speech_id=speech_id, text=text, interrupted=interrupted)


def over(speech_id: str, command_id: str, outcome: SpeechOutcome = SpeechOutcome.COMPLETED) -> SpeechDone:
    return SpeechDone(speech_id=speech_id, source="say", outcome=outcome, command_id=command_id)


async def test_its_outcome_is_what_was_heard_of_it_and_of_no_other(harness: Harness) -> None:
    speech = await say(harness)
    assert (speech.speech_id, speech.source, speech.outcome, speech.done()) == ("speech-1", "say", None, False)
    heard = asyncio.create_task(speech.wait_for_playout())
    harness.push(1, created("speech-1", speech.command_id))
    harness.push(2, message("speech-0", "a reply"))
    harness.push(3, over("speech-0", "another"))
    harness.push(4, message("speech-1", "hel", interrupted=True))
    harness.push(5, message("speech-2", "something else that is over before"))
    assert not speech.interrupted
    harness.push(6, over("speech-1", speech.command_id, SpeechOutcome.INTERRUPTED))
    assert await heard == message("speech-1", "hel", interrupted=True)
    assert (speech.outcome, speech.interrupted, speech.done()) == (SpeechOutcome.INTERRUPTED, True, True)
    assert (await speech).text == "hel", "it is told as often as it is asked"


async def test_what_ended_while_its_command_was_on_its_way_is_found(harness: Harness) -> None:
    saying = asyncio.create_task(harness.session.say("hello"))
    request = await harness.tree.request(Say)
    command_id = request.message.command_id  # type: ignore[attr-defined]
    for number, event in enumerate((created("speech-1", command_id), message("speech-1", "hello"), over("speech-1", command_id)), 1):
        harness.push(number, event)
    harness.tree.answer(request, CommandAccepted(command_id=command_id, speech_id="speech-1"))
    speech = await saying
    assert (await speech.wait_for_playout()).text == "hello"
    assert not speech.interrupted


async def test_a_command_that_is_sent_again_finds_what_was_said_before(harness: Harness) -> None:
    events = (created("speech-9", "mine"), message("speech-9", "hello"), over("speech-9", "mine"), CommandDone(command_id="mine"))
    for number, event in enumerate(events, 1):
        harness.push(number, event)
    async for pushed in harness.session.events():
        if pushed.number == len(events):
            break
    speech = await say(harness, "mine", speech_id="")
    assert (await speech.wait_for_playout()).text == "hello"
    assert speech.speech_id == "speech-9"
    await speech.interrupt()  # it is over


async def test_one_whose_words_were_missed_has_ended_all_the_same(harness: Harness) -> None:
    speech = await say(harness)
    harness.push(1, over("speech-1", speech.command_id, SpeechOutcome.FAILED))
    assert await speech == message("speech-1", "", interrupted=True)
    assert speech.outcome is SpeechOutcome.FAILED


async def test_waiting_has_a_limit_and_ends_with_the_call(harness: Harness) -> None:
    speech = await say(harness)
    with pytest.raises(TimeoutError):
        await speech.wait_for_playout(timeout_s=0.01)
    harness.push(1, said("another"))
    harness.push(2, CallEnded(reason="normal"))
    with pytest.raises(SessionUnavailableError, match=f"has ended before the speech {speech.command_id} was heard"):
        await speech.wait_for_playout()
    assert speech.done()
    assert speech.outcome is None


async def test_callbacks_are_told_of_its_end_also_if_it_has_ended(harness: Harness) -> None:
    speech = await say(harness)
    told: asyncio.Queue[tuple[str, SpeechHandle]] = asyncio.Queue()
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context["exception"]))

    def fails(_speech: SpeechHandle) -> None:
        raise ValueError("not mine")

    speech.add_done_callback(fails)
    speech.add_done_callback(lambda handle: told.put_nowait(("first", handle)))
    assert told.empty()
    harness.push(1, message("speech-1", "hello"))
    harness.push(2, over("speech-1", speech.command_id))
    async with asyncio.timeout(30):
        assert await told.get() == ("first", speech)
        speech.add_done_callback(lambda handle: told.put_nowait(("late", handle)))
        assert await told.get() == ("late", speech)
    assert [str(failure) for failure in failures] == ["not mine"]


async def test_it_is_stopped_by_its_id(harness: Harness) -> None:
    speech = await say(harness)
    stopping = asyncio.create_task(speech.interrupt(force=True))
    request = await harness.tree.request(CancelResponse)
    assert isinstance(request.message, CancelResponse)
    assert (request.message.speech_id, request.message.force) == ("speech-1", True)
    harness.tree.answer(request, CommandAccepted(command_id=request.message.command_id))
    await stopping


async def bits(*texts: str | Exception) -> AsyncIterator[str]:
    for text in texts:
        if isinstance(text, Exception):
            raise text
        yield text


async def begin(harness: Harness, text: AsyncIterator[str] | list[str], **options: Any) -> SpeechHandle:
    """Have a text said that comes bit by bit."""
    saying = asyncio.create_task(harness.session.say(text, **options))
    request = await harness.tree.request(Say)
    assert isinstance(request.message, Say)
    assert (request.message.text, request.message.open) == ("", True)
    harness.tree.answer(request, CommandAccepted(command_id=request.message.command_id, speech_id="speech-1"))
    return await saying


async def take(harness: Harness) -> ExtendSpeech:
    """The call takes the next piece."""
    request = await harness.tree.request(ExtendSpeech)
    assert isinstance(request.message, ExtendSpeech)
    harness.tree.answer(request, CommandAccepted(command_id=request.message.command_id))
    return request.message


async def test_a_text_that_comes_bit_by_bit_follows_its_command_piece_by_piece(harness: Harness) -> None:
    speech = await begin(harness, bits("Your table is re", "ady. Please ", "come in."), command_id="mine")
    first, second = await take(harness), await take(harness)
    assert first == ExtendSpeech(command_id="mine.1", speech_id="speech-1", text="Your table is ready.")
    assert second == ExtendSpeech(command_id="mine.2", speech_id="speech-1", text=" Please come in.", last=True)
    harness.push(1, message("speech-1", "Your table is ready. Please come in."))
    harness.push(2, over("speech-1", "mine"))
    assert (await speech).text == "Your table is ready. Please come in."


async def test_what_its_iterator_raised_is_raised_once_the_speech_is_over(harness: Harness) -> None:
    speech = await begin(harness, bits("One is done. ", ValueError("no more")))
    piece = await take(harness)
    assert (piece.text, piece.last) == ("One is done. ", True)
    harness.push(1, message("speech-1", "One is done."))
    harness.push(2, over("speech-1", speech.command_id))
    with pytest.raises(ValueError, match="no more"):
        await speech.wait_for_playout()
    assert speech.done()
    assert speech.outcome is SpeechOutcome.COMPLETED


async def test_nothing_more_is_asked_of_its_iterator_once_it_is_over(harness: Harness) -> None:
    asked_again, left = asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncIterator[str]:
        yield "One is done. And"
        asked_again.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    speech = await begin(harness, endless())
    await take(harness)
    await asked_again.wait()
    harness.push(1, message("speech-1", "One is", interrupted=True))
    harness.push(2, over("speech-1", speech.command_id, SpeechOutcome.INTERRUPTED))
    assert (await speech).text == "One is"
    async with asyncio.timeout(30):
        await left.wait()


async def test_a_text_is_said_again_under_its_id_and_not_fed_where_it_is_over(harness: Harness) -> None:
    saying = asyncio.create_task(harness.session.say(["One."], command_id="mine"))
    request = await harness.tree.request(Say)
    harness.tree.answer(request, CommandAccepted(command_id="mine", speech_id=""))
    speech = await saying
    harness.push(1, over("speech-4", "mine"))
    assert (await speech).text == ""
    stopping = asyncio.create_task(harness.session.cancel_response())
    request = await harness.tree.next(Request, lambda frame: isinstance(frame.message, ExtendSpeech | CancelResponse))
    assert isinstance(request.message, CancelResponse), "no piece came before it"
    harness.tree.answer(request, CommandAccepted(command_id="x"))
    await stopping


async def test_what_is_no_text_is_refused_at_once(harness: Harness) -> None:
    with pytest.raises(UsageError, match="text is a int: give a text, or an iterator of texts"):
        await harness.session.say(5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="give at most 56 characters"):
        await harness.session.say(["One."], command_id="x" * 57)
