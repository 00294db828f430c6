"""A speech of the agent's: waiting for it, stopping it, and who is told of its end."""

import asyncio
import gc
import logging
from typing import Any

import pytest

from livekitex_agent.voice.speech_handle import TOOL_SPEECH, SpeechHandle

pytestmark = pytest.mark.asyncio


def speech(**arguments: Any) -> SpeechHandle:
    return SpeechHandle(**{"speech_id": "s", "allow_interruptions": True, **arguments})


async def test_it_is_interrupted_once_and_not_where_it_does_not_allow_it() -> None:
    asked: list[bool] = []
    handle = speech(allow_interruptions=False, interrupting=lambda _handle, force: asked.append(force))
    with pytest.raises(RuntimeError, match="does not allow interruptions"):
        handle.interrupt()
    assert not handle.interrupted
    assert handle.interrupt(force=True).interrupt() is handle
    assert asked == [True]
    handle.allow_interruptions = True
    with pytest.raises(RuntimeError, match="already interrupted"):
        handle.allow_interruptions = False


async def test_what_is_over_stays_as_it_is() -> None:
    handle = speech(allow_interruptions=False, interrupting=lambda *_: pytest.fail("nothing is left to stop"))
    with pytest.raises(asyncio.InvalidStateError):
        handle.exception()
    failure = ValueError("broken")
    handle.mark_done(failure)
    handle.mark_done()
    assert handle.exception() is failure
    assert handle.interrupt() is handle
    assert not handle.interrupted
    assert await handle is handle


async def test_a_waiter_that_is_cancelled_takes_it_from_no_other() -> None:
    handle = speech()
    first, second = (asyncio.create_task(handle.wait_for_playout()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    assert not handle.done()
    handle.mark_done()
    await second
    assert first.cancelled()


async def test_callbacks_are_told_once_in_order_and_none_hinders_another(caplog: pytest.LogCaptureFixture) -> None:
    handle, told = speech(), []

    def broken(_handle: SpeechHandle) -> None:
        told.append("broken")
        raise RuntimeError("callback")

    def first(_handle: SpeechHandle) -> None:
        told.append("first")

    def never(_handle: SpeechHandle) -> None:
        told.append("never")

    for callback in (broken, first, first, never):
        handle.add_done_callback(callback)
    for _ in range(2):
        handle.remove_done_callback(never)
    with caplog.at_level(logging.WARNING):
        handle.mark_done()
    assert told == ["broken", "first"]
    assert "error in done_callback" in caplog.text
    late = asyncio.Event()
    handle.add_done_callback(lambda over: (told.append(over.id), late.set()))
    assert told == ["broken", "first"]
    await late.wait()
    assert told[2:] == ["s"]


@pytest.mark.parametrize("ending", ["interrupt", "cancel"])
async def test_waiting_for_others_ends_with_it_and_leaves_them_and_nothing_behind(ending: str) -> None:
    complaints: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))
    handle, other = speech(), loop.create_future()
    waiting = asyncio.create_task(handle.wait_if_not_interrupted([other]))
    await asyncio.sleep(0)
    if ending == "interrupt":
        handle.interrupt()
        await waiting
    else:
        waiting.cancel()
        await asyncio.wait([waiting])
    del waiting
    for _ in range(3):
        await asyncio.sleep(0)
    gc.collect()
    assert not other.done()
    assert complaints == []


async def test_waiting_for_others_raises_none_of_their_exceptions_and_for_none_not_at_all() -> None:
    handle, failed = speech(), asyncio.get_running_loop().create_future()
    failed.set_exception(ValueError("theirs"))
    await handle.wait_if_not_interrupted([failed])
    await handle.wait_if_not_interrupted([])


@pytest.mark.parametrize("mark", [SpeechHandle.mark_spoken, SpeechHandle.mark_done])
async def test_what_is_said_before_its_tools_is_waited_for_also_if_it_ends_before(mark: Any) -> None:
    handle = speech()
    waiting = asyncio.create_task(handle.wait_until_spoken())
    await asyncio.sleep(0)
    assert not waiting.done()
    for _ in range(2):
        mark(handle)
    await waiting


async def test_a_tool_may_not_wait_for_its_own_speech_but_a_task_that_it_starts_may() -> None:
    handle = speech()
    TOOL_SPEECH.set((handle, asyncio.current_task()))
    with pytest.raises(RuntimeError, match="from inside the function tool"):
        await handle
    hangs_up_later = asyncio.create_task(handle.wait_for_playout())
    await asyncio.sleep(0)
    assert not hangs_up_later.done()
    handle.mark_done()
    await hangs_up_later
