import os
import threading
from collections.abc import Iterator

import pytest

from protocols import SystemClock
from supervision.thespian_seam.reactor import READABLE, WRITABLE, Reactor


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    reactor = Reactor(SystemClock(), 8)
    yield reactor
    reactor.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_descriptor_calls_back_when_it_is_ready(reactor: Reactor, pipe: tuple[int, int]) -> None:
    read: list[bytes] = []
    reactor.watch(pipe[0], lambda: read.append(os.read(pipe[0], 9)))
    assert pipe[0] in reactor.descriptors
    reactor.poll(0)
    assert read == []
    os.write(pipe[1], b"x")
    reactor.poll(10)
    assert read == [b"x"]
    reactor.unwatch(pipe[0])
    os.write(pipe[1], b"y")
    reactor.poll(0)
    assert read == [b"x"]


def test_what_is_waited_for_can_change(reactor: Reactor, pipe: tuple[int, int]) -> None:
    ready: list[str] = []
    reactor.watch(pipe[1], lambda: ready.append("room"), WRITABLE)
    reactor.poll(10)
    reactor.change(pipe[1], READABLE)
    reactor.poll(0)
    assert ready == ["room"]


def test_a_descriptor_unwatched_in_the_same_round_is_not_called(reactor: Reactor) -> None:
    first, second = os.pipe(), os.pipe()
    called: list[int] = []

    def ready(mine: int, other: int) -> None:
        called.append(mine)
        reactor.unwatch(other)

    reactor.watch(first[0], lambda: ready(0, second[0]))
    reactor.watch(second[0], lambda: ready(1, first[0]))
    os.write(first[1], b"x")
    os.write(second[1], b"x")
    reactor.poll(10)
    assert len(called) == 1
    for fd in (*first, *second):
        os.close(fd)


def test_timers_end_the_wait_and_may_be_cancelled(reactor: Reactor) -> None:
    fired: list[int] = []
    reactor.call_later(0.01, lambda: fired.append(1))
    reactor.call_later(0, lambda: fired.append(2))()
    while not fired:
        reactor.poll(None)
    assert fired == [1]


def test_a_wait_ends_with_its_time(reactor: Reactor) -> None:
    fired: list[int] = []
    reactor.call_later(60, lambda: fired.append(1))
    reactor.poll(0.001)
    assert fired == []


def test_other_threads_and_signals_end_the_wait(reactor: Reactor) -> None:
    ran: list[int] = []
    poster = threading.Thread(target=lambda: reactor.post(lambda: ran.append(threading.get_ident())))
    poster.start()
    reactor.post_from_signal(lambda: ran.append(0))
    while len(ran) < 2:
        reactor.poll(None)
    poster.join()  # it may still be about to write to the descriptor, which goes with the test
    assert set(ran) == {0, threading.get_ident()}
