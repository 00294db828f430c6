import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from livekitex_agent.speech_handle import SpeechHandle
from protocols import AgentMessage, CallEnded, CommandAccepted, CommandDone, Say, SessionUnavailableError
from support.handle_harness import Harness, handle_harness, said

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    async with handle_harness() as harness:
        await harness.subscribe()
        yield harness


async def say(harness: Harness, command_id: str | None = None) -> SpeechHandle:
    saying = asyncio.create_task(harness.session.say("hello", command_id=command_id))
    request = await harness.tree.request(Say)
    harness.tree.answer(request, CommandAccepted(command_id=request.message.command_id))  # type: ignore[attr-defined]
    return await saying


async def test_its_outcome_is_what_was_heard_of_it_and_of_no_other(harness: Harness) -> None:
    speech = await say(harness)
    heard = asyncio.create_task(speech.wait_for_playout())
    harness.push(1, said("a reply"))
    harness.push(2, CommandDone(command_id="another"))
    harness.push(3, AgentMessage(speech_id="s", text="hel", interrupted=True))
    assert not speech.interrupted
    harness.push(4, CommandDone(command_id=speech.command_id))
    assert await heard == AgentMessage(speech_id="s", text="hel", interrupted=True)
    assert speech.interrupted
    assert (await speech.wait_for_playout()).text == "hel", "it is told as often as it is asked"


async def test_what_ended_while_its_command_was_on_its_way_is_found(harness: Harness) -> None:
    saying = asyncio.create_task(harness.session.say("hello"))
    request = await harness.tree.request(Say)
    command_id = request.message.command_id  # type: ignore[attr-defined]
    harness.push(1, said("hello"))
    harness.push(2, CommandDone(command_id=command_id))
    harness.tree.answer(request, CommandAccepted(command_id=command_id))
    speech = await saying
    assert (await speech.wait_for_playout()).text == "hello"
    assert not speech.interrupted


async def test_a_command_that_is_sent_again_finds_what_was_said_before(harness: Harness) -> None:
    harness.push(1, said("hello"))
    harness.push(2, CommandDone(command_id="mine"))
    async for pushed in harness.session.events():
        if pushed.number == 2:
            break
    speech = await say(harness, "mine")
    assert (await speech.wait_for_playout()).text == "hello"


async def test_waiting_has_a_limit_and_ends_with_the_call(harness: Harness) -> None:
    speech = await say(harness)
    with pytest.raises(TimeoutError):
        await speech.wait_for_playout(timeout_s=0.01)
    harness.push(1, said("another"))
    harness.push(2, CallEnded(reason="normal"))
    with pytest.raises(SessionUnavailableError, match=f"has ended before the speech {speech.command_id} was heard"):
        await speech.wait_for_playout()
