"""Tests of the event loop in virtual time, and of actors on it."""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, TypeVar

import pytest

from protocols import Figures, GetFigures, Message, SimulationError
from supervision import Actor, ActorStart, SimRuntime, VirtualTimeLoop
from supervision.sim import event_loop
from support.virtual_time import passes

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("seconds", [0.0, 0.001, 3.0, 86_400.0])
def test_a_wait_takes_what_it_was_given_and_no_real_time(seconds: float) -> None:
    async def work() -> float:
        began = now()
        await passes(seconds)
        return now() - began

    assert run(work()) == pytest.approx(seconds, abs=1e-4)


def test_timers_come_in_their_order() -> None:
    async def work() -> list[str]:
        told: list[str] = []

        async def tell(name: str, after_s: float) -> None:
            await passes(after_s)
            told.append(name)

        await asyncio.gather(tell("late", 9.0), tell("early", 0.5), tell("middle", 2.0))
        return told

    assert run(work()) == ["early", "middle", "late"]


def test_a_call_in_a_thread_takes_no_time() -> None:
    async def work() -> float:
        asyncio.get_running_loop().call_later(3_600, pytest.fail, "the clock did not wait")
        began = now()
        assert await asyncio.to_thread(lambda: 7) == 7
        return now() - began

    assert run(work()) < 0.01


@pytest.mark.parametrize("limit_s", [0.5, None])
def test_time_goes_on_beside_a_call_that_does_not_end(monkeypatch: pytest.MonkeyPatch, limit_s: float | None) -> None:
    monkeypatch.setattr(event_loop, "HOLD_S", 0.01)

    async def work() -> float:
        over = threading.Event()
        began = now()
        call = asyncio.create_task(asyncio.to_thread(over.wait))
        if limit_s is not None:
            await asyncio.wait([call], timeout=limit_s)
        else:
            asyncio.get_running_loop().call_later(0.03, over.set)
            await call
        over.set()
        await call
        return now() - began

    assert run(work()) >= (limit_s or 0.03)


def test_a_call_that_nothing_waits_beside_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "HOLD_S", 0.001)

    async def work() -> int:
        over = threading.Event()
        threading.Timer(0.02, over.set).start()
        await asyncio.to_thread(over.wait)
        return 7

    assert run(work()) == 7


def test_beside_an_open_socket_time_is_real() -> None:
    async def work() -> tuple[float, bytes]:
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        with here, there:
            here.setblocking(False)
            loop.call_later(3_600, pytest.fail, "the clock did not wait")
            began = now()
            threading.Timer(0.02, there.send, [b"hello"]).start()
            data = await loop.sock_recv(here, 9)
            return now() - began, data

    took_s, data = run(work())
    assert data == b"hello"
    assert 0.0 < took_s < 60.0


def test_a_timer_beside_an_open_socket_comes() -> None:
    async def work() -> None:
        here, there = socket.socketpair()
        with here, there:
            here.setblocking(False)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await asyncio.get_running_loop().sock_recv(here, 9)

    run(work())


def test_a_program_that_is_stuck_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "STUCK_S", 0.01)
    loop = VirtualTimeLoop()
    forever = loop.create_task(asyncio.Event().wait())
    with pytest.raises(SimulationError, match="nothing is due, and nothing happens"):
        loop.run_until_complete(forever)
    forever.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(forever)
    loop.close()


def test_another_thread_wakes_it() -> None:
    async def work() -> int:
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        threading.Timer(0.01, loop.call_soon_threadsafe, [woken.set]).start()
        await woken.wait()
        assert isinstance(loop, VirtualTimeLoop)
        return loop.turns

    assert run(work()) >= 2


# Actors on it.


class Waiter(Actor):
    """Answers after as many seconds as its arguments say, from a timer of its own, and one of its actor's."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        if "raise" in args:
            raise ValueError(args["raise"])
        self.after_s = args["after_s"]

    def on_message(self, message: Message) -> None:
        if isinstance(message, GetFigures):
            reply = self.context.replier()
            loop = asyncio.get_running_loop()
            told = Figures(role="waiter", figures={})
            loop.call_later(self.after_s, lambda: self.context.post(lambda: self.context.after(1.0, lambda: reply(told))))


@pytest.fixture
def loop() -> Iterator[VirtualTimeLoop]:
    made = VirtualTimeLoop()
    yield made
    made.close()


def until(loop: VirtualTimeLoop, seconds: float) -> None:
    loop.run_until_complete(passes(seconds))


def test_actors_share_its_time(loop: VirtualTimeLoop) -> None:
    ended: list[Actor] = []
    sim = SimRuntime(loop=loop, on_end=ended.append)
    ref = sim.spawn(start_of("waiter", after_s=2.0))
    until(loop, 0.1)
    assert sim.is_alive(ref)
    request = sim.request(ref, GetFigures())
    until(loop, 2.9)
    assert request.answer is None
    assert sim.clock.monotonic() == loop.time()
    until(loop, 0.2)
    assert request.answer == Figures(role="waiter", figures={})
    actor = sim.actor(ref)
    sim.kill(ref)
    assert ended == [actor]


def test_what_is_done_from_outside_wakes_them(loop: VirtualTimeLoop) -> None:
    sim = SimRuntime(loop=loop)
    ref = sim.spawn(start_of("waiter", after_s=0.0))
    sim.suspend(ref)
    until(loop, 0.1)
    sim.resume(ref)
    until(loop, 0.1)
    assert sim.fate(ref) is not None
    sim.raise_in(ref, ValueError("boom"))
    until(loop, 0.1)
    assert not sim.is_alive(ref)


def test_an_actor_that_never_was_is_not_told_of(loop: VirtualTimeLoop) -> None:
    ended: list[Actor] = []
    sim = SimRuntime(loop=loop, on_end=ended.append)
    unborn = sim.spawn(start_of("unborn", after_s=0.0))
    sim.kill(unborn)
    missing = sim.spawn(start_of("missing", actor="nowhere:Nobody"))
    until(loop, 0.1)
    assert not sim.is_alive(missing)
    assert not ended
    failed = sim.spawn(start_of("failed", **{"raise": "no"}))
    until(loop, 0.1)
    assert [type(actor) for actor in ended] == [Waiter]
    assert not sim.is_alive(failed)


def test_posts_after_its_end_are_dropped() -> None:
    loop = VirtualTimeLoop()
    sim = SimRuntime(loop=loop)
    ref = sim.spawn(start_of("waiter", after_s=0.0))
    until(loop, 0.1)
    context = sim.actor(ref).context
    loop.close()
    turns: list[int] = []
    context.post(lambda: turns.append(1))
    assert not turns


def start_of(name: str, *, actor: str = f"{__name__}:Waiter", **args: Any) -> ActorStart:
    return ActorStart(actor_id=name, uid=f"uid-{name}", actor=actor, args=args)
