"""Callbacks: who is called with what, and that none holds the call or another one."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from livekitex_agent import callbacks
from livekitex_agent.callbacks import MAX_CALLBACKS
from livekitex_agent.client.call import MAX_EVENTS
from protocols import (
    AgentMessage,
    CallbackFailed,
    CallEnded,
    CallStarted,
    CommandDone,
    EventPushed,
    EventsMissed,
    PlaybackProgress,
    SessionEvent,
    StateChanged,
    UsageError,
)
from support.handle_harness import Harness, handle_harness, said

pytestmark = pytest.mark.asyncio

WITHIN_S = 30.0


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    async with handle_harness() as harness:
        yield harness


class Calls:
    """A callback that remembers what it is called with."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._changed = asyncio.Event()

    async def __call__(self, event: SessionEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, wanted: Callable[[list[Any]], bool]) -> list[Any]:
        async with asyncio.timeout(WITHIN_S):
            while not wanted(self.events):
                self._changed.clear()
                await self._changed.wait()
        return self.events


def pushed(number: int, event: SessionEvent) -> EventPushed:
    return EventPushed(call_id="c", number=number, incarnation=1, wall_s=0.0, event=event)


def has(count: int) -> Callable[[list[Any]], bool]:
    return lambda events: len(events) >= count


async def test_it_is_called_for_the_events_of_its_classes_in_order(harness: Harness) -> None:
    one, two, everything = Calls(), Calls(), Calls()
    harness.session.on(AgentMessage, one)
    harness.session.on((AgentMessage, CallEnded), two)
    harness.session.on(SessionEvent, everything)
    events = [CallStarted(call_id="c"), said("a"), StateChanged(old="idle", new="thinking"), said("b"), CallEnded(reason="normal")]
    for number, event in enumerate(events, 1):
        harness.call.event(pushed(number, event))
    assert await everything.until(has(5)) == events
    assert await two.until(has(3)) == [said("a"), said("b"), CallEnded(reason="normal")]
    assert await one.until(has(2)) == [said("a"), said("b")]


async def test_any_callable_is_a_callback_and_gets_what_stands_around_the_event_if_it_asks(harness: Harness) -> None:
    got: asyncio.Queue[tuple[str, Any, Any]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def put(*item: Any) -> None:
        loop.call_soon_threadsafe(got.put_nowait, item)

    def plain(event: AgentMessage) -> None:
        put("plain", event, threading.current_thread() is threading.main_thread())

    def two(event: AgentMessage, around: EventPushed) -> None:
        put("two", event, around)

    async def asynchronous(event: AgentMessage, around: EventPushed) -> None:
        put("async", event, around)

    def gives_coroutine(event: AgentMessage) -> Any:
        return asynchronous(event, None)  # type: ignore[arg-type]

    for callback in (plain, two, asynchronous, gives_coroutine, partial(two), lambda event: put("lambda", event, None)):
        harness.session.on(AgentMessage, callback)
    around = pushed(1, said("a"))
    harness.call.event(around)
    async with asyncio.timeout(WITHIN_S):
        items = [await got.get() for _ in range(6)]
    assert sorted((name, event == said("a"), str(rest == around)) for name, event, rest in items) == [
        ("async", True, "False"),
        ("async", True, "True"),
        ("lambda", True, "False"),
        ("plain", True, "False"),
        ("two", True, "True"),
        ("two", True, "True"),
    ]
    assert ("plain", said("a"), False) in items, "it runs in a thread of its own"


async def test_as_a_decorator_and_from_a_number_of_the_past(harness: Harness) -> None:
    harness.call.event(pushed(1, said("past")))
    now, past = Calls(), Calls()

    @harness.session.on(AgentMessage)
    async def message(event: AgentMessage) -> None:
        await now(event)

    @harness.session.on(AgentMessage, from_number=1)
    async def older(event: AgentMessage) -> None:
        await past(event)

    assert message.__name__ == "message"
    harness.call.event(pushed(2, said("now")))
    assert await past.until(has(2)) == [said("past"), said("now")]
    assert await now.until(has(1)) == [said("now")]


async def test_one_that_is_taken_off_is_called_no_more(harness: Harness) -> None:
    gone, there = Calls(), Calls()
    harness.session.on(AgentMessage, gone)
    harness.session.on(CommandDone, gone)
    harness.session.on(SessionEvent, there)
    harness.call.event(pushed(1, said("a")))
    await gone.until(has(1))
    harness.session.off(gone)
    harness.session.off(gone)
    harness.session.off(print)
    harness.call.event(pushed(2, said("b")))
    harness.call.event(pushed(3, CommandDone(command_id="x")))
    await there.until(has(3))
    assert gone.events == [said("a")]


async def test_one_that_raises_is_told_and_goes_on_and_so_do_the_others(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    failures, well, seen = Calls(), Calls(), Calls()

    async def bad(event: AgentMessage) -> None:
        await seen(event)
        raise KeyError(event.text)

    def leaves(event: AgentMessage) -> None:
        raise SystemExit(event.text)

    for callback in (bad, leaves, well):
        harness.session.on(AgentMessage, callback)
    harness.session.on(CallbackFailed, failures)
    for number, text in enumerate("ab", 1):
        harness.call.event(pushed(number, said(text)))
        await failures.until(has(2 * number))
    assert {(event.event, event.callback.rpartition(".")[2], event.text, event.missed) for event in failures.events} == {
        ("agent_message", "bad", "KeyError: 'a'", 0),
        ("agent_message", "bad", "KeyError: 'b'", 0),
        ("agent_message", "leaves", "RuntimeError: SystemExit: a", 0),
        ("agent_message", "leaves", "RuntimeError: SystemExit: b", 0),
    }
    assert [event.text for event in seen.events] == ["a", "b"]
    assert [event.text for event in await well.until(has(2))] == ["a", "b"]
    assert "a callback failed" in caplog.text


async def test_who_fails_when_it_is_told_of_a_failure_is_told_by_the_log_alone(harness: Harness) -> None:
    called = Calls()

    async def worse(event: SessionEvent) -> None:
        await called(event)
        raise ValueError("again")

    harness.session.on((AgentMessage, CallbackFailed), worse)
    harness.call.event(pushed(1, said("a")))
    await called.until(has(2))
    harness.call.event(pushed(2, said("b")))
    kinds = [type(event) for event in await called.until(has(4))]
    assert kinds == [AgentMessage, CallbackFailed, AgentMessage, CallbackFailed]


@pytest.mark.parametrize("in_thread", [True, False])
async def test_one_that_hangs_holds_nobody_and_is_given_up(harness: Harness, monkeypatch: pytest.MonkeyPatch, in_thread: bool) -> None:
    monkeypatch.setattr(callbacks, "LIMIT_S", 0.05)
    release, begun, failures, others = threading.Event(), [], Calls(), Calls()

    def hangs(event: AgentMessage) -> None:
        begun.append(event)
        release.wait(WITHIN_S)

    async def hangs_async(event: AgentMessage) -> None:
        begun.append(event)
        await asyncio.Event().wait()

    try:
        harness.session.on(AgentMessage, hangs if in_thread else hangs_async)
        harness.session.on(CallbackFailed, failures)
        harness.session.on(AgentMessage, others)
        for number in range(1, 4):
            harness.call.event(pushed(number, said(str(number))))
        assert len(await others.until(has(3))) == 3
        (failure,) = await failures.until(has(1))
        assert "given up" in failure.text
        harness.call.event(pushed(4, said("4")))
        await others.until(has(4))
        assert len(begun) == 1, "it is called no more"
    finally:
        release.set()


async def test_one_that_is_too_slow_is_told_what_it_missed_and_goes_on(harness: Harness) -> None:
    free, failures, called = asyncio.Event(), Calls(), Calls()

    async def slow(event: SessionEvent) -> None:
        await called(event)
        await free.wait()

    harness.session.on((AgentMessage, EventsMissed), slow)
    harness.session.on(CallbackFailed, failures)
    last = 2 * MAX_EVENTS + 10
    for number in range(1, last + 1):
        harness.call.event(pushed(number, said(str(number))))
        await asyncio.sleep(0)
    harness.call.event(pushed(last + 1, CallEnded(reason="normal")))
    harness.call.end(UsageError("over"))
    free.set()
    events = await called.until(lambda events: bool(events) and events[-1] == said(str(last)))
    (missed,) = [event for event in events if isinstance(event, EventsMissed)]
    assert missed.count + len(events) - 1 == last


async def test_progress_reaches_it_too(harness: Harness) -> None:
    progress = Calls()
    harness.session.on(PlaybackProgress, progress)
    await asyncio.sleep(0)  # as any event that comes from the session is later than this turn of the loop
    harness.call.event(pushed(1, CallStarted(call_id="c")))
    event = PlaybackProgress(speech_id="s", position_ms=20, text="Wel")
    harness.call.event(pushed(1, event))
    assert await progress.until(has(1)) == [event]


async def test_an_iterator_gives_only_what_is_wanted(harness: Harness) -> None:
    events = [said("a"), CommandDone(command_id="x"), EventsMissed(count=1), said("b"), CallEnded(reason="normal")]
    for number, event in enumerate(events, 1):
        harness.call.event(pushed(number, event))
    assert [around.event async for around in harness.session.events(kinds=AgentMessage)] == [said("a"), EventsMissed(count=1), said("b")]


async def test_what_is_no_event_or_no_callback_is_refused(harness: Harness) -> None:
    for kinds in ("agent_message", int, (AgentMessage, str), EventPushed):
        with pytest.raises(UsageError, match="is no class of events"):
            harness.session.on(kinds, print)  # type: ignore[call-overload]
    for callback in (7, "print", lambda: None, lambda _a, _b, _c: None):
        with pytest.raises(UsageError, match=r"callback|called with the event"):
            harness.session.on(AgentMessage, callback)  # type: ignore[call-overload]


async def test_a_handle_has_a_bounded_number_of_them(harness: Harness) -> None:
    for _ in range(MAX_CALLBACKS):
        harness.session.on(AgentMessage, print)
    with pytest.raises(UsageError, match="64 callbacks already"):
        harness.session.on(AgentMessage, print)
    harness.session.off(print)
    harness.session.on(AgentMessage, print)
